"""Finds objects in an image with a YOLO network, through ultralytics."""

import colorsys
import contextlib
import difflib
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse.detection.weights import NAME, WeightsError, find_weights, sha256
from ros2_textfuse.runtime import interrupts, telemetry
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

# What each engine needs to be installed, and what ultralytics exports the weights to and with for it.
REQUIRES = {"tensorrt": "tensorrt", "openvino": "openvino"}
EXPORTS: dict[str, dict[str, Any]] = {
    "tensorrt": {"format": "engine", "quantize": 16},
    "openvino": {"format": "openvino"},
}
ENGINES = (*EXPORTS, "torch")
STRIDE = 32  # the network halves the image five times
CHECKSUMS = "textfuse.sha256"


class DetectorError(RuntimeError):
    """The detector cannot be built on this machine; the message names the cure."""


@dataclass(frozen=True)
class Detection:
    """One object in an image."""

    name: str
    """Class name, for instance "person"."""
    class_id: int
    """The class's number in the weights (COCO: 0..79)."""
    score: float
    """0..1."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the image given to detect(); 0 <= x <= W, 0 <= y <= H."""


class Detector:
    """A YOLO network, loaded and warmed up once, then used on each image.

    Args:
        weights: "yolo26n.pt" (obtained when missing, see detector_weights) or the path of an ultralytics .pt
            file.
        engine: "tensorrt" (on a CUDA device), "openvino" (on the CPU), "torch" (on a CUDA device, else the CPU),
            or "auto": tensorrt where there is a CUDA device, else openvino; where that cannot be had, torch, with
            the reason in a warning. The first use of tensorrt or openvino with some weights and size exports them:
            seconds of work, minutes with tensorrt, kept in the cache folder.
        confidence: least score of a detection, 0..1. May be set later.
        classes: names of the classes to report, all when empty. May be set later.
        image_size: (height, width) in pixels at which the network sees images, rounded up to multiples of
            32. Images of other sizes are scaled with their proportions kept, and padded.
        threads: CPU threads of openvino, 0 for its own choice. torch's count belongs to the process
            (torch.set_num_threads) and is left alone.

    Raises:
        WeightsError: the weights cannot be found, obtained or read.
        DetectorError: the engine cannot be built on this machine.
        ValueError: unknown engine or class name; confidence, image_size or threads out of range.
    """

    def __init__(
        self,
        weights: str | Path = NAME,
        engine: str = "auto",
        confidence: float = 0.25,
        classes: Iterable[str] = (),
        image_size: tuple[int, int] = (480, 640),
        threads: int = 0,
    ) -> None:
        if engine not in ("auto", *ENGINES):
            raise ValueError(f"unknown engine '{engine}': choose auto, {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence is {confidence}; it lies in 0..1")
        if not isinstance(image_size, Sequence) or len(image_size) != 2 or min(image_size) < 1:
            raise ValueError(f"image_size is {image_size}; it is (height, width) in pixels")
        if threads < 0:
            raise ValueError(f"threads is {threads}; it is 0 (the engine's choice) or more")
        self.confidence = confidence
        self._class_ids: list[int] | None = None  # all
        self._size = [-(-side // STRIDE) * STRIDE for side in image_size]
        path = find_weights(weights)
        _prepare_ultralytics()
        with _torch_threads_kept():  # ultralytics changes the count for the whole process
            self._model = self._load(path, engine, threads)
        self._names: dict[int, str] = self._model.names
        self.classes = tuple(classes)
        logger.info("Detector %s: %s at %dx%d", path.name, self.engine_name, self._size[1], self._size[0])

    @property
    def engine_name(self) -> str:
        """What runs: one of ENGINES."""
        return self._engine

    @property
    def names(self) -> tuple[str, ...]:
        """Every class the weights know."""
        return tuple(self._names.values())

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes to report; empty for all."""
        return self._classes

    @classes.setter
    def classes(self, classes: Iterable[str]) -> None:
        classes = tuple(classes)
        ids = {name: number for number, name in self._names.items()}
        for name in classes:
            if name not in ids:
                near = difflib.get_close_matches(name, ids)
                hint = f"did you mean {' or '.join(near)}?" if near else f"it knows {', '.join(ids)}"
                raise ValueError(f"the detector knows no class '{name}'; {hint}")
        self._classes = classes
        self._class_ids = [ids[name] for name in classes] or None

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """The objects in an image, highest score first.

        Args:
            image: uint8 RGB [H, W, 3] of any size.

        Raises:
            TypeError: the dtype is not uint8.
            ValueError: the shape is not [H, W, 3].
        """
        _check_image(image)
        with _torch_threads_kept():
            if self._engine == "openvino":
                # torch only scales the image and sorts boxes here; more threads than one win nothing at
                # that and spin while they wait, 10 ms of processor time per image.
                torch.set_num_threads(1)
            boxes = self._predict(self._model, image)
        values = boxes.data.cpu().numpy().tolist()
        found = [
            Detection(self._names[int(number)], int(number), score, (left, top, right, bottom))
            for left, top, right, bottom, score, number in values
        ]
        return sorted(found, key=lambda detection: -detection.score)

    def draw(self, image: NDArray[np.uint8], detections: Sequence[Detection]) -> NDArray[np.uint8]:
        """A copy of the image with a box and a label ("person 87%") for each detection.

        Args:
            image: uint8 RGB [H, W, 3]; left as it is.
            detections: what detect() found in it.

        Returns:
            uint8 RGB [H, W, 3].

        Raises:
            TypeError: the dtype is not uint8.
            ValueError: the shape is not [H, W, 3].
        """
        _check_image(image)
        canvas = np.array(image, order="C")
        height, width = canvas.shape[:2]
        line = max(1, round(min(height, width) / 240))
        scale = max(0.4, min(height, width) / 1000)
        for detection in reversed(detections):  # the surest on top
            left, top, right, bottom = (round(value) for value in detection.box)
            colour = _colour(detection.class_id)
            cv2.rectangle(canvas, (left, top), (right, bottom), colour, line)
            label = f"{detection.name} {detection.score:.0%}"
            (text_width, text_height), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
            x = max(0, min(left, width - text_width - 4))  # a label stays within the canvas
            y = max(top, text_height + below + 2)
            corner = (x + text_width + 4, y - text_height - below - 2)
            cv2.rectangle(canvas, (x, y), corner, colour, cv2.FILLED)
            origin = (x + 2, y - below)
            cv2.putText(canvas, label, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
        return canvas

    def _load(self, path: Path, engine: str, threads: int) -> Any:
        """The model on its engine, warmed up; sets self._engine."""
        cuda = torch.cuda.is_available() and engine != "openvino"
        self._device = torch.device("cuda:0" if cuda else "cpu")
        exported = ("tensorrt" if cuda else "openvino") if engine == "auto" else engine
        if exported in EXPORTS:
            try:
                with interrupts.not_swallowed():
                    return self._load_export(exported, path, threads)
            except DetectorError as error:
                if engine != "auto":
                    raise
                logger.warning("The detector runs on torch, which is slower: %s", error)
        self._engine = "torch"
        model = _read(path)
        self._predict(model, np.zeros((*self._size, 3), np.uint8))  # the first call allocates
        return model

    def _load_export(self, engine: str, path: Path, threads: int) -> Any:
        """The model exported for tensorrt or openvino, from the cache or made now."""
        if engine == "tensorrt" and self._device.type == "cpu":
            raise DetectorError("tensorrt needs a CUDA device, and torch sees none")
        if importlib.util.find_spec(REQUIRES[engine]) is None:
            raise DetectorError(f"{engine} is not installed; cure: pip install {REQUIRES[engine]}")
        self._engine = engine
        parts = [sha256(path), *map(str, self._size), str(EXPORTS[engine])]
        parts += [importlib.metadata.version(name) for name in ("torch", REQUIRES[engine])]
        parts.append(_ultralytics_version())
        if engine == "tensorrt":
            parts.append(torch.cuda.get_device_name(self._device))
        key = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
        folder = cache_dir() / f"{path.stem}_{self._size[0]}x{self._size[1]}_{key}_{engine}"
        if not _intact(folder):
            if folder.exists():
                logger.warning("The exported detector %s is damaged and is built again", folder)
            _export(engine, path, self._size, str(self._device), folder)
        from ultralytics import YOLO

        export = next(file for file in folder.iterdir() if file.name != CHECKSUMS)
        try:
            model: Any = YOLO(export, task="detect")
            self._predict(model, np.zeros((*self._size, 3), np.uint8))
        except Exception as error:  # ultralytics and the engines raise whatever comes
            raise DetectorError(f"{engine} cannot run the exported detector {export}: {error}") from error
        if engine == "openvino":
            _compile_unpinned(model.predictor.model.backend, export, threads)
        return model

    def _predict(self, model: Any, image: NDArray[np.uint8]) -> Any:
        results = model.predict(
            cv2.cvtColor(image, cv2.COLOR_RGB2BGR),  # ultralytics takes arrays as OpenCV reads them
            imgsz=self._size,
            rect=False,  # the whole image_size with either engine, so that they see the same
            conf=self.confidence,
            classes=self._class_ids,
            device=self._device,
            verbose=False,
        )
        return results[0].boxes


def _compile_unpinned(backend: Any, export: Path, threads: int) -> None:
    """Compile again what ultralytics' OpenVINO backend has compiled, with settings that it does not offer.

    It pins threads to cores, the same ones that the fusion engine's would be pinned to in another process.
    """
    config = {**backend.compile_model.keywords["config"], "ENABLE_CPU_PINNING": False}
    if threads:
        config["INFERENCE_NUM_THREADS"] = threads
    network = backend.ov.Core().read_model(next(export.glob("*.xml")))
    backend.ov_compiled_model = backend.compile_model(network, config=config)


@contextlib.contextmanager
def _torch_threads_kept() -> Iterator[None]:
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _check_image(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8:
        raise TypeError(f"the image is {image.dtype}; the detector takes uint8 RGB")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"the image has the shape {list(image.shape)}; the detector takes [H, W, 3]")


def _colour(class_id: int) -> tuple[int, int, int]:
    """A light colour of its own for each class: black text reads on it, and it shows in a dark image."""
    red, green, blue = colorsys.hsv_to_rgb(0.11 + class_id * 0.618034 % 1, 0.65, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def _prepare_ultralytics() -> None:
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


def _ultralytics_version() -> str:
    return str(importlib.import_module("ultralytics").__version__)  # several distributions carry the module


def _read(path: Path) -> Any:
    """The weights as an ultralytics model."""
    from ultralytics import YOLO

    try:
        model = YOLO(path, task="detect")
    except Exception as error:  # a damaged pickle raises whatever comes
        raise WeightsError(
            f"{path.name} cannot be read as a detector's weights ({type(error).__name__}: {error}). It is "
            "damaged, not made by ultralytics, or holds code of its own; for code that you trust set "
            "ULTRALYTICS_SAFE_LOAD=false."
        ) from error
    if model.task != "detect":
        raise WeightsError(f"{path.name} holds a network for the task '{model.task}'; a detector is needed")
    return model


def _export(engine: str, path: Path, size: list[int], device: str, export: Path) -> None:
    """Export the weights for an engine into the folder `export`, which appears complete or not at all."""
    expected = "some minutes" if engine == "tensorrt" else "some seconds"
    logger.info("Exporting %s for %s at %dx%d, %s, once", path.name, engine, size[1], size[0], expected)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=export.parent) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about torch's tracing, which is ultralytics' choice
            copy = Path(folder) / path.name  # ultralytics writes its export beside the weights
            shutil.copyfile(path, copy)
            made = Path(_read(copy).export(imgsz=size, device=device, verbose=False, **EXPORTS[engine]))
            whole = Path(folder) / "whole"
            whole.mkdir()
            made.rename(whole / made.name)  # ultralytics knows the format by the end of this name
            files = sorted(file for file in whole.rglob("*") if file.is_file())
            (whole / CHECKSUMS).write_text("".join(f"{sha256(file)}  {file.relative_to(whole)}\n" for file in files))
            if not _intact(export):  # else another process was first
                shutil.rmtree(export, ignore_errors=True)
                whole.rename(export)
    except WeightsError:
        raise
    except OSError as error:
        raise DetectorError(f"the exported detector cannot be kept in {export.parent} ({error})") from error
    except Exception as error:  # the exporter raises whatever comes
        raise DetectorError(f"{path} cannot be exported for {engine}: {error}") from error
    logger.info("Exported to %s in %.1f s", export, time.monotonic() - started)


def _intact(export: Path) -> bool:
    """Whether the exported files are the ones once written: a power cut can leave a file full of zeros."""
    try:
        lines = [line.split("  ") for line in (export / CHECKSUMS).read_text().splitlines()]
        return bool(lines) and all(sha256(export / name) == digest for digest, name in lines)
    except (OSError, ValueError):
        return False
