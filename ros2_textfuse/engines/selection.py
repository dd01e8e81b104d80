"""The choice of an engine for this machine, from the fastest down."""

import ctypes
import importlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from ros2_textfuse.engines.base import Engine, EngineConfig, EngineError
from ros2_textfuse.engines.verification import DisagreementError, check_agreement
from ros2_textfuse.runtime import interrupts
from ros2_textfuse.settings import ENGINES

INSTALL = {
    "tensorrt": "pip install torch-tensorrt-rtx, or torch-tensorrt from NVIDIA's index or a JetPack image",
    "compile": "pip install triton",
    "openvino": "pip install openvino",
    "eager": "pip install torch",
}
MODULES = {name: f"ros2_textfuse.engines.{'torch_compile' if name == 'compile' else name}" for name in INSTALL}

logger = logging.getLogger(__name__)


def candidates() -> tuple[str, ...]:
    """The engines that `auto` tries on this machine, fastest first."""
    # A slow GPU engine still leaves the CPU to others; OpenVINO is there for a GPU that has no memory left.
    return (*ENGINES[:2], "eager", "openvino") if sees_cuda() else ("openvino", "eager")


def sees_cuda() -> bool:
    """Whether torch sees a CUDA device; it is not imported to be asked where no driver of one is installed."""
    if "torch" not in sys.modules and not _has_driver():
        return False
    import torch

    return torch.cuda.is_available()


def _has_driver() -> bool:
    if Path("/dev/kfd").exists():  # of AMD, whose devices torch calls CUDA as well
        return True
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def build_engine(name: str, config: EngineConfig) -> tuple[Engine, str]:
    """Build the engine called `name`, or with `auto` the fastest that this machine can build.

    An engine counts as built when it has fused a test pair to the image that eager float32 makes of it.

    Args:
        name: `auto` or one of ENGINES.
        config: network and image size.

    Returns:
        The engine, warmed up, and why faster ones were passed over (empty when none was), which is also logged as a
        warning.

    Raises:
        EngineError: the name is unknown, or the engine named, or with `auto` every engine, cannot be built.
    """
    if name not in ("auto", *ENGINES):
        raise EngineError(f"unknown engine '{name}': choose auto, {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
    failures: list[str] = []
    for candidate in candidates() if name == "auto" else (name,):
        try:
            with interrupts.not_swallowed():
                engine = _verified(importlib.import_module(MODULES[candidate]), config)
        except Exception as error:  # compilers raise whatever comes
            reason = (" ".join(str(error).split()) or type(error).__name__)[:500]
            cure = f"; cure: {INSTALL[candidate]}" if isinstance(error, ImportError) else ""
            failures.append(f"engine {candidate} cannot be built: {reason}{cure}")
            logger.debug("engine %s", candidate, exc_info=True)
            continue
        if failures:
            logger.warning("%s runs in place of a faster engine: %s", engine.name, "; ".join(failures))
        return engine, "; ".join(failures)
    raise EngineError("; ".join(failures))


def _verified(module: ModuleType, config: EngineConfig) -> Engine:
    """An engine of a module; where its own choice of a precision is not close enough, in float32.

    Raises:
        EngineError: it fuses another image than eager float32 does.
    """
    engine: Engine = module.build(config)
    try:
        check_agreement(engine, config)
    except DisagreementError as error:
        if config.precision:
            raise
        logger.warning("%s; building it in float32", error)
        return _verified(module, replace(config, precision="float32"))
    return engine
