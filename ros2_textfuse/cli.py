"""The `textfuse` command."""

import argparse
import importlib
import sys

from ros2_textfuse.runtime.middleware import MiddlewareError

VERBS = {
    "fuse": ("ros2_textfuse.commands.fuse", "fuse image files or folders"),
    "up": ("ros2_textfuse.commands.up", "start the fusion and detection nodes"),
    "play": ("ros2_textfuse.commands.play", "play a bag, two videos or two folders as two cameras"),
    "bag": ("ros2_textfuse.commands.bag", "write two videos or two folders of images as a rosbag2 bag"),
    "calibrate": ("ros2_textfuse.commands.calibrate", "find out how two cameras lie to each other"),
    "time-offset": ("ros2_textfuse.commands.time_offset", "find out by how much two cameras' clocks differ"),
    "eval": ("ros2_textfuse.commands.eval", "evaluate fusion on a recording, with a report"),
    "prompt": ("ros2_textfuse.commands.prompt", "change the words while the nodes run"),
    "demo": (
        "ros2_textfuse.commands.demo",
        "run everything for 20 seconds and write a video and a contact sheet",
    ),
    "doctor": ("ros2_textfuse.commands.doctor", "say what is wrong on this machine, and how to cure it"),
    "quality": ("ros2_textfuse.evaluation.quality", "judge a fusion network: metrics, repair, flicker, contact sheets"),
    "train": ("ros2_textfuse.training.train", "train the fusion network"),
    "train-words": ("ros2_textfuse.training.severity_head", "train what understands free text"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns its exit code.

    Args:
        argv: the arguments without the program's name; None for those of the process.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="textfuse",
        description="RGB and thermal images fused into one, guided by words.",
        epilog="`textfuse VERB --help` describes each verb.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (module, purpose) in VERBS.items():
        subparser = verbs.add_parser(verb, help=purpose, description=purpose.capitalize() + ".")
        # Only the verb that runs is imported: torch takes seconds, and help should not.
        if verb in argv[:1]:
            implementation = importlib.import_module(module)
            implementation.add_arguments(subparser)
            subparser.set_defaults(run=implementation.run)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except MiddlewareError as error:
        print(f"textfuse {args.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
