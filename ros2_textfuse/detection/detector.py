"""Finds objects in an image with a YOLO network."""

import difflib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Union

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.detection.export import EXPORTS, exported
from ros2_textfuse.detection.types import Detection, DetectorError, check_image
from ros2_textfuse.detection.weights import NAME, WeightsError, find_weights
from ros2_textfuse.engines.selection import sees_cuda
from ros2_textfuse.runtime import interrupts

if TYPE_CHECKING:
    from ros2_textfuse.detection.openvino_boxes import OpenVINOBoxes
    from ros2_textfuse.detection.ultralytics_model import UltralyticsModel

Network = Union["OpenVINOBoxes", "UltralyticsModel"]

logger = logging.getLogger(__name__)

ENGINES = (*EXPORTS, "torch")
CONFIDENCE = 0.25  # score from which a detection is sure, where nobody says otherwise
STRIDE = 32  # the network halves the image five times


class Detector:
    """A YOLO network, loaded and warmed up once, then used on each image; of a kind that segments or not.

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
        gives_way: whether openvino works while nobody else wants the processor, as long as there is such time.

    Raises:
        WeightsError: the weights cannot be found, obtained or read.
        DetectorError: the engine cannot be built on this machine.
        ValueError: unknown engine or class name; confidence, image_size or threads out of range.
    """

    def __init__(
        self,
        weights: str | Path = NAME,
        engine: str = "auto",
        confidence: float = CONFIDENCE,
        classes: Iterable[str] = (),
        image_size: tuple[int, int] = (480, 640),
        threads: int = 0,
        gives_way: bool = False,
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
        self._gives_way = gives_way
        self._network = self._load(path, engine, threads)
        self._names = self._network.names
        self.classes = tuple(classes)
        logger.info("Detector %s: %s at %dx%d", path.name, self.engine_name, self._size[1], self._size[0])

    @property
    def engine_name(self) -> str:
        """What runs: one of ENGINES."""
        return self._engine

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels at which the network sees images."""
        return self._size[0], self._size[1]

    @property
    def segments(self) -> bool:
        """Whether detections have outlines."""
        return self._network.segments

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
        check_image(image)
        rows, outlines = self._network.find(image, self.confidence, self._class_ids)
        found = [
            Detection(self._names[int(number)], int(number), score, (left, top, right, bottom), outline=outline)
            for (left, top, right, bottom, score, number), outline in zip(rows.tolist(), outlines, strict=True)
        ]
        return sorted(found, key=lambda detection: -detection.score)

    def _load(self, path: Path, engine: str, threads: int) -> Network:
        """The network on its engine, warmed up; sets self._engine."""
        device = "cuda:0" if engine != "openvino" and sees_cuda() else "cpu"
        self._engine = ("openvino" if device == "cpu" else "tensorrt") if engine == "auto" else engine
        if self._engine in EXPORTS:
            try:
                with interrupts.not_swallowed():
                    return self._load_export(path, device, threads)
            except DetectorError as error:
                if engine != "auto":
                    raise
                logger.warning("The detector runs on torch, which is slower: %s", error)
        self._engine = "torch"
        from ros2_textfuse.detection.ultralytics_model import UltralyticsModel

        return UltralyticsModel(path, "", self._size, device, threads)

    def _load_export(self, path: Path, device: str, threads: int) -> Network:
        """The network exported for self._engine, from the cache or made now."""
        export = exported(self._engine, path, self._size, device)
        try:
            if self._engine == "openvino":
                from ros2_textfuse.detection.openvino_boxes import OpenVINOBoxes, metadata_of

                task = metadata_of(export)["task"]
                if task == "detect":
                    return OpenVINOBoxes(export, threads, self._gives_way)
            from ros2_textfuse.detection.ultralytics_model import UltralyticsModel
            from ros2_textfuse.detection.ultralytics_setup import read_weights

            return UltralyticsModel(export, read_weights(path).task, self._size, device, threads)
        except WeightsError:
            raise
        except Exception as error:  # ultralytics and the engines raise whatever comes
            raise DetectorError(f"{self._engine} cannot run the exported detector {export}: {error}") from error
