"""The arguments that say what to repair, shared by the verbs that take them."""

import argparse

from ros2_textfuse.degradations.modes import MODES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --mode and --severity."""
    parser.add_argument(
        "--mode",
        action="append",
        default=[],
        metavar="MODE",
        help=f"a degradation to repair, again for more: {', '.join(MODES)}",
    )
    parser.add_argument("--severity", type=float, metavar="0..1", help="how strong it is; else the prompt decides")
