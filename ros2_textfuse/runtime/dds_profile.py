"""The Fast DDS profile of a process: a shared-memory segment that holds its images and leaves room for the others.

Each participant takes its segment from /dev/shm at once and whole. Where that is small (64 MB in a container of docker)
a fixed size would fill it after three participants, and those that come later would lose their images.
"""

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.bounded_yaml import YamlError
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

SHARED_MEMORY = Path("/dev/shm")
SHIPPED = 16 << 20  # bytes, the segment of config/fastdds.xml
IMAGES = 6  # in flight, of the expected size, that a segment should hold
SHARE = 8  # of what is free, one participant takes at most one part in so many: later ones find room as well
VGA = 640, 480
OLD_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"  # read by Fast DDS before 3.0 (Humble, Jazzy)
VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"  # from then on (Kilted, Lyrical)
NAME = "textfuse_fastdds"  # begins the name of a profile that was written here

Size = tuple[int, int]


def segment_size(free: int, image: Size = VGA) -> int:
    """How many bytes of shared memory a participant should take; 0 for none, where images had better go by UDP.

    Args:
        free: bytes of /dev/shm that nobody has.
        image: expected width and height in pixels.
    """
    one = 3 * image[0] * image[1]
    wanted = max(SHIPPED, IMAGES * one)
    size = min(wanted, free // SHARE)
    size = size >> 20 << 20 if size < wanted else size
    return size if size >= 2 * one else 0


def free_shared_memory() -> int:
    """Bytes of /dev/shm that nobody has; 0 where there is none."""
    try:
        found = os.statvfs(SHARED_MEMORY)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def expected_image(arguments: Sequence[str]) -> Size:
    """Width and height that a node's command line and its parameter files name; VGA where they name none.

    What cannot be read here is for rclpy to complain about.
    """
    width, height = VGA
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if before == "--params-file":
            width, height = _in_file(Path(argument), (width, height))
        elif found := re.fullmatch(r"(width|height):=(\d+)", argument):
            value = int(found[2])
            width, height = (value, height) if found[1] == "width" else (width, value)
    return width, height


def choose(shipped: Path, image: Size = VGA) -> Path:
    """The profile for this process: the shipped one, or a copy with another segment, in the cache folder.

    Args:
        shipped: config/fastdds.xml.
        image: expected width and height in pixels.
    """
    free = free_shared_memory()
    size = segment_size(free, image)
    if size == SHIPPED:
        return shipped
    if size < SHIPPED:
        logger.warning(
            "/dev/shm has %d MB free: %s. Free it (textfuse doctor names what fills it), or give a container more: "
            "docker run --ipc=host, or --shm-size=1g",
            free >> 20,
            f"this process takes {size >> 20} MB for its images, not 16"
            if size
            else "images go by UDP, which is slower",
        )
    profile = cache_dir() / f"{NAME}_{size >> 20}.xml"
    text = with_segment(shipped.read_text(encoding="utf-8"), size)
    try:
        if not profile.is_file() or profile.read_text(encoding="utf-8") != text:
            part = profile.with_suffix(f".{os.getpid()}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(profile)
    except OSError as error:
        logger.warning("%s cannot be written (%s): the profile with 16 MB of shared memory is used", profile, error)
        return shipped
    return profile


def segment_in_force() -> int:
    """Bytes of the segment that the profile which is set asks for; 0 where none is set, or it is the user's own."""
    path = Path(os.environ.get(VARIABLE, ""))
    if not path.is_file() or not (path.name.startswith(NAME) or path.match("config/fastdds.xml")):
        return 0
    found = re.search(r"<segment_size>(\d+)", path.read_text(encoding="utf-8"))
    return int(found[1]) if found else 0


def with_segment(profile: str, size: int) -> str:
    """The text of a profile with a segment of `size` bytes, or without shared memory for 0."""
    if size:
        return re.sub(r"(<segment_size>)\d+", rf"\g<1>{size}", profile)
    profile = re.sub(
        r"\s*<transport_descriptor>\s*<transport_id>shared_memory.*?</transport_descriptor>", "", profile, flags=re.S
    )
    return re.sub(r"\s*<transport_id>shared_memory</transport_id>", "", profile)


def set_profile(shipped: Path, image: Size = VGA) -> None:
    """Set what Fast DDS reads a profile from; a profile of the user's own, in either variable, is left alone."""
    given = {name: os.environ.get(name, "") for name in (OLD_VARIABLE, VARIABLE)}
    own = {name: path for name, path in given.items() if path and not _is_ours(Path(path), shipped)}
    profile = next(iter(own.values()), None) or str(choose(shipped, image))
    for name in variables():
        os.environ[name] = own.get(name, profile)


def variables() -> list[str]:
    """The names that the installed Fast DDS reads: both before 3.0; from then on the old one only makes it complain."""
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    folders = [Path(prefix, "lib") for prefix in prefixes if prefix]
    new = any(True for folder in folders for _ in folder.glob("libfastdds.so*"))
    return [VARIABLE] if new else [OLD_VARIABLE, VARIABLE]


def _is_ours(path: Path, shipped: Path) -> bool:
    return path == shipped or path.name.startswith(NAME)


def _in_file(path: Path, size: Size) -> Size:
    try:
        content = bounded_yaml.read(path)
    except YamlError:  # the node names it
        return size
    sections = list(_parameters(content))

    def largest(name: str, default: int) -> int:
        return max((value for p in sections if type(value := p.get(name)) is int), default=default)

    return largest("width", size[0]), largest("height", size[1])


def _parameters(content: Any) -> Iterator[dict[str, Any]]:
    """Every ros__parameters section of a parameter file."""
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "ros__parameters" and isinstance(value, dict):
                yield value
            else:
                yield from _parameters(value)
