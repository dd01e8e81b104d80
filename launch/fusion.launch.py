"""Start fusion, and detection beside it, on two camera topics.

ros2 launch textfuse fusion.launch.py visible:=/cam/rgb thermal:=/cam/lwir prompt:="it is dark"
"""

import difflib
import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.events.process import ProcessExited
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

CAMERAS = "visible", "thermal"
CONFIG = Path(__file__).resolve().parent.parent / "config"

RESPAWN_DELAY = 1.0  # s; launch knows no delay that grows, as `textfuse up` has
WEDGED = 10.0  # s without a heartbeat, after which a node ends itself and is started again

ARGUMENTS = {
    "visible": ("visible/image_raw", "Topic of the RGB camera; a relative name lies in the pushed namespace, if any."),
    "thermal": ("thermal/image_raw", "Topic of the thermal camera; likewise."),
    "namespace": ("textfuse", "Namespace of the nodes and their topics; one for each rig in a graph."),
    "params_file": (str(CONFIG / "fusion.yaml"), "YAML file with the parameters of the nodes."),
    "model": ("", "Fusion network, a name or a path; empty for what the params file says."),
    "engine": ("", "Engine of the fusion network; empty for what the params file says."),
    "visible_transport": ("", "raw or compressed; empty for what the params file says."),
    "thermal_transport": ("", "raw or compressed; empty for what the params file says."),
    "calibration": ("", "YAML file of cameras that are not registered; empty for what the params file says."),
    "prompt": ("", "Prompt in force at the start; empty for what the params file says."),
    "modes": ("", "Degradations named at the start, as haze,rain, or auto; empty for what the params file says."),
    "severity": ("", "How bad the degradations named are, 0 to 1; empty for what the params file says."),
    "objects": ("", "What is brought out at the start, as person,car; empty for what the params file says."),
    "balance": ("", "Which camera counts more, -1 (visible) to 1 (thermal); empty for what the params file says."),
    "autostart": ("true", "Configure and activate fusion; false leaves that to a lifecycle manager."),
    "detection": ("true", "Start the detection node."),
    "view": ("false", "Start the view node: a page in a browser, on localhost unless the params file says otherwise."),
    "use_sim_time": ("false", "Take the time from /clock."),
}


def start_nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Make the nodes, now that the arguments have values."""
    warn_of_unknown(context)
    value = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    params_file = Path(value["params_file"]).expanduser()
    if not params_file.is_file():  # ROS would start the nodes with their defaults
        what = "is no file" if params_file.exists() else "does not exist"
        raise FileNotFoundError(f"params_file: {params_file} {what}")
    autostart = truth("autostart", value["autostart"])
    own = ("model", "engine", "visible_transport", "thermal_transport", "calibration", "prompt")
    settings = {name: value[name] for name in own if value[name]}
    settings |= {name: listed(value[name]) for name in ("modes", "objects") if value[name]}
    settings |= {name: number(name, value[name]) for name in ("severity", "balance") if value[name]}
    sim_time = {"use_sim_time": truth("use_sim_time", value["use_sim_time"])}
    # A node that waits for a lifecycle manager may stay unconfigured; one that starts itself says why not, and ends.
    start = {"autostart": autostart, "exit_on_failure": True}
    # Cameras are beside the namespace of the nodes, not in it: below a pushed namespace as well.
    pushed = context.launch_configurations.get("ros_namespace", "")
    common = {
        "package": "textfuse",
        "namespace": value["namespace"],
        "output": "screen",
        "respawn": True,
        "respawn_delay": RESPAWN_DELAY,
        # `ros2 launch` that is killed leaves its nodes behind, and what is wedged alone, unless they see to themselves.
        "additional_env": {"TEXTFUSE_PARENT": str(os.getpid()), "TEXTFUSE_WATCHDOG": str(WEDGED)},
    }
    fusion = LifecycleNode(
        executable="fusion",
        name="fusion",
        # The node configures and activates itself, the same in every distribution and under `textfuse up`.
        parameters=[str(params_file), settings, sim_time, start],
        remappings=[(f"/{camera}/image_raw", beside(pushed, topic(camera, value[camera]))) for camera in CAMERAS],
        on_exit=refusal(),
        **common,
    )
    detection = Node(
        executable="detection",
        name="detection",
        parameters=[str(params_file), sim_time],
        on_exit=refusal(),
        **common,
    )
    view = Node(
        executable="view",
        name="view",
        parameters=[str(params_file), sim_time],
        on_exit=refusal(),
        **common,
    )
    beside_fusion = {"detection": detection, "view": view}
    return [fusion, *(node for name, node in beside_fusion.items() if truth(name, value[name]))]


def truth(name: str, value: str) -> bool:
    """Whether an argument says yes, in any of the ways that YAML and people have."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if value.lower() not in words:
        raise ValueError(f"{name}:={value}: expected true or false")
    return words[value.lower()]


def listed(value: str) -> list[str]:
    """The names of an argument that holds several, with commas between."""
    return [name.strip() for name in value.split(",") if name.strip()]


def number(name: str, value: str) -> float:
    """An argument as a number."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{name}:={value}: expected a number") from None


def topic(name: str, value: str) -> str:
    """An argument as a topic; the node would end with a message of ROS's C library."""
    if not re.fullmatch(r"/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*", value, re.ASCII):
        raise ValueError(f"{name}:={value}: expected a topic, as /cam/rgb/image_raw: letters, digits and _, / between")
    return value


def beside(pushed: str, topic: str) -> str:
    """A topic's full name: a relative one lies in the pushed namespace, at the side of the nodes' own."""
    return topic if topic.startswith("/") else "/" + "/".join(filter(None, [pushed.strip("/"), topic]))


def warn_of_unknown(context: LaunchContext) -> None:
    """Name arguments that nobody knows: launch takes them without a word.

    Those of an including file are visible here too, so of these only what looks like one of ours is named.
    """
    given = {word.partition(":=")[0] for word in context.argv if ":=" in word}
    for name in sorted((given | set(context.launch_configurations)) - set(ARGUMENTS)):
        near = difflib.get_close_matches(name, ARGUMENTS, 1, 0.75)
        if near or name in given:
            advice = f"did you mean {near[0]}?" if near else "`ros2 launch --show-args` lists those that there are"
            get_logger("textfuse").warning(f"fusion.launch.py has no argument {name}: {advice}")


def refusal() -> Callable[[ProcessExited, LaunchContext], None]:
    """A handler that ends the launch, with exit code 1, when the first start of a node is refused.

    What ends later, or otherwise, is started again by `respawn`.
    """
    starts = itertools.count()

    def on_exit(event: ProcessExited, context: LaunchContext) -> None:
        if next(starts) == 0 and event.returncode == 1 and not context.is_shutdown:
            raise RuntimeError(f"{event.process_name} cannot start, for the reason above")

    return on_exit


def generate_launch_description() -> LaunchDescription:
    """Describe the graph."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start_nodes)])
