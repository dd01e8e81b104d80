"""The parameters of every node: one table, from which they are declared, read from files, checked and documented.

Nothing here needs ROS, so that the commands read the same parameters.
"""

import difflib
import json
from dataclasses import dataclass
from typing import Any

from ros2_textfuse.prompts.prompt import MAX_LENGTH
from ros2_textfuse.settings import ENGINES


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

    def kind(self) -> str:
        """What a value has to be, for people."""
        return _KINDS[type(self.default)]


_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a decimal point, as in 1.0",
    tuple: "a list of strings, as in [haze, rain]",
}


# As in engines and detector, which import torch; the player does without.
DETECTION_ENGINES = ("tensorrt", "openvino", "torch")

CACHE = Parameter(
    "cache_dir", "", "Folder for built engines and fetched weights; empty for $TEXTFUSE_CACHE or ~/.cache/textfuse."
)
BUILD_ONLY = Parameter("build_only", False, "Build the engine into the cache, report, and exit; before a robot leaves.")


def _transport(camera: str) -> Parameter:
    return Parameter(
        f"{camera}_transport",
        "raw",
        f"As in image_transport: raw, or compressed for JPEG and PNG on /{camera}/image_raw/compressed.",
        choices=("raw", "compressed"),
    )


FUSION = (
    Parameter(
        "model",
        "nano",
        "Fusion network: nano, pico (for slow computers), nano-open (MIT-licensed data), the path of a safetensors "
        "file or of a checkpoint of Text-IF (.pth), or auto for the better one of nano and pico that holds "
        "expected_rate on this machine.",
    ),
    Parameter(
        "expected_rate",
        30.0,
        "Pairs a second that the model auto has to hold; where rate is set, that counts.",
        0.1,
        1000.0,
    ),
    Parameter("engine", "auto", "What runs the network.", choices=("auto", *ENGINES)),
    Parameter("threads", 0, "CPU threads of the engine; 0 for the engine's own choice.", 0, 256),
    Parameter(
        "in_flight",
        0,
        "Pairs that the engine openvino works on at the same time: each takes longer, and more are fused in a second. "
        "0 leaves it to the model auto, and is 1 for a model that is named.",
        0,
        2,
    ),
    Parameter("width", 640, "Expected image width in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter("height", 480, "Expected image height in pixels; the engine is built for it at configure.", 16, 8192),
    Parameter(
        "calibration", "", "YAML file with the geometric relation of the two cameras; empty for registered cameras."
    ),
    Parameter(
        "camera_info", False, "Take both cameras' intrinsics from CameraInfo beside their images, not from the file."
    ),
    Parameter("prompt", "", f"Prompt at the start, at most {MAX_LENGTH} characters."),
    Parameter("modes", (), "Degradations that are named at the start; auto leaves them to the images."),
    Parameter("severity", 0.0, "Severity at the start, 0..1; 0 takes it from the prompt.", 0.0, 1.0),
    Parameter("objects", (), "What is brought out at the start, as person, beside what the prompt names."),
    Parameter(
        "keep_objects",
        False,
        "Whether objects that the detection node sees, and no prompt names, are kept as plain in the fused image as in "
        "the camera that shows them better; without detections nothing changes.",
        live=True,
    ),
    Parameter(
        "balance",
        0.0,
        "Which camera counts more where a prompt says nothing of that: -1 visible, 1 thermal.",
        -1.0,
        1.0,
        live=True,
    ),
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
        "Value shown as black, in the camera's unit; equal to thermal_high to follow the scene.",
        -1e6,
        1e6,
        live=True,
    ),
    Parameter(
        "thermal_high",
        0.0,
        "Value shown as white, in the camera's unit; equal to thermal_low to follow the scene.",
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
        "Seconds without a usable image until a camera counts as missing.",
        0.05,
        60.0,
        live=True,
    ),
    Parameter(
        "pass_through",
        True,
        "While one camera is missing, publish the other one's images, with an amber border and a caption.",
        live=True,
    ),
    Parameter(
        "max_missing_share",
        0.1,
        "Share of a camera's images that may be lost on their way, by the gaps between its stamps; above it the state "
        "is DEGRADED.",
        0.0,
        1.0,
        live=True,
    ),
    Parameter(
        "max_drop_share",
        0.1,
        "Share of the last 5 seconds' pairs that may give way to newer ones; above it the state is DEGRADED.",
        0.0,
        1.0,
        live=True,
    ),
    Parameter(
        "max_latency",
        0.5,
        "Seconds from a camera's stamp to the fused image, median of the last 5 s; above it the state is DEGRADED.",
        0.001,
        60.0,
        live=True,
    ),
    Parameter(
        "rate",
        0.0,
        "Pairs a second to fuse, evenly spaced, for a computer that cannot fuse all; 0 for all.",
        0.0,
        1000.0,
        live=True,
    ),
    Parameter("lazy", False, "Do not fuse while nobody subscribes to the fused images.", live=True),
    Parameter(
        "jpeg_quality", 90, "Of fused/compressed, which is encoded while somebody subscribes to it.", 1, 100, live=True
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
    Parameter(
        "streams",
        (),
        "Images to look at: fused, visible, thermal, or several, whose boxes are joined; empty for fused. The cameras' "
        "come from the fusion node, aligned.",
    ),
    Parameter(
        "in_turn",
        False,
        "Whether each frame is looked at in one of several streams, in turn, and the boxes of the others carried to "
        "it; false looks at all of them in each frame.",
        live=True,
    ),
    Parameter(
        "confidence", 0.25, "Smallest score of a detection; of joined boxes, the probability.", 0.0, 1.0, live=True
    ),
    Parameter("classes", (), "Class names to report; empty for all that the weights know.", live=True),
    Parameter("width", 640, "Expected image width in pixels; the detector is built for it.", 32, 8192),
    Parameter("height", 480, "Expected image height in pixels; the detector is built for it.", 32, 8192),
    Parameter("threads", 0, "CPU threads of the detector; 0 for the engine's own choice.", 0, 256),
    Parameter(
        "queue_size",
        10,
        "Frames that may wait, of which the newest is looked at and the others get tracks; the oldest gives way. At "
        "most 3 without tracks, since each is looked at.",
        1,
        100,
    ),
    Parameter("interval", 1, "Detect in every n-th frame at most; 1 in all that there is time for.", 1, 30, live=True),
    Parameter(
        "max_interval",
        3,
        "While fusion drops pairs, detect in fewer frames, down to every n-th; interval or less keeps to interval.",
        1,
        30,
        live=True,
    ),
    Parameter(
        "min_size",
        1.0,
        "Share of width and height to which the detector may shrink images while fusion drops pairs at max_interval; "
        "below 1 a second detector is built for it.",
        0.25,
        1.0,
    ),
    Parameter(
        "tracks",
        True,
        "Publish detections for the frames between as well: tracks of the last detection, carried to the frame's "
        "stamp; the header of each says when it was seen.",
        live=True,
    ),
    Parameter(
        "nice",
        10,
        "Niceness of the detector, as in nice(1). Above 0, on OpenVINO, it takes the time that others leave, and a "
        "share of that niceness only where they leave none.",
        0,
        19,
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
    Parameter("wait", 10.0, "Max. seconds to wait for subscribers on both topics.", 0.0, 3600.0),
    Parameter("frame_id", "camera", "frame_id of the images."),
    Parameter("faults", (), "What to spoil, and when: CAMERA KIND START END, as in 'thermal silent 6 9'."),
)

VIEW = (
    Parameter("host", "127.0.0.1", "Address to serve the page on: this machine alone, or 0.0.0.0 for the network."),
    Parameter("port", 8420, "Port of the page; where it is in use, the next one is taken.", 0, 65535),
    Parameter("token", "", "Asked of viewers from the network; empty for a new one at each start, which is printed."),
    Parameter("rate", 15.0, "Images a second that viewers get, at most.", 0.1, 120.0),
    Parameter("jpeg_quality", 80, "Of the images that viewers get.", 1, 100),
    Parameter("folder", "", "Where recorded moments are written, as bags; empty for ~/textfuse-moments."),
    Parameter("browser", False, "Open the page in a browser, where there is a screen."),
)

NODES = {"fusion": FUSION, "detection": DETECTION, "player": PLAYER, "view": VIEW}


EXAMPLE = """\
A file of your own **takes the place** of [config/fusion.yaml](../../config/fusion.yaml), so begin with a copy of that:
what it leaves out has the defaults below, not those of the shipped file (`model: auto`, `keep_objects: true`).

```yaml
# my.yaml
/**/fusion:
  ros__parameters:
    model: auto
    keep_objects: true
    thermal_gain: plateau
/**/detection:
  ros__parameters:
    streams: [fused, visible, thermal]
```

```
ros2 launch textfuse fusion.launch.py params_file:=my.yaml
textfuse up --params-file my.yaml                                # eval, fuse and others take the same option
ros2 run textfuse fusion --ros-args --params-file my.yaml
ros2 param set /textfuse/fusion thermal_gain plateau             # those marked live, while it runs
```

The launch file has [arguments](commands.md#launch-arguments) for the most frequent of them.
"""


def markdown() -> str:
    """The table of docs/reference/parameters.md."""
    lines = [
        "# Parameters",
        "",
        *EXAMPLE.splitlines(),
        "",
        "Those marked *live* may be changed while the node runs; the others are read at configure (fusion) or at start",
        "(the others), and fusion refuses a change while it is configured. The prompt changes by `set_prompt`.",
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


def unknown(name: str, table: tuple[Parameter, ...]) -> str:
    """What to say of a parameter that is in no table: perhaps it is misspelt."""
    near = difflib.get_close_matches(name, [parameter.name for parameter in table], 1)
    advice = f"did you mean {near[0]}?" if near else "--help lists those that there are"
    return f"parameter {name} is unknown and has no effect: {advice}"


if __name__ == "__main__":
    print(markdown(), end="")
