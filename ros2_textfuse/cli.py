"""The `textfuse` command."""

import argparse
import difflib
import importlib
import io
import logging
import os
import re
import sys
from collections.abc import Iterable
from typing import NoReturn

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime import interrupts, machine, parent

# What one wants to do: the verbs for it, each with its purpose. A verb's module has its name.
GROUPS = {
    "see it": {
        "demo": "run everything for 20 seconds and write a video and a contact sheet",
        "view": "show a running graph or a recording in a browser, and try prompts",
        "fuse": "fuse images, two videos or a bag",
    },
    "run it on a robot": {
        "up": "start the fusion and detection nodes",
        "prompt": "change the prompt while the nodes run",
        "play": "play a bag, two videos or two folders as two cameras",
        "doctor": "say what is wrong on this machine, and how to cure it",
    },
    "bring two cameras together": {
        "calibrate": "find the relative pose of the two cameras",
        "time-offset": "find out by how much two cameras' clocks differ",
        "bag": "write two videos or two folders of images as a rosbag2 bag",
    },
    "judge it": {
        "eval": "evaluate fusion on a recording, with a report",
        "fleet": "evaluate many recordings side by side, and compare weights over all of them",
        "drive": "fuse a drive through a day by mode auto, with a report",
        "quality": "judge a fusion network: metrics, repair, flicker, contact sheets",
    },
    "change it": {
        "train": "train the fusion network",
        "train-words": "train what understands free text",
        "completion": "print what lets a shell complete verbs and options",
    },
}
VERBS = {
    verb: (f"ros2_textfuse.commands.{verb.replace('-', '_')}", purpose)
    for verbs in GROUPS.values()
    for verb, purpose in verbs.items()
}
# Of what takes minutes, a terminal hears too; the rest of the log below a warning is for nodes.
SLOW = ("engines.progress", "detection.weights", "detection.export")
FATAL = "8"  # FFmpeg's level for what nobody else reports
ENDLESS = ("up", "play")  # become nodes or keep them running, until a signal: that is their end, and no failure
USAGE = 2  # exit code after a command line that makes no sense


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns its exit code: 1 after saying what was wrong, 128 and a signal's number after a signal.

    What a user may cause is caught here, for all verbs; anything else is a fault of textfuse and shows its traceback.

    Args:
        argv: the arguments without the program's name; None for those of the process.
    """
    argv = sys.argv[1:] if argv is None else argv
    parent.end_with_parent()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names need not be text in the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    for name in SLOW:
        logger = logging.getLogger(f"ros2_textfuse.{name}")
        logger.setLevel(logging.INFO)
        logger.handlers = [logging.StreamHandler()]
    # What OpenCV says again with each frame is said once, by what fails; it reads these when it is imported.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", FATAL)
    try:
        # Before a verb is imported: torch takes seconds, in which a signal may come as well.
        interrupts.on_signal(interrupts.interrupt)
        if argv[:1] == ["help"] and len(argv) > 1:
            argv = [argv[1], "--help"]
        if not argv or argv[0] in ("-h", "--help", "help"):
            print(overview())
            return 0
        if argv[0] == "--version":
            print(f"textfuse {machine.version()}")
            return 0
        if argv[0] not in VERBS:
            guess = meant(argv[0], VERBS) or "; see textfuse --help"
            print(f"textfuse: there is no verb {argv[0]!r}{guess}", file=sys.stderr)
            return USAGE
        args = parser_of(argv[0]).parse_args(argv[1:])
        return args.run(args)
    except KeyboardInterrupt as interrupt:
        return 0 if argv and argv[0] in ENDLESS else interrupts.exit_code(interrupt)
    except TextfuseError as error:
        return _failed(argv[0], str(error))
    except OSError as error:  # whose text begins with a number of the operating system
        return _failed(argv[0], f"{error.filename}: {error.strerror}" if error.filename else str(error))


def overview() -> str:
    """All verbs, by what one wants to do."""
    lines = ["textfuse: RGB and thermal images fused into one, guided by a prompt.", "", "usage: textfuse VERB ..."]
    for wish, verbs in GROUPS.items():
        lines += ["", f"{wish}:", *(f"  {verb:<12} {purpose}" for verb, purpose in verbs.items())]
    return "\n".join([*lines, "", "textfuse VERB --help describes a verb; textfuse --version tells the version."])


def parser_of(verb: str) -> argparse.ArgumentParser:
    """The parser of a verb; only the verb's module is imported: torch takes seconds, and help should not."""
    module, purpose = VERBS[verb]
    implementation = importlib.import_module(module)
    parser = _Parser(prog=f"textfuse {verb}", description=f"{purpose[0].upper()}{purpose[1:]}.")
    implementation.add_arguments(parser)
    parser.set_defaults(run=implementation.run, verb=verb, parsers=parsers)
    return parser


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parsers of all verbs, by name; this imports all that they need."""
    return {verb: parser_of(verb) for verb in VERBS}


def meant(word: str, known: Iterable[str]) -> str:
    """A guess at what was meant, as the end of a sentence; empty where nothing is near."""
    near = difflib.get_close_matches(word, [*known], 1)
    return f": did you mean {near[0]}?" if near else ""


def _failed(verb: str, reason: str) -> int:
    print(f"textfuse {verb}: {reason}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """Prints a verb's usage with what is wrong, and guesses at options that there are not."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"unrecognized arguments: .*?(--?[a-z][\w-]*)", message):
            message += meant(unknown[1], self._option_string_actions)
        super().error(message)


if __name__ == "__main__":
    sys.exit(main())
