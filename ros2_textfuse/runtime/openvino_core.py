"""OpenVINO of this process: loaded once, and how models are compiled with it."""

import functools
from typing import Any

from ros2_textfuse.runtime import telemetry

telemetry.switch_off()
import openvino  # noqa: E402  # it reports with its import


@functools.cache
def core() -> openvino.Core:
    """The one core that all of this process share, and that lives as long as it.

    OpenVINO's CPU plugin gives the thread that loads it a stack for signals, and takes it back when it is dropped. Two
    that are not dropped in the reverse order leave the thread with a stack that is gone: the next Ctrl-C ends the
    process with a segmentation fault.
    """
    return openvino.Core()


def compile_options(threads: int) -> dict[str, Any]:
    """How models are compiled here; 0 threads for OpenVINO's own choice."""
    # Pinned to cores, the engines of two processes would sit on the same ones.
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
    return {**options, "INFERENCE_NUM_THREADS": threads} if threads else options
