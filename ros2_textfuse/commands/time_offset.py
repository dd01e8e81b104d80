"""`textfuse time-offset`: by how much the clocks of two cameras differ, from a recording."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.offline import motion_chart
from ros2_textfuse.evaluation.offline.motion import watch_motion
from ros2_textfuse.evaluation.offline.source import Asked, open_source
from ros2_textfuse.imaging import image_files
from ros2_textfuse.recordings.folder import FolderRecording
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime.output import claim_file, refuse_inputs, write_whole
from ros2_textfuse.sync.time_offset import LIMIT, estimate

EXAMPLES = """\
examples:
  textfuse time-offset drive                     # a bag; prints the line for the params file
  textfuse time-offset drive --chart offset.png  # with an image of both cameras' motion, before and after
  textfuse time-offset drive --limit 3           # stamps may be off by up to 3 s

Move the cameras by hand, unevenly, for half a minute in front of a scene with edges, and record that.
The exit code is 0 when it is sure, 2 when it is not, 1 when something else is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="a bag; or the visible and the thermal video")
    parser.add_argument(
        "--limit", type=float, default=LIMIT, help=f"seconds, the largest offset either way (default {LIMIT:g})"
    )
    fusion_arguments.add_parameters_file(parser)
    parser.add_argument("--chart", type=Path, help="write an image of both cameras' motion, before and after")
    fusion_arguments.add_topics(parser)


def run(args: argparse.Namespace) -> int:
    """Estimate; returns 0, or 2 when it is not sure."""
    if not args.limit > 0:
        raise TextfuseError(f"--limit must be above 0 s, not {args.limit:g}")
    if args.chart:
        image_files.check_suffix(args.chart)
        refuse_inputs([args.chart], map(Path, args.source))
        claim_file(args.chart, image_files.is_ours)
    recording = open_source(Asked(tuple(args.source), args.visible_topic, args.thermal_topic)).recording
    if isinstance(recording, FolderRecording):
        raise RecordingError("images in a folder have no stamps: give a bag, or two videos")
    with tqdm(total=recording.images, unit="image", disable=None) as bar:
        seen = watch_motion(recording, fusion_arguments.settings(args), bar.update)
    left_out = [f"left out {count} × {reason}" for reason, count in seen.tally.excluded.items()]
    left_out += [f"only what comes before is used: {seen.tally.damage}"] if seen.tally.damage else []
    for line in left_out:
        print(f"textfuse time-offset: {line}", file=sys.stderr)
    found = estimate(seen.visible, seen.thermal, args.limit)
    print(f"{seen.visible.images} visible and {seen.thermal.images} thermal images: {found.summary()}.")
    if args.chart and len(found.lags):
        chart = motion_chart.draw(found, args.limit)
        write_whole(args.chart, image_files.encode(chart[..., ::-1], args.chart.suffix))
        print(f"wrote {args.chart}")
    if not found.sure:
        print(
            f"textfuse time-offset: not sure: {found.doubt}. Record half a minute in which the cameras are moved, "
            "unevenly, or much moves before them",
            file=sys.stderr,
        )
        return 2
    print("For the parameters of the fusion node:")
    print(f"thermal_time_offset: {found.offset:.3f}")
    return 0
