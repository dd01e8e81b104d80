"""Start fusion, and detection beside it, on two camera topics.

ros2 launch textfuse fusion.launch.py visible:=/cam/rgb thermal:=/cam/lwir prompt:="it is dark"
"""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

CONFIG = Path(__file__).resolve().parent.parent / "config"

ARGUMENTS = {
    "visible": ("/visible/image_raw", "Topic of the RGB camera."),
    "thermal": ("/thermal/image_raw", "Topic of the thermal camera."),
    "namespace": ("textfuse", "Namespace of the nodes and their topics; one for each rig in a graph."),
    "params_file": (str(CONFIG / "fusion.yaml"), "YAML file with the parameters of the nodes."),
    "model": ("", "Fusion network, a name or a path; empty for what the params file says."),
    "engine": ("", "Engine of the fusion network; empty for what the params file says."),
    "visible_transport": ("", "raw or compressed; empty for what the params file says."),
    "thermal_transport": ("", "raw or compressed; empty for what the params file says."),
    "calibration": ("", "YAML file of cameras that are not registered; empty for what the params file says."),
    "prompt": ("", "Words in force at the start; empty for what the params file says."),
    "autostart": ("true", "Configure and activate fusion; false leaves that to a lifecycle manager."),
    "detection": ("true", "Start the detection node."),
    "use_sim_time": ("false", "Take the time from /clock."),
}


def start_nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Make the nodes, now that the arguments have values."""
    value = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    sim_time = {"use_sim_time": value["use_sim_time"].lower() == "true"}
    own = ("model", "engine", "visible_transport", "thermal_transport", "calibration", "prompt")
    settings = {name: value[name] for name in own if value[name]}
    fusion = LifecycleNode(
        package="textfuse",
        executable="fusion",
        name="fusion",
        namespace=value["namespace"],
        # The node configures and activates itself, the same in every distribution and under `textfuse up`.
        parameters=[
            value["params_file"],
            settings,
            sim_time,
            {"autostart": value["autostart"].lower() == "true"},
        ],
        remappings=[(f"/{camera}/image_raw", value[camera]) for camera in ("visible", "thermal")],
        output="screen",
    )
    detection = Node(
        package="textfuse",
        executable="detection",
        name="detection",
        namespace=value["namespace"],
        parameters=[value["params_file"], sim_time],
        output="screen",
    )
    return [fusion, detection] if value["detection"].lower() == "true" else [fusion]


def generate_launch_description() -> LaunchDescription:
    """Describe the graph."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start_nodes)])
