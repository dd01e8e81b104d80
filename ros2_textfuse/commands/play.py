"""`textfuse play`: the player node with its arguments on the command line."""

import argparse
import os

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.commands.player_source import player_source
from ros2_textfuse.recordings.faults import KINDS, CameraFault
from ros2_textfuse.runtime import environment, interrupts
from ros2_textfuse.runtime.processes import node_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    kinds = [f"  {name:<18}{kind.what}" for name, kind in KINDS.items()]
    parser.epilog = "kinds of faults, and what the camera sends then:\n" + "\n".join(kinds)
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a bag; a folder with vi/ and ir/; or the visible and the thermal video, or folder of images",
    )
    parser.add_argument("--rate", type=float, default=0.0, help="pairs a second (default: as recorded; folders 10)")
    parser.add_argument("--loop", action="store_true", help="start again at the end")
    fusion_arguments.add_topics(parser)
    parser.add_argument(
        "--wait", type=float, default=10.0, metavar="SECONDS", help="to wait for subscribers (%(default)g)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="'CAMERA KIND START END'",
        help="spoil a camera's images for a while, to see what comes of it, as in 'thermal silent 6 9', again for "
        "more; START and END in seconds since playing began",
    )


def run(args: argparse.Namespace) -> int:
    """Check the recording, then become the player node."""
    source = player_source(args.source, args.visible_topic, args.thermal_topic)
    for text in args.fault:
        CameraFault.from_text(text)
    parameters = {**source, "rate": args.rate, "loop": args.loop, "wait": args.wait}
    if args.fault:
        parameters["faults"] = args.fault
    environment.prepare()
    command = node_command("player", parameters=parameters)
    interrupts.hold()  # until the node handles them
    os.execv(command[0], command)
