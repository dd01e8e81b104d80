"""The parameters of every node: one table, from which they are declared, checked and documented."""

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from ros2_textfuse.prompts.prompt import MAX_LENGTH


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
        live: a change takes effect at once; else it is read at configure, or at the start of the node.
    """

    name: str
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

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


ROS_OWN = ("use_sim_time", "qos_overrides.", "start_type_description_service")  # parameters that rclpy declares

# As in engines and detector, which import torch; the player does without.
FUSION_ENGINES = ("tensorrt", "compile", "openvino", "eager")
DETECTION_ENGINES = ("tensorrt", "openvino", "torch")

CACHE = Parameter(
    "cache_dir", "", "Folder for built engines and fetched weights; empty for $TEXTFUSE_CACHE or ~/.cache/textfuse."
)
BUILD_ONLY = Parameter("build_only", False, "Build the engine into the cache, report, and exit; for robots and images.")


def _transport(camera: str) -> Parameter:
    return Parameter(
        f"{camera}_transport",
        "raw",
        f"As in image_transport: raw, or compressed for JPEG and PNG on /{camera}/image_raw/compressed.",
        choices=("raw", "compressed"),
    )


FUSION = (
    Parameter("model", "nano", "Fusion network: a name of the family, or the path of a safetensors file."),
    Parameter("engine", "auto", "What runs the network.", choices=("auto", *FUSION_ENGINES)),
    Parameter("threads", 0, "CPU threads of the engine; 0 for the engine's own choice.", 0, 256),
    Parameter("width", 640, "Expected image width in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter("height", 480, "Expected image height in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter(
        "calibration", "", "YAML file that says how the cameras lie to each other; empty for registered cameras."
    ),
    Parameter(
        "camera_info", False, "Take both cameras' intrinsics from CameraInfo beside their images, not from the file."
    ),
    Parameter("prompt", "", f"Words in force at the start, at most {MAX_LENGTH} characters."),
    Parameter("modes", (), "Degradation modes in force at the start."),
    Parameter("severity", 0.0, "Severity in force at the start, 0..1; 0 lets the words decide.", 0.0, 1.0),
    Parameter(
        "thermal_gain",
        "percentile",
        "How thermal images of more than 8 bits come to 8: a line over their range, or plateau equalisation.",
        choices=("percentile", "plateau"),
        live=True,
    ),
    Parameter(
        "thermal_low",
        0.0,
        "What is black, in the camera's unit; as thermal_high: follow the scene.",
        -1e6,
        1e6,
        live=True,
    ),
    Parameter(
        "thermal_high",
        0.0,
        "What is white, in the camera's unit; as thermal_low: follow the scene.",
        -1e6,
        1e6,
        live=True,
    ),
    _transport("visible"),
    _transport("thermal"),
    Parameter("slop", 0.02, "Largest difference of the two stamps of a pair, in seconds.", 0.0, 10.0, live=True),
    Parameter("queue_size", 10, "Images of one camera that wait for a partner.", 1, 1000, live=True),
    Parameter(
        "thermal_time_offset",
        0.0,
        "Seconds to add to thermal stamps, to be on the RGB camera's clock.",
        -10.0,
        10.0,
        live=True,
    ),
    Parameter(
        "hold",
        0.0,
        "For a slower thermal camera: each RGB image pairs at once with the newest thermal one, at most so many "
        "seconds older; 0 pairs by nearest stamp, each image once.",
        0.0,
        10.0,
        live=True,
    ),
    Parameter(
        "source_timeout",
        1.0,
        "Seconds without a usable image until a camera counts as silent.",
        0.05,
        60.0,
        live=True,
    ),
    Parameter(
        "pass_through",
        True,
        "While one camera is silent, publish the other one's images, marked with a border and a caption.",
        live=True,
    ),
    Parameter("lazy", False, "Do not fuse while nobody listens to the fused images.", live=True),
    Parameter(
        "jpeg_quality", 90, "Of fused/compressed, which is made while somebody listens to it.", 1, 100, live=True
    ),
    Parameter("autostart", True, "Configure and activate at start; false leaves that to a lifecycle manager."),
    Parameter(
        "exit_on_failure",
        False,
        "End with exit code 1 when autostart fails, as under `textfuse up` and the launch file; false waits to be "
        "configured again.",
    ),
    CACHE,
    BUILD_ONLY,
)

DETECTION = (
    Parameter("weights", "yolo26n.pt", "YOLO weights: a name to find, or a path."),
    Parameter("engine", "auto", "What runs the detector.", choices=("auto", *DETECTION_ENGINES)),
    Parameter("confidence", 0.25, "Smallest score of a detection.", 0.0, 1.0),
    Parameter("classes", (), "Class names to report; empty for all that the weights know."),
    Parameter("width", 640, "Expected image width in pixels; the detector is built for it.", 32, 8192),
    Parameter("height", 480, "Expected image height in pixels; the detector is built for it.", 32, 8192),
    Parameter("threads", 0, "CPU threads of the detector; 0 for the engine's own choice.", 0, 256),
    Parameter("queue_size", 3, "Fused images that may wait their turn; the oldest gives way.", 1, 100),
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
    Parameter("visible_topic", "/visible/image_raw", "Topic of the RGB images inside the bag."),
    Parameter("thermal_topic", "/thermal/image_raw", "Topic of the thermal images inside the bag."),
    Parameter("rate", 0.0, "Pairs a second; 0 plays as recorded (folders: 10).", 0.0, 1000.0),
    Parameter("loop", False, "Start again at the end, with stamps that go on."),
    Parameter("wait", 10.0, "Wait up to so many seconds for a subscriber on both topics.", 0.0, 3600.0),
    Parameter("frame_id", "camera", "frame_id of the images."),
    Parameter("faults", (), "What to spoil, and when: CAMERA KIND START END, as in 'thermal silent 6 9'."),
)

NODES = {"fusion": FUSION, "detection": DETECTION, "player": PLAYER}


def declare(
    node: Node,
    table: tuple[Parameter, ...],
    accept: Callable[[dict[str, Any]], str] = lambda changes: "",
) -> None:
    """Declare every parameter of a table on a node, and warn of others that it was given.

    Args:
        node: that gets them.
        table: one of NODES.
        accept: called with the new values, by name, before a change of parameters that are in range; takes it up, or
            returns why it is refused.

    Raises:
        rclpy.exceptions.InvalidParameterTypeException, InvalidParameterValueException: an override from the command
            line or a YAML file has the wrong type or is out of range.
        ValueError: an override is none of the choices.
    """
    for parameter in table:
        if parameter.default == ():
            node.declare_parameter(parameter.name, RosParameter.Type.STRING_ARRAY, parameter.descriptor())
        else:
            node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
    known = {parameter.name for parameter in table}

    def check(changes: list[RosParameter]) -> SetParametersResult:
        reason = _wrong_choice(table, changes) or accept({c.name: c.value for c in changes if c.name in known})
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(check)
    if reason := _wrong_choice(table, [node.get_parameter_or(p.name) for p in table]):
        raise ValueError(reason)
    # rclpy passes over a misspelt parameter in silence, and has no public name for what it was given.
    for name in getattr(node, "_parameter_overrides", {}):
        if name not in known and not name.startswith(ROS_OWN):
            near = difflib.get_close_matches(name, known, 1)
            advice = f"did you mean {near[0]}?" if near else "--help lists those that there are"
            node.get_logger().warning(f"parameter {name} is unknown and has no effect: {advice}")


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
    lines = [
        "# Parameters",
        "",
        "Those marked *live* may be changed while the node runs; the others are read at configure (fusion) or at start",
        "(detection, player), and fusion refuses a change while it is configured. Words change through `set_prompt`.",
        "",
    ]
    for node, table in NODES.items():
        lines += [
            f"## {node}",
            "",
            "| parameter | default | range | what it does |",
            "| --- | --- | --- | --- |",
        ]
        for p in table:
            default = json.dumps(p.default)
            description = f"*Live.* {p.description}" if p.live else p.description
            lines.append(f"| `{p.name}` | `{default}` | {p.limits()} | {description} |")
        lines.append("")
    return "\n".join(lines)


def _wrong_choice(table: tuple[Parameter, ...], changes: list[RosParameter]) -> str:
    choices = {parameter.name: parameter.choices for parameter in table if parameter.choices}
    for change in changes:
        allowed = choices.get(change.name, ())
        if allowed and change.value is not None and change.value not in allowed:
            return f"{change.name} is '{change.value}': choose one of {', '.join(allowed)}"
    return ""


if __name__ == "__main__":
    print(markdown(), end="")
