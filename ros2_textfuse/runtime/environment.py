"""What a process needs in its environment before it imports rclpy."""

import os
import sys
import tempfile
from pathlib import Path

from ros2_textfuse.runtime import dds_profile, middleware


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
    """Set what is not set: where ROS packages are, where logs go without a home, and a Fast DDS profile with room.

    Fast DDS's own shared-memory segment holds less than one 640x480 image, and half of the images are lost.
    A profile of the user's own is left alone.

    Args:
        image: expected width and height in pixels.

    Raises:
        MiddlewareError: the middleware that RMW_IMPLEMENTATION asks for is not installed.
    """
    os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    if not any(os.environ.get(name) for name in ("HOME", "ROS_HOME", "ROS_LOG_DIR")):
        # ROS keeps its logs below the home folder, and does not start without one.
        os.environ["ROS_LOG_DIR"] = str(Path(tempfile.gettempdir()) / f"textfuse-logs-{os.getuid()}")
    middleware.require()
    if middleware.is_fastdds():
        dds_profile.set_profile(share_dir() / "config" / "fastdds.xml", image)
