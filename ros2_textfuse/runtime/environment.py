"""What a process needs in its environment before it imports rclpy."""

import logging
import os
import sys
import tempfile
from pathlib import Path

from ros2_textfuse.runtime import dds_profile, middleware

logger = logging.getLogger(__name__)


def share_dir() -> Path:
    """The folder with config/ and launch/: the installed package's share, else the source tree.

    Raises:
        FileNotFoundError: neither is there.
    """
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    candidates = [Path(prefix) / "share" / "textfuse" for prefix in prefixes if prefix]
    candidates.append(Path(__file__).resolve().parents[2])
    for candidate in candidates:
        if (candidate / "config" / "fusion.yaml").is_file():
            return candidate
    places = ", ".join(map(str, candidates))
    raise FileNotFoundError(f"config/fusion.yaml is in none of {places}: install textfuse again")


def prepare(image: dds_profile.Size = dds_profile.VGA) -> None:
    """Set what is not set: where ROS packages are, where logs go that cannot go home, and a Fast DDS profile with room.

    Fast DDS's own shared-memory segment holds less than one 640x480 image, and half of the images are lost.
    A profile of the user's own is left alone.

    Args:
        image: expected width and height in pixels.

    Raises:
        MiddlewareError: the middleware that RMW_IMPLEMENTATION asks for is not installed.
    """
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    _prepare_logs()
    middleware.require()
    if middleware.is_fastdds():
        dds_profile.set_profile(share_dir() / "config" / "fastdds.xml", image)


def _prepare_logs() -> None:
    """Make the folder of ROS's logs, or choose another: ROS does not start without one."""
    wanted = _log_folder()
    try:
        if wanted is not None:
            wanted.mkdir(parents=True, exist_ok=True)
        writable = wanted is not None and os.access(wanted, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if writable:
        return
    os.environ["ROS_LOG_DIR"] = other = str(Path(tempfile.gettempdir()) / f"textfuse-logs-{os.getuid()}")
    if wanted is not None:
        logger.warning("ROS cannot write its logs to %s, so they go to %s; ROS_LOG_DIR names another", wanted, other)


def _log_folder() -> Path | None:
    """Where ROS keeps its logs, by its own rules; None without a home."""
    if folder := os.environ.get("ROS_LOG_DIR"):
        return Path(folder).expanduser()
    if folder := os.environ.get("ROS_HOME"):
        return Path(folder).expanduser() / "log"
    home = os.environ.get("HOME")
    return Path(home) / ".ros" / "log" if home else None
