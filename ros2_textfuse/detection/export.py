"""The detector's weights exported for an engine, once, and kept in the cache folder."""

import hashlib
import importlib.metadata
import importlib.util
import logging
import shutil
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ros2_textfuse.detection.types import DetectorError
from ros2_textfuse.detection.ultralytics_setup import prepare_ultralytics, read_weights, ultralytics_version
from ros2_textfuse.detection.weights import WeightsError, sha256
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

# What each engine needs to be installed, and what ultralytics exports the weights to and with for it.
REQUIRES = {"tensorrt": "tensorrt", "openvino": "openvino"}
EXPORTS: dict[str, dict[str, Any]] = {
    "tensorrt": {"format": "engine", "quantize": 16},
    "openvino": {"format": "openvino"},
}
CHECKSUMS = "textfuse.sha256"


def exported(engine: str, weights: Path, size: Sequence[int], device: str) -> Path:
    """The weights exported for an engine, from the cache or made now: seconds of work, minutes for tensorrt.

    Args:
        engine: a key of EXPORTS.
        weights: an ultralytics .pt file.
        size: (height, width) in pixels, multiples of 32.
        device: that it will run on, such as `cpu` or `cuda:0`.

    Returns:
        What ultralytics loads: a file (tensorrt) or a folder (openvino).

    Raises:
        DetectorError: the engine is not on this machine, or the export failed or cannot be kept.
        WeightsError: the weights cannot be read.
    """
    if engine == "tensorrt" and device == "cpu":
        raise DetectorError("tensorrt needs a CUDA device, and torch sees none")
    if importlib.util.find_spec(REQUIRES[engine]) is None:
        raise DetectorError(f"{engine} is not installed; cure: pip install {REQUIRES[engine]}")
    folder = cache_dir() / f"{weights.stem}_{size[0]}x{size[1]}_{_key(engine, weights, size, device)}_{engine}"
    if not _intact(folder):
        if folder.exists():
            logger.warning("The exported detector %s is damaged and is built again", folder)
        _export(engine, weights, list(size), device, folder)
    return next(file for file in folder.iterdir() if file.name != CHECKSUMS)


def _key(engine: str, weights: Path, size: Sequence[int], device: str) -> str:
    parts = [sha256(weights), *map(str, size), str(EXPORTS[engine])]
    parts += [importlib.metadata.version(name) for name in ("torch", REQUIRES[engine])]
    parts.append(ultralytics_version())
    if engine == "tensorrt":
        import torch

        parts.append(torch.cuda.get_device_name(device))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def _export(engine: str, path: Path, size: list[int], device: str, export: Path) -> None:
    """Export the weights for an engine into the folder `export`, which appears complete or not at all."""
    expected = "some minutes" if engine == "tensorrt" else "some seconds"
    logger.info("Exporting %s for %s at %dx%d, %s, once", path.name, engine, size[1], size[0], expected)
    started = time.monotonic()
    prepare_ultralytics()
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=export.parent) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about torch's tracing, which is ultralytics' choice
            copy = Path(folder) / path.name  # ultralytics writes its export beside the weights
            shutil.copyfile(path, copy)
            made = Path(read_weights(copy).export(imgsz=size, device=device, verbose=False, **EXPORTS[engine]))
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
