"""`textfuse quality`: how well a fusion network fuses and repairs, in tables and contact sheets."""

import argparse
from pathlib import Path

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.degradations.pairs import load_pairs
from ros2_textfuse.runtime.output import check_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--data", type=Path, required=True, help="folder with vi/ and ir/, registered pairs by name")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables and the contact sheets")
    parser.add_argument("--model", default="nano", help="network: a name or a path (default nano)")
    fusion_arguments.add_engine(parser, "eager", "what runs the network (default eager, the reference)")
    parser.add_argument("--video", nargs=2, action="append", default=[], metavar=("VISIBLE", "THERMAL"),
                        help="two videos or folders of frames to look for flicker in; again for more")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Judge a network; returns 0."""
    check_folder(args.out, "quality.json")
    pairs = load_pairs(args.data)
    # Torch takes seconds, which help and a usage error need not wait for.
    from ros2_textfuse.evaluation import quality
    from ros2_textfuse.fuser import Fuser

    result = quality.judge(Fuser(args.model, args.engine), pairs, args.video, args.out)
    print(quality.report(result))
    print(f"wrote {args.out}/quality.md, quality.json and the contact sheets")
    return 0
