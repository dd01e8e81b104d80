"""The Fast DDS profile of a process: a shared-memory segment that holds its images and leaves room for the others.

Each participant takes its segment from /dev/shm at once and whole. Where that is small (64 MB in a container of docker)
a fixed size would fill it after three participants, and those that come later would lose their images.
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

SHARED_MEMORY = Path("/dev/shm")
SHIPPED = 16 << 20  # bytes, the segment of config/fastdds.xml
IMAGES = 6  # in flight, of the expected size, that a segment should hold
SHARE = 8  # of what is free, one participant takes at most one part in so many: later ones find room as well
VGA = 640, 480
# By Fast DDS: before 3.0 (Humble, Jazzy), and from then on.
VARIABLES = "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"
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


def with_segment(profile: str, size: int) -> str:
    """The text of a profile with a segment of `size` bytes, or without shared memory for 0."""
    if size:
        return re.sub(r"(<segment_size>)\d+", rf"\g<1>{size}", profile)
    profile = re.sub(
        r"\s*<transport_descriptor>\s*<transport_id>shared_memory.*?</transport_descriptor>", "", profile, flags=re.S
    )
    return re.sub(r"\s*<transport_id>shared_memory</transport_id>", "", profile)


def set_profile(shipped: Path, image: Size = VGA) -> None:
    """Set both variables that Fast DDS reads a profile from; a profile of the user's own, in either, is left alone."""
    given = [value for name in VARIABLES if (value := os.environ.get(name))]
    own = [value for value in given if Path(value) != shipped and not Path(value).name.startswith(NAME)]
    profile = own[0] if own else str(choose(shipped, image))
    for name in VARIABLES:
        if os.environ.get(name) not in own or not own:
            os.environ[name] = profile


def _in_file(path: Path, size: Size) -> Size:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
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
