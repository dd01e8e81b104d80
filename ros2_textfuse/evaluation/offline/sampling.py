"""Some pairs of a recording, for what does not need all."""

from ros2_textfuse.evaluation.offline import replay
from ros2_textfuse.evaluation.offline.evaluate import QUEUE_SIZE
from ros2_textfuse.evaluation.offline.replay import Pair, Tally
from ros2_textfuse.recordings.types import Recording, RecordingError


def spread_pairs(recording: Recording, slop: float, thermal_time_offset: float, count: int) -> list[Pair]:
    """So many pairs of a recording, evenly spread over it.

    Args:
        recording: to read.
        slop: seconds, the largest difference of two stamps.
        thermal_time_offset: seconds to add to thermal stamps.
        count: how many, at most.

    Raises:
        RecordingError: there are none, or they differ in size.
    """
    tally = Tally.of(recording)
    step = max(1, recording.images // 2 // count)
    made = replay.pairs(recording, slop, QUEUE_SIZE, tally, thermal_time_offset=thermal_time_offset)
    pairs = [pair for pair in made if pair.number % step == step // 2][:count]
    if not pairs:
        reasons = "; ".join(f"{number} × {reason}" for reason, number in tally.excluded.items()) or tally.damage
        raise RecordingError(f"no pairs to calibrate with: {reasons or 'there are none'}")
    for pair in pairs:
        if pair.visible.shape != pairs[0].visible.shape or pair.thermal.shape != pairs[0].thermal.shape:
            raise RecordingError(
                f"pair {pair.number} has a different size than pair {pairs[0].number}: a calibration is for one size"
            )
    return pairs
