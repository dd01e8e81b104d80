"""On what machine, and with which versions, figures were made."""

import importlib.metadata
import os
import platform
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from ros2_textfuse.runtime import environment

PACKAGES = (
    "torch",
    "openvino",
    "onnxruntime",
    "torch-tensorrt-rtx",
    "torch-tensorrt",
    "numpy",
    "opencv-python-headless",
    "rosbags",
    "ultralytics-opencv-headless",
)


def version() -> str:
    """The version of textfuse; package.xml is where it is written, and nowhere else."""
    return ElementTree.parse(environment.share_dir() / "package.xml").findtext("version", "")


def describe() -> dict[str, str]:
    """Names to values, for a report's reader; a package that is missing is left out."""
    found = {
        "textfuse": version(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
