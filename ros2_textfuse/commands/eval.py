"""`textfuse eval`: is the fused image better than either camera, and does it keep up."""

import argparse
import sys
from pathlib import Path

from ros2_textfuse.commands import fusion_arguments, live

EXAMPLES = """\
examples:
  textfuse eval drive --out runs/drive                           # a bag; report.html, run.json and frames.csv
  textfuse eval rgb.mp4 lwir.mp4 --every 5 --out runs/clip       # every fifth pair
  textfuse eval drive --prompt "it is dark" --out runs/dark      # under words
  textfuse eval drive --params-file fusion.yaml --out runs/robot # as the robot's fusion node would fuse it
  textfuse eval pairs --boxes pairs/labels --out runs/boxes      # detection too, on vi/ and ir/ with boxes
  textfuse eval --compare runs/drive runs/dark --out runs/which  # two runs side by side
  textfuse eval --live --scenario config/scenarios/clean.yaml    # a graph while it runs; the verdict is the exit code

A run that was interrupted goes on when the same is asked again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="a bag; a folder with vi/ and ir/; or the visible and the thermal video, or folder of frames",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the report and its figures (default with --live: runs/live)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="measure every N-th pair (default 1: all)")
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    fusion_arguments.add_pairing(parser)
    parser.add_argument("--visible-topic", default="", help="RGB topic in the bag (default: found by name or type)")
    parser.add_argument("--thermal-topic", default="", help="thermal topic in the bag (default: found by name or type)")
    parser.add_argument("--boxes", default="", help="boxes of a folder of pairs: YOLO text files, or a COCO JSON file")
    parser.add_argument("--no-detection", dest="detection", action="store_false", help="look for no objects")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("RUN_A", "RUN_B"), help="compare two finished runs, B against A"
    )
    live.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate a recording, two runs, or with --live the running graph; returns the exit code."""
    if args.live:
        return live.run(args)
    if args.scenario or args.seconds or args.namespace:
        print("textfuse eval: --scenario, --seconds and --namespace go with --live", file=sys.stderr)
        return 1
    from ros2_textfuse.commands import offline  # brings torch, which a watch in a robot's memory does without

    return offline.run(args)
