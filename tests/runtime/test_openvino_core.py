"""One core for all that a process compiles."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino", reason="OpenVINO is not installed")

EXCHANGED = """
import gc, signal
import numpy as np
from ros2_textfuse.runtime.openvino_core import compile_options, openvino
{take}

def compiled():
    parameter = openvino.opset8.parameter([1, 4], np.float32)
    model = openvino.Model([openvino.opset8.relu(parameter)], [parameter])
    return core().compile_model(model, "CPU", compile_options(1)).create_infer_request()

first, second = compiled(), compiled()
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("heard"))
signal.raise_signal(signal.SIGINT)
"""


def ended(take):
    script = EXCHANGED.format(take=take)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)


def test_a_signal_is_heard_after_engines_were_exchanged():
    """A core for each would leave the main thread a stack for signals that is gone: a segmentation fault."""
    shared = ended("from ros2_textfuse.runtime.openvino_core import core")
    assert (shared.returncode, shared.stdout) == (0, "heard\n"), shared.stderr
