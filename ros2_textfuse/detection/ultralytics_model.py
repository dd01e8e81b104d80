"""A YOLO network through ultralytics: with torch, with TensorRT, and where it segments."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics, read_weights

Outlines = list[NDArray[np.float32] | None]


class UltralyticsModel:
    """Finds boxes and, with a segmenting network, outlines.

    Args:
        path: of weights, or of an export of them.
        task: what an export is for; empty for weights, which say so themselves.
        size: (height, width) at which the network sees images.
        device: such as `cpu` or `cuda:0`.
        threads: CPU threads of OpenVINO, 0 for its own choice.

    Raises:
        WeightsError: weights cannot be read.
        Exception: whatever ultralytics and the engines raise.
    """

    def __init__(self, path: Path, task: str, size: list[int], device: str, threads: int) -> None:
        prepare_ultralytics()
        from ultralytics import YOLO

        if path.is_dir():  # ultralytics makes a core of its own for OpenVINO, which has to come after, and go before
            from ros2_textfuse.runtime.openvino_core import core

            core()
        self._size, self._device = size, device
        with _torch_threads_kept():  # ultralytics changes the count for the whole process
            self._model: Any = YOLO(path, task=task) if task else read_weights(path)
            self.find(np.zeros((*size, 3), np.uint8), 0.25, None)  # the first call allocates
            predictor: Any = self._model.predictor
            backend = predictor.model.backend
            self._on_openvino = hasattr(backend, "ov_compiled_model")
            if self._on_openvino:
                _compile_unpinned(backend, path, threads)
        self.names: dict[int, str] = self._model.names
        self.segments: bool = self._model.task == "segment"

    def find(
        self, image: NDArray[np.uint8], confidence: float, classes: list[int] | None
    ) -> tuple[NDArray[np.float32], Outlines]:
        """See `OpenVINOBoxes.find`; outlines are corners [N, 2] in pixels, None where the network does not segment."""
        with _torch_threads_kept():
            if getattr(self, "_on_openvino", False):
                # torch only scales the image and sorts boxes here; more threads than one win nothing at
                # that and spin while they wait, 10 ms of processor time per image.
                torch.set_num_threads(1)
            results = self._model.predict(
                cv2.cvtColor(image, cv2.COLOR_RGB2BGR),  # ultralytics takes arrays as OpenCV reads them
                imgsz=self._size,
                rect=False,  # the whole size with any engine, so that they see the same
                conf=confidence,
                classes=classes,
                device=self._device,
                verbose=False,
            )[0]
        rows: NDArray[np.float32] = results.boxes.data.cpu().numpy()
        return rows, results.masks.xy if results.masks else [None] * len(rows)


def _compile_unpinned(backend: Any, export: Path, threads: int) -> None:
    """Compile again what ultralytics' OpenVINO backend has compiled, with settings that it does not offer.

    It pins threads to cores, the same ones that the fusion engine's would be pinned to in another process.
    """
    from ros2_textfuse.runtime.openvino_core import core

    config = {**backend.compile_model.keywords["config"], "ENABLE_CPU_PINNING": False}
    if threads:
        config["INFERENCE_NUM_THREADS"] = threads
    settings = {**backend.compile_model.keywords, "config": config}
    backend.ov_compiled_model = core().compile_model(core().read_model(next(export.glob("*.xml"))), **settings)


@contextlib.contextmanager
def _torch_threads_kept() -> Iterator[None]:
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
