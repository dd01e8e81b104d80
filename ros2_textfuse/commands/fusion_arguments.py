"""The arguments that say how frames are paired and fused, shared by the verbs that do it without a node."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.commands import prompt_arguments
from ros2_textfuse.settings import AUTO, ENGINES, FusionSettings

if TYPE_CHECKING:  # torch takes seconds, which a usage error need not wait for
    from ros2_textfuse.batch.objects import ObjectFinder
    from ros2_textfuse.fuser import Fuser

DEFAULTS = FusionSettings()


def add_parameters_file(parser: argparse.ArgumentParser) -> None:
    """Add --params-file."""
    parser.add_argument(
        "--params-file",
        type=Path,
        metavar="FILE",
        help="parameters of the fusion node, as the robot runs it; arguments given beside it go first",
    )


def add_topics(parser: argparse.ArgumentParser) -> None:
    """Add what names the cameras in a bag."""
    for camera, name in ("visible", "RGB"), ("thermal", "thermal"):
        parser.add_argument(
            f"--{camera}-topic",
            default="",
            metavar="TOPIC",
            help=f"{name} topic in a bag (default: found by name or type)",
        )


def add_calibration(parser: argparse.ArgumentParser) -> None:
    """Add --calibration."""
    parser.add_argument("--calibration", metavar="FILE", help="YAML file of cameras that are not registered")


def add_pairing(parser: argparse.ArgumentParser) -> None:
    """Add what decides which images pair."""
    parser.add_argument(
        "--slop",
        type=float,
        metavar="SECONDS",
        help=f"largest difference of a pair's stamps (default {DEFAULTS.slop:g})",
    )
    parser.add_argument(
        "--thermal-time-offset",
        type=float,
        metavar="SECONDS",
        help="to add to thermal stamps, as textfuse time-offset finds them (default 0)",
    )


def add_fusion(parser: argparse.ArgumentParser) -> None:
    """Add what decides how a pair is fused."""
    add_calibration(parser)
    parser.add_argument("--prompt", help="what is wrong with the images, what to bring out, which camera to trust")
    prompt_arguments.add_arguments(parser)
    parser.add_argument(
        "--keep-objects",
        action="store_true",
        default=None,
        help="keep what the detector finds as plain as in the camera that shows it better",
    )
    parser.add_argument("--model", metavar="NAME", help=f"network: a name or a path (default {DEFAULTS.model})")
    add_engine(parser, default=None, note=f"what runs the network (default {DEFAULTS.engine})")


def add_engine(parser: argparse.ArgumentParser, default: str | None, note: str) -> None:
    """Add --engine; a name that there is not is refused at once, before anything is loaded."""
    parser.add_argument("--engine", choices=(AUTO, *ENGINES), default=default, help=note)


def settings(args: argparse.Namespace) -> FusionSettings:
    """What the parameter file says, and over it what was given as an argument.

    Raises:
        ParameterFileError: the file cannot be used.
    """
    names = ("slop", "thermal_time_offset", "calibration", "prompt", "severity", "balance", "model", "engine")
    given: dict[str, Any] = {name: getattr(args, name, None) for name in (*names, "keep_objects")}
    given["modes"] = tuple(getattr(args, "mode", ())) or None
    given["objects"] = tuple(getattr(args, "object", ())) or None
    found = FusionSettings()
    if args.params_file:
        # Here and not above: the nodes' room asks for a ROS middleware, which nothing else of these verbs needs.
        from ros2_textfuse.nodes.common.parameter_file import read_parameters

        found = FusionSettings.from_parameters(read_parameters(args.params_file, "fusion"))
    return replace(found, **{name: value for name, value in given.items() if value is not None})


def fuser(args: argparse.Namespace, wanted: FusionSettings | None = None) -> "tuple[Fuser, ObjectFinder | None]":
    """The fuser that is asked for, and what brings out the objects that the prompt names, or keeps others.

    What the prompt comes to is printed, and why objects are not brought out.

    Args:
        args: of the verb.
        wanted: in place of their `settings`.
    """
    from ros2_textfuse.batch.objects import ObjectFinder
    from ros2_textfuse.fuser import Fuser

    wanted = wanted or settings(args)
    found = Fuser.from_settings(wanted, wanted.alignment())
    print(found.prompt.summary())
    if not (found.prompt.objects or wanted.keep_objects):
        return found, None
    objects, missing = ObjectFinder.with_or_without(found.prompt.objects, wanted.keep_objects)
    if missing:
        print(f"textfuse {args.verb}: {missing}", file=sys.stderr)
    return found, objects
