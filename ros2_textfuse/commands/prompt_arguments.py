"""The arguments that say what to repair, shared by the verbs that take them."""

import argparse

from ros2_textfuse.degradations.modes import MODES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --mode, --severity, --object and --balance."""
    parser.add_argument(
        "--mode",
        action="append",
        default=[],
        metavar="MODE",
        help=f"a degradation to repair, again for more: {', '.join(MODES)}; auto: as the images need it",
    )
    parser.add_argument("--severity", type=float, metavar="0..1", help="how strong it is; else the prompt decides")
    parser.add_argument(
        "--object",
        action="append",
        default=[],
        metavar="NAME",
        help="what to bring out, as person or car, again for more; beside what the prompt names",
    )
    parser.add_argument(
        "--balance",
        type=float,
        metavar="-1..1",
        help="which camera counts more: -1 visible, 1 thermal; else the prompt decides",
    )
