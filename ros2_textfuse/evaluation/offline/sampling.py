"""Some pairs of a recording, for what does not need all."""

from dataclasses import replace

from ros2_textfuse.recordings.frames import RecordedPair, Tally, most_pairs, recorded_pairs
from ros2_textfuse.recordings.types import Recording, RecordingError
from ros2_textfuse.settings import FusionSettings


def spread_pairs(recording: Recording, settings: FusionSettings, count: int) -> list[RecordedPair]:
    """So many pairs of a recording, evenly spread over it, after gain control.

    Args:
        recording: to read.
        settings: how images pair, and the gain control.
        count: how many, at most.

    Raises:
        RecordingError: there are none, or they differ in size.
    """
    tally = Tally.from_recording(recording)
    step = max(1, most_pairs(recording, settings) // count)
    gain_control = settings.gain_control()
    made = (replace(p, thermal=gain_control(p.thermal)) for p in recorded_pairs(recording, settings, tally))
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
