"""The `textfuse` command."""

import argparse
import importlib
import io
import sys

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime import interrupts, machine, parent

VERBS = {
    "fuse": ("ros2_textfuse.commands.fuse", "fuse image files or folders"),
    "up": ("ros2_textfuse.commands.up", "start the fusion and detection nodes"),
    "view": ("ros2_textfuse.commands.view", "show a running graph or a recording in a browser, and try prompts"),
    "play": ("ros2_textfuse.commands.play", "play a bag, two videos or two folders as two cameras"),
    "bag": ("ros2_textfuse.commands.bag", "write two videos or two folders of images as a rosbag2 bag"),
    "calibrate": ("ros2_textfuse.commands.calibrate", "find the relative pose of the two cameras"),
    "time-offset": ("ros2_textfuse.commands.time_offset", "find out by how much two cameras' clocks differ"),
    "eval": ("ros2_textfuse.commands.eval", "evaluate fusion on a recording, with a report"),
    "prompt": ("ros2_textfuse.commands.prompt", "change the prompt while the nodes run"),
    "demo": (
        "ros2_textfuse.commands.demo",
        "run everything for 20 seconds and write a video and a contact sheet",
    ),
    "doctor": ("ros2_textfuse.commands.doctor", "say what is wrong on this machine, and how to cure it"),
    "quality": ("ros2_textfuse.commands.quality", "judge a fusion network: metrics, repair, flicker, contact sheets"),
    "train": ("ros2_textfuse.commands.train", "train the fusion network"),
    "train-words": ("ros2_textfuse.commands.train_words", "train what understands free text"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns its exit code: 1 after saying what was wrong, 128 and a signal's number after a signal.

    What a user may cause is caught here, for all verbs; anything else is a fault of textfuse and shows its traceback.

    Args:
        argv: the arguments without the program's name; None for those of the process.
    """
    argv = sys.argv[1:] if argv is None else argv
    # Before a verb is imported: torch takes seconds, in which a signal may come as well.
    interrupts.on_signal(interrupts.interrupt)
    parent.end_with_parent()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names need not be text in the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        args = _parse(argv)
        return args.run(args)
    except KeyboardInterrupt as interrupt:
        return interrupts.exit_code(interrupt)
    except (TextfuseError, OSError) as error:
        print(f"textfuse {argv[0]}: {error}", file=sys.stderr)
        return 1


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="textfuse",
        description="RGB and thermal images fused into one, guided by a prompt.",
        epilog="`textfuse VERB --help` describes each verb.",
    )
    parser.add_argument("--version", action="version", version=f"textfuse {machine.version()}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (module, purpose) in VERBS.items():
        subparser = verbs.add_parser(verb, help=purpose, description=purpose.capitalize() + ".")
        # Only the verb that runs is imported: torch takes seconds, and help should not.
        if verb in argv[:1]:
            implementation = importlib.import_module(module)
            implementation.add_arguments(subparser)
            subparser.set_defaults(run=implementation.run)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
