"""What a look at one stream a frame finds, of what looks at all of them would.

`python benchmarks/turns.py VISIBLE.mp4 THERMAL.mp4 [--every N] [--json FILE]`

There are no labelled videos here, so the joined boxes of all streams in a frame that are probable are taken for the
truth. Every other way looks at one stream a frame: always the same, or each in turn, the others carried. Of each: the
share of these boxes that it reports, and the share of what it reports that is among them.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from machine import describe_machine
from tqdm import tqdm

from ros2_textfuse.batch.pairs import pairs
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.joining import SURE, join
from ros2_textfuse.detection.streams import STREAMS
from ros2_textfuse.detection.tracking import Tracker
from ros2_textfuse.detection.turns import Turns
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings.frames import Tally
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.saliency.carrying import Carried, Sighting
from ros2_textfuse.saliency.regions import overlap
from ros2_textfuse.settings import FusionSettings

PROBABLE = 0.7
REPORTED = 0.25  # the detection node's confidence
Found = dict[str, Sequence[Detection]]


class InTurn:
    """What the detection node does with `in_turn`."""

    def __init__(self) -> None:
        self._turns, self._tracker, self._tracks = Turns(), Tracker(), Carried()

    def __call__(self, found: dict[str, list[Detection]], time: float) -> Sequence[Detection]:
        stream = self._turns.next(STREAMS)
        joined = join(self._turns.see(stream, found[stream], time, STREAMS, self._tracks))
        tracked = self._tracker.update(joined, time)
        self._tracks.see([Sighting(one.id, one.name, one.box) for one in tracked if one.id], time)
        return tracked


def shares(truth: Found, likely: Found, found: Found) -> tuple[float, float]:
    """Of the true boxes, those reported; of the reported, those among the likely; of one class, at half overlap."""

    def among(boxes: Iterable[Detection], others: Sequence[Detection]) -> int:
        return sum(any(o.name == box.name and overlap(o.box, box.box) >= 0.5 for o in others) for box in boxes)

    reported = {name: [one for one in boxes if one.score >= REPORTED] for name, boxes in found.items()}
    recalled = sum(among(boxes, reported[name]) for name, boxes in truth.items())
    right = sum(among(boxes, likely[name]) for name, boxes in reported.items())
    return recalled / max(1, sum(map(len, truth.values()))), right / max(1, sum(map(len, reported.values())))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("visible")
    parser.add_argument("thermal")
    parser.add_argument("--every", type=int, default=3, help="pairs from one look to the next (default 3)")
    parser.add_argument("--most", type=int, default=150, help="looks (default 150)")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    fuser, detector, in_turn = Fuser(), Detector(confidence=SURE), InTurn()
    recording = find_recording([args.visible, args.thermal])
    truth: Found = {}
    ways: dict[str, Found] = {name: {} for name in (*STREAMS, "in turn", "all")}
    frames = pairs(recording, FusionSettings(), fuser, Tally.from_recording(recording), True)
    for pair in tqdm(frames, total=args.most * args.every, mininterval=5):
        if pair.number % args.every:
            continue
        name = str(pair.number)
        images = {"visible": pair.visible, "thermal": np.dstack([pair.thermal] * 3)}
        images["fused"] = fuser.fuse_prepared(pair.visible, pair.thermal)
        found = {stream: detector.detect(image) for stream, image in images.items()}
        ways["all"][name] = join(found)
        truth[name] = [one for one in ways["all"][name] if one.score >= PROBABLE]
        for stream in STREAMS:
            ways[stream][name] = join({stream: found[stream]})
        ways["in turn"][name] = in_turn(found, pair.time)
        if len(truth) >= args.most:
            break
    figures = {name: shares(truth, ways["all"], found) for name, found in ways.items()}
    boxes = sum(map(len, truth.values()))
    print(f"{len(truth)} looks, every {args.every} pairs, {boxes} boxes: found, and true of what is reported")
    for name, (recall, precision) in figures.items():
        print(f"  {name:10} {recall:.0%} {precision:.0%}")
    if args.json:
        run = {"video": Path(args.visible).name, "every": args.every, "looks": len(truth), "boxes": boxes}
        run |= {"found, true": figures, "machine": describe_machine()}
        args.json.write_text(json.dumps(run, indent=1) + "\n")


if __name__ == "__main__":
    main()
