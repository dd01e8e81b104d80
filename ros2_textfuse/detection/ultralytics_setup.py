"""ultralytics made quiet, local and able to run, and its reader of weights."""

import contextlib
import importlib
import importlib.metadata
import logging
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.detection.weights import WeightsError
from ros2_textfuse.runtime import telemetry
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

DISTRIBUTIONS = ("ultralytics-opencv-headless", "ultralytics")  # both are imported as ultralytics
TASKS = ("detect", "segment")  # both find boxes; the second one outlines as well


def prepare_ultralytics() -> None:
    """Make ultralytics quiet, local and able to run; every setting of the user's own is left alone."""
    settings = {
        "YOLO_AUTOINSTALL": "false",  # it would install packages over the ones that ROS was tested with
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(cache_dir()),
        "ULTRALYTICS_SAFE_LOAD": "true",  # weights are read as data: a file cannot run code
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    telemetry.switch_off()
    try:
        ultralytics = importlib.import_module("ultralytics")
    except ImportError as error:
        raise DetectorError(
            f"ultralytics cannot be imported ({error}); cure: pip install ultralytics-opencv-headless"
        ) from error
    logging.getLogger("ultralytics").setLevel(logging.WARNING)
    if os.environ["YOLO_CONFIG_DIR"] == str(cache_dir()) and ultralytics.settings["sync"]:
        ultralytics.settings.update(sync=False)  # the file's default says yes, to whoever reads it next
    _replace_broken_torchvision()


def _replace_broken_torchvision() -> None:
    """Stand in for a torchvision whose operators are missing.

    PyPI's torchvision beside a CPU build of torch fails to import ("operator torchvision::nms does not
    exist"), and ultralytics imports it before the first prediction although it carries a suppression of its
    own. That one function is all that it takes from torchvision to predict.
    """
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        from ultralytics.utils.nms import TorchNMS

        stand_in: Any = ModuleType("torchvision")
        stand_in.__version__ = importlib.metadata.version("torchvision")
        stand_in.ops = SimpleNamespace(nms=TorchNMS.nms)
        sys.modules["torchvision"] = stand_in
        logger.debug("torchvision is replaced by ultralytics' own suppression: %s", error)


def ultralytics_version() -> str:
    """Of whichever of its distributions is installed, without importing it.

    Raises:
        DetectorError: neither is.
    """
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    raise DetectorError(f"ultralytics is not installed; cure: pip install {DISTRIBUTIONS[0]}")


def read_weights(path: Path) -> Any:
    """Weights as an ultralytics model.

    Raises:
        WeightsError: they are damaged, hold code, or are of another task than detection.
    """
    from ultralytics import YOLO

    try:
        model = YOLO(path)
    except Exception as error:  # a damaged pickle raises whatever comes
        raise WeightsError(
            f"{path.name} cannot be read as a detector's weights ({type(error).__name__}: {error}). It is "
            "damaged, not made by ultralytics, or holds code of its own; for code that you trust set "
            "ULTRALYTICS_SAFE_LOAD=false."
        ) from error
    if model.task not in TASKS:
        raise WeightsError(f"{path.name} holds a network for the task '{model.task}'; a detector is needed")
    return model
