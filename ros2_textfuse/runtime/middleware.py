"""Which ROS middlewares are installed, and which one a process will get."""

import os
import sys
from pathlib import Path

from ros2_textfuse.errors import TextfuseError

DEFAULT = "rmw_fastrtps_cpp"  # of every distribution from Humble to Lyrical


class MiddlewareError(TextfuseError):
    """The middleware that RMW_IMPLEMENTATION asks for is not installed; the message names those that are."""


def installed() -> list[str]:
    """The middlewares of all prefixes, by the names that RMW_IMPLEMENTATION takes."""
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    folders = (Path(prefix, "share/ament_index/resource_index/rmw_typesupport") for prefix in prefixes if prefix)
    return sorted(
        {entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir()} - {"rmw_implementation"}
    )


def chosen() -> str:
    """The middleware that a process started from here gets."""
    return os.environ.get("RMW_IMPLEMENTATION") or DEFAULT


def is_fastdds() -> bool:
    """Whether that is Fast DDS, which the profile in config/ is for."""
    return chosen().startswith("rmw_fastrtps")


def require() -> None:
    """Check RMW_IMPLEMENTATION, before rclpy ends the process from within its C library.

    Raises:
        MiddlewareError: it is not installed.
    """
    there = installed()
    if there and chosen() not in there and os.environ.get("RMW_IMPLEMENTATION"):
        package = chosen().replace("_", "-")
        raise MiddlewareError(
            f"RMW_IMPLEMENTATION is {chosen()}, which is not installed; {', '.join(there)} is. Unset it, or install "
            f"that one (apt install ros-{os.environ.get('ROS_DISTRO', 'DISTRIBUTION')}-{package})"
        )
