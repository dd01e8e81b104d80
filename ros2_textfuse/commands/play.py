"""`textfuse play`: the player node with its arguments on the command line."""

import argparse
import os
from pathlib import Path

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.recordings.faults import KINDS, CameraFault
from ros2_textfuse.recordings.pairs import find_sides, holds_pairs
from ros2_textfuse.recordings.source import open_recording
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
    parser.add_argument(
        "--visible-topic", default="/visible/image_raw", metavar="TOPIC", help="RGB topic in a bag (%(default)s)"
    )
    parser.add_argument(
        "--thermal-topic", default="/thermal/image_raw", metavar="TOPIC", help="thermal topic in a bag (%(default)s)"
    )
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
    if len(args.source) == 1 and holds_pairs(Path(args.source[0])):
        args.source = find_sides(Path(args.source[0]))
    if len(args.source) > 2:
        raise TextfuseError("give a bag, or a visible and a thermal recording")
    names = ("bag",) if len(args.source) == 1 else ("visible", "thermal")
    source = dict(zip(names, (str(Path(path).absolute()) for path in args.source), strict=True))
    topics = {"visible_topic": args.visible_topic, "thermal_topic": args.thermal_topic}
    open_recording(**source, **topics)
    for text in args.fault:
        CameraFault.from_text(text)
    parameters = {**source, **topics, "rate": args.rate, "loop": args.loop, "wait": args.wait}
    if args.fault:
        parameters["faults"] = args.fault
    environment.prepare()
    command = node_command("player", parameters=parameters)
    interrupts.hold()  # until the node handles them
    os.execv(command[0], command)
