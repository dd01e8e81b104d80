"""The parameters of every node: one table, from which they are declared, checked and documented."""

import json
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from ros2_textfuse.prompts import MAX_LENGTH


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Args:
        name: as in the YAML file.
        default: its type is the parameter's type; `()` stands for a list of strings.
        description: one line.
        low: smallest value of a number.
        high: largest value of a number.
        choices: the strings that are allowed; empty for any.
    """

    name: str
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def limits(self) -> str:
        """The range or the choices, for people; empty where anything goes."""
        return ", ".join(self.choices) or ("" if self.low is None else f"{self.low:g} .. {self.high:g}")

    def descriptor(self) -> ParameterDescriptor:
        """The ROS descriptor; rclpy itself refuses numbers outside its range."""
        descriptor = ParameterDescriptor(name=self.name, description=self.description)
        if self.choices:
            descriptor.additional_constraints = "one of: " + ", ".join(self.choices)
        if self.low is not None and self.high is not None:
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high), step=0)]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high), step=0.0)
                ]
        return descriptor


# As in engines and detector, which import torch; the player does without.
FUSION_ENGINES = ("tensorrt", "compile", "openvino", "eager")
DETECTION_ENGINES = ("tensorrt", "openvino", "torch")

CACHE = Parameter(
    "cache_dir", "", "Folder for built engines and fetched weights; empty for $TEXTFUSE_CACHE or ~/.cache/textfuse."
)
BUILD_ONLY = Parameter("build_only", False, "Build the engine into the cache, report, and exit; for robots and images.")

FUSION = (
    Parameter("model", "nano", "Fusion network: a name of the family, or the path of a safetensors file."),
    Parameter("engine", "auto", "What runs the network.", choices=("auto", *FUSION_ENGINES)),
    Parameter("threads", 0, "CPU threads of the engine; 0 for the engine's own choice.", 0, 256),
    Parameter("width", 640, "Expected picture width in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter("height", 480, "Expected picture height in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter(
        "calibration", "", "YAML file that says how the cameras lie to each other; empty for registered cameras."
    ),
    Parameter(
        "camera_info", False, "Take both cameras' intrinsics from CameraInfo beside their pictures, not from the file."
    ),
    Parameter("prompt", "", f"Words in force at the start, at most {MAX_LENGTH} characters."),
    Parameter("modes", (), "Degradation modes in force at the start."),
    Parameter("severity", 0.0, "Severity in force at the start, 0..1; 0 lets the words decide.", 0.0, 1.0),
    Parameter(
        "thermal_gain",
        "percentile",
        "How thermal pictures of more than 8 bits come to 8: a line over their range, or plateau equalisation.",
        choices=("percentile", "plateau"),
    ),
    Parameter("thermal_low", 0.0, "What is black, in the camera's unit; as thermal_high: follow the scene.", -1e6, 1e6),
    Parameter("thermal_high", 0.0, "What is white, in the camera's unit; as thermal_low: follow the scene.", -1e6, 1e6),
    Parameter("slop", 0.02, "Largest difference of the two stamps of a pair, in seconds.", 0.0, 10.0),
    Parameter("queue_size", 10, "Pictures of one camera that wait for a partner.", 1, 1000),
    Parameter("source_timeout", 1.0, "Seconds without a fused pair until the state is WAITING.", 0.05, 60.0),
    Parameter("autostart", True, "Configure and activate at start; false leaves that to a lifecycle manager."),
    CACHE,
    BUILD_ONLY,
)

DETECTION = (
    Parameter("weights", "yolo26n.pt", "YOLO weights: a name to find, or a path."),
    Parameter("engine", "auto", "What runs the detector.", choices=("auto", *DETECTION_ENGINES)),
    Parameter("confidence", 0.25, "Smallest score of a detection.", 0.0, 1.0),
    Parameter("classes", (), "Class names to report; empty for all that the weights know."),
    Parameter("width", 640, "Expected picture width in pixels; the detector is built for it.", 32, 8192),
    Parameter("height", 480, "Expected picture height in pixels; the detector is built for it.", 32, 8192),
    Parameter("threads", 0, "CPU threads of the detector; 0 for the engine's own choice.", 0, 256),
    Parameter("queue_size", 3, "Fused pictures that may wait their turn; the oldest gives way.", 1, 100),
    Parameter(
        "nice", 10, "How far to step back where processor time is short, as in nice(1); fusion goes first at 10.", 0, 19
    ),
    CACHE,
    BUILD_ONLY,
)

PLAYER = (
    Parameter("bag", "", "A rosbag2 folder, or an .mcap or .db3 file. Give this, or visible and thermal."),
    Parameter("visible", "", "A video, or a folder of images, of the RGB camera."),
    Parameter("thermal", "", "A video, or a folder of images, of the thermal camera; frames pair by order or name."),
    Parameter("visible_topic", "/visible/image_raw", "Topic of the RGB pictures inside the bag."),
    Parameter("thermal_topic", "/thermal/image_raw", "Topic of the thermal pictures inside the bag."),
    Parameter("rate", 0.0, "Pairs a second; 0 plays as recorded (folders: 10).", 0.0, 1000.0),
    Parameter("loop", False, "Start again at the end, with stamps that go on."),
    Parameter("wait", 10.0, "Wait up to so many seconds for a subscriber on both topics.", 0.0, 3600.0),
    Parameter("frame_id", "camera", "frame_id of the pictures."),
    Parameter("faults", (), "What to spoil, and when: CAMERA KIND START END, as in 'thermal silent 6 9'."),
)

NODES = {"fusion": FUSION, "detection": DETECTION, "player": PLAYER}


def declare(node: Node, table: tuple[Parameter, ...]) -> None:
    """Declare every parameter of a table on a node.

    Raises:
        rclpy.exceptions.InvalidParameterTypeException, InvalidParameterValueException: an override from the command
            line or a YAML file has the wrong type or is out of range.
    """
    for parameter in table:
        if parameter.default == ():
            node.declare_parameter(parameter.name, RosParameter.Type.STRING_ARRAY, parameter.descriptor())
        else:
            node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
    node.add_on_set_parameters_callback(lambda changes: _check_choices(table, changes))
    result = _check_choices(table, [node.get_parameter_or(p.name) for p in table])
    if not result.successful:
        raise ValueError(result.reason)


def values(node: Node, table: tuple[Parameter, ...]) -> dict[str, Any]:
    """The values of a table's parameters, by name; lists come as tuples."""
    result = {}
    for parameter in table:
        value = node.get_parameter_or(parameter.name).value
        result[parameter.name] = parameter.default if value is None else value
        if parameter.default == ():
            # An empty list in a YAML file has no type and arrives as unset; [""] is how ROS users write it.
            result[parameter.name] = tuple(item for item in result[parameter.name] if item)
    return result


def markdown() -> str:
    """The table of docs/parameters.md."""
    lines = ["# Parameters", "", "Read at configure (fusion) or at start (detection, player).", ""]
    for node, table in NODES.items():
        lines += [
            f"## {node}",
            "",
            "| parameter | default | range | what it does |",
            "| --- | --- | --- | --- |",
        ]
        for p in table:
            default = json.dumps(p.default)
            lines.append(f"| `{p.name}` | `{default}` | {p.limits()} | {p.description} |")
        lines.append("")
    return "\n".join(lines)


def _check_choices(table: tuple[Parameter, ...], changes: list[RosParameter]) -> SetParametersResult:
    choices = {parameter.name: parameter.choices for parameter in table if parameter.choices}
    for change in changes:
        allowed = choices.get(change.name, ())
        if allowed and change.value is not None and change.value not in allowed:
            reason = f"{change.name} is '{change.value}': choose one of {', '.join(allowed)}"
            return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


if __name__ == "__main__":
    print(markdown(), end="")
