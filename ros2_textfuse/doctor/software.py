"""What is installed: the distribution, the middleware, versions against the pins, weights."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from ros2_textfuse.doctor.finding import FAIL, OK, WARN, Finding
from ros2_textfuse.runtime import dds_profile, environment, middleware

DISTRIBUTIONS = ("humble", "jazzy", "kilted", "lyrical")
RCLPY = {"7": "jazzy", "9": "kilted", "10": "lyrical"}  # major version of the wheels
OPTIONAL = {"openvino": "the OpenVINO engine", "tokenizers": "prompts of free text", "ultralytics": "detection"}
ADVICE = {  # of their own documentation, for images
    "rmw_cyclonedds_cpp": "raise net.core.rmem_max to 10 MB and SocketReceiveBufferSize in CYCLONEDDS_URI alike",
    "rmw_zenoh_cpp": "let a router run: ros2 run rmw_zenoh_cpp rmw_zenohd",
}
INSTALL = "build textfuse again (`make build`, or colcon build and source install/setup.bash)"


def distribution() -> Finding:
    """Which ROS this is, and whether it is one that textfuse knows."""
    name, python = ros_distribution(), platform.python_version()
    for module in ("rclpy", "textfuse"):
        if importlib.util.find_spec(module) is None:
            what = "ROS 2 (rclpy)" if module == "rclpy" else "textfuse's messages"
            return Finding(
                FAIL,
                "distribution",
                f"{what} cannot be imported by {sys.executable}",
                f"source the distribution, or {INSTALL}",
            )
    if name not in DISTRIBUTIONS:
        return Finding(
            WARN,
            "distribution",
            f"{name or 'unknown'}, Python {python}",
            f"textfuse is tried on {', '.join(DISTRIBUTIONS)}",
        )
    return Finding(OK, "distribution", f"{name}, Python {python}")


def ros_distribution() -> str:
    """Its name: of the shell that was sourced, or of the wheels; empty when neither says."""
    if name := os.environ.get("ROS_DISTRO"):
        return name
    try:
        return RCLPY.get(importlib.metadata.version("ros-rclpy").split(".")[0], "")
    except importlib.metadata.PackageNotFoundError:
        return ""


def ros_middleware() -> Finding:
    """Which middleware a node gets, and what it needs."""
    try:
        middleware.require()
    except middleware.MiddlewareError as error:
        return Finding(FAIL, "middleware", "not installed", str(error))
    domain = os.environ.get("ROS_DOMAIN_ID") or "0"
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or (
        "LOCALHOST" if os.environ.get("ROS_LOCALHOST_ONLY") == "1" else "SUBNET"
    )
    text = f"{middleware.chosen()}, domain {domain}, discovery {reach.lower()}"
    if not domain.isdecimal() or int(domain) > 232:
        return Finding(FAIL, "middleware", text, "set ROS_DOMAIN_ID to a number from 0 to 101")
    if advice := ADVICE.get(middleware.chosen()):
        return Finding(WARN, "middleware", f"{text}; textfuse sets nothing for it", advice)
    return Finding(OK, "middleware", text)


def profile() -> Finding:
    """Whether the DDS profile that is set can be read."""
    if not middleware.is_fastdds():
        return Finding(OK, "DDS profile", f"none: {middleware.chosen()} has settings of its own")
    for name in dds_profile.variables():
        path = Path(os.environ.get(name, ""))
        if not path.is_file():
            return Finding(
                FAIL,
                "DDS profile",
                f"{name} is {path}, which does not exist",
                f"unset {name}, and textfuse sets its own",
            )
        try:
            ElementTree.parse(path)
        except (OSError, ElementTree.ParseError) as error:
            return Finding(FAIL, "DDS profile", f"{path} cannot be read: {error}", f"mend it, or unset {name}")
    return Finding(OK, "DDS profile", f"{path}")


def versions() -> list[Finding]:
    """What is installed against the versions that were seen to work together."""
    differing, missing = [], []
    for name, pin in pins(environment.share_dir() / "constraints.txt").items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if not fits(found, pin):
            differing.append(f"{name} {found} (tried: {pin.removeprefix('==')})")
    for module, purpose in OPTIONAL.items():
        if importlib.util.find_spec(module) is None:
            missing.append(
                Finding(
                    WARN,
                    "packages",
                    f"{module} is not installed: without it there is no {purpose.removeprefix('the ')}",
                    f"pip install {module}",
                )
            )
    if differing:
        cure = "pip install --constraint constraints.txt ..., or go on if all else is OK"
        return [Finding(WARN, "versions", ", ".join(differing), cure), *missing]
    return [Finding(OK, "versions", "as they were tried together"), *missing]


def pins(file: Path) -> dict[str, str]:
    """Names and version specifiers of a constraints file; empty where there is none."""
    if not file.is_file():
        return {}
    lines = (re.split(r"[;#]", line)[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    found = (re.fullmatch(r"([\w.-]+)\s*([=<>!~].*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def fits(version: str, specifier: str) -> bool:
    """Whether a version meets specifiers such as `==1.2` or `>=77,<80`; a local part (+cpu) does not count."""

    def numbers(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text.split("+")[0])]

    have = numbers(version)
    for part in specifier.split(","):
        operator, want = re.fullmatch(r"\s*([=<>!~]+)\s*(.*)", part).groups()  # type: ignore[union-attr]
        bound = numbers(want)
        met = {"==": have[: len(bound)] == bound, ">=": have >= bound, "<": have < bound, "<=": have <= bound}
        if not met.get(operator, True):
            return False
    return True


def weights() -> list[Finding]:
    """The networks, the sentence encoder, the detector: found and whole."""
    from ros2_textfuse.detection import weights as detection
    from ros2_textfuse.errors import WeightsError
    from ros2_textfuse.networks.stored import CLEARED, NAMES, read_clearing, read_stored
    from ros2_textfuse.prompts.text_encoder import CURE, EncoderError, encode
    from ros2_textfuse.runtime.cache_folder import cache_dir

    findings = []
    try:
        shipped = [*map(read_stored, NAMES), *map(read_clearing, CLEARED)]
        findings.append(Finding(OK, "fusion weights", f"{', '.join(stored.path.stem for stored in shipped)}: whole"))
    except WeightsError as error:
        findings.append(Finding(FAIL, "fusion weights", str(error), INSTALL))
    try:
        encode(["ready"])
        findings.append(Finding(OK, "sentence encoder", "found and whole"))
    except EncoderError as error:
        findings.append(
            Finding(WARN, "sentence encoder", f"free text will be refused, modes by name work: {error}", CURE)
        )
    path = cache_dir() / detection.NAME
    if not path.is_file():
        cure = "`textfuse up` fetches it at the first start, or put it there; detection:=false does without"
        findings.append(Finding(WARN, "detector weights", f"{path} is not there yet", cure))
    elif detection.sha256(path) != detection.SHA256:
        findings.append(
            Finding(WARN, "detector weights", f"{path} is damaged or another file", "delete it: it is fetched again")
        )
    else:
        findings.append(Finding(OK, "detector weights", str(path)))
    return findings


def ros() -> list[Finding]:
    """What must be right before the graph can be looked at."""
    return [distribution(), ros_middleware(), profile()]


def check() -> list[Finding]:
    """Versions and weights."""
    return [*versions(), *weights()]
