"""`textfuse up`: what fusion.launch.py starts, where there is no `ros2 launch`."""

import argparse
from pathlib import Path
from typing import NoReturn

from ros2_textfuse.commands import fusion_arguments, prompt_arguments
from ros2_textfuse.commands.node_arguments import add_cameras, namespace
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime import bounded_yaml, environment
from ros2_textfuse.runtime.bounded_yaml import YamlError
from ros2_textfuse.runtime.processes import Processes, node_command
from ros2_textfuse.runtime.supervisor import Supervisor

EXIT_CODES = """\
A node that ends, or answers nothing, is started again. Exit codes: 0 after Ctrl-C, SIGTERM or SIGHUP; 1 when a node
cannot start, for the reason that it prints."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb; they are those of the launch file."""
    parser.epilog = EXIT_CODES
    add_cameras(parser)
    parser.add_argument(
        "--namespace", type=namespace, default="textfuse", help="of the nodes and their topics (%(default)s)"
    )
    parser.add_argument(
        "--params-file", type=Path, metavar="FILE", help="YAML file with parameters (default: config/fusion.yaml)"
    )
    parser.add_argument("--model", metavar="NAME", help="fusion network, a name or a path")
    fusion_arguments.add_engine(parser, None, "what runs the fusion network")
    parser.add_argument("--visible-transport", choices=("raw", "compressed"), help="how the RGB camera sends images")
    parser.add_argument("--thermal-transport", choices=("raw", "compressed"), help="how the thermal camera does")
    fusion_arguments.add_calibration(parser)
    parser.add_argument("--prompt", help="prompt at the start")
    prompt_arguments.add_arguments(parser)
    parser.add_argument("--no-detection", dest="detection", action="store_false", help="start only the fusion node")
    parser.add_argument("--view", action="store_true", help="start the view node too: a page in a browser")
    parser.add_argument("--no-autostart", dest="autostart", action="store_false", help="leave fusion unconfigured")
    parser.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")


def run(args: argparse.Namespace) -> NoReturn:
    """Keep the nodes running until a signal.

    Raises:
        TextfuseError: the parameter file is missing, or no YAML.
        NodeRefusedError: a node cannot start, and has said why.
    """
    params_file = args.params_file or environment.share_dir() / "config" / "fusion.yaml"
    _check(params_file)
    with Processes() as processes:
        Supervisor(processes, _commands(args, params_file)).run()


def _check(params_file: Path) -> None:
    """Refuse what is no parameter file, before each node does in words of ROS's parser, which is written in C."""
    try:
        content = bounded_yaml.read(params_file)
    except YamlError as error:
        raise TextfuseError(f"{params_file} cannot be used as a parameter file: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(below, dict) for below in content.values()):
        raise TextfuseError(
            f"{params_file} cannot be used as a parameter file: expected names of nodes with ros__parameters below, as "
            "in config/fusion.yaml"
        )


def _commands(args: argparse.Namespace, params_file: Path) -> dict[str, list[str]]:
    """The command lines of the nodes."""
    own = ("model", "engine", "visible_transport", "thermal_transport", "calibration", "prompt")
    settings = {name: getattr(args, name) for name in own if getattr(args, name) is not None}
    prompt = {"modes": args.mode, "severity": args.severity, "objects": args.object, "balance": args.balance}
    settings |= {name: value for name, value in prompt.items() if value not in (None, [])}
    sim_time = {"use_sim_time": args.use_sim_time}
    cameras = {f"/{name}/image_raw": getattr(args, name) for name in CAMERAS}
    fusion = {**settings, **sim_time, "autostart": args.autostart, "exit_on_failure": True}
    commands = {"fusion": node_command("fusion", args.namespace, fusion, cameras, params_file)}
    if args.detection:
        commands["detection"] = node_command("detection", args.namespace, sim_time, {}, params_file)
    if args.view:
        commands["view"] = node_command("view", args.namespace, sim_time, {}, params_file)
    return commands
