"""A fusion network on one engine: built, compared, timed, loaded again."""

import importlib
import importlib.util
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse import Fuser
from ros2_textfuse.engines import EngineConfig
from ros2_textfuse.engines.selection import MODULES
from ros2_textfuse.engines.verification import TAIL_TOLERANCE, check_pair, difference
from ros2_textfuse.networks.textif import TextIF, TextIFConfig
from ros2_textfuse.networks.weights import load_network
from ros2_textfuse.recordings.simulated_scene import still
from tools.gpu_check import device
from tools.gpu_check.cases import Case

Image = NDArray[np.uint8]
PROMPT: dict[str, Any] = {"balance": 0.8}  # one that changes every image, and lets fuse() do what it did before


def pair(width: int, height: int) -> tuple[Image, Image]:
    """A simulated street where ultralytics and its photograph are installed, else the pattern of verification."""
    return still((height, width)) if importlib.util.find_spec("ultralytics") else check_pair(height, width)


class CountingFuser(Fuser):
    """A Fuser that counts its builds."""

    builds = 0

    def prepare(self, height: int, width: int) -> None:
        """See `Fuser.prepare`."""
        self.builds += 1
        super().prepare(height, width)


def measure(case: Case, limit: float) -> tuple[dict[str, Any], Image]:
    """One row of the result, and the fused image.

    Args:
        case: of a network that takes prompts.
        limit: seconds of timing, each.

    Raises:
        ValueError: an image is not what it ought to be.
        Exception: whatever compilers raise.
    """
    visible, thermal = pair(case.width, case.height)
    row, fused = _built(case, visible, thermal, limit)
    device.release()
    again = Fuser(case.model, case.engine, precision=case.precision)
    row["load_s"] = round(device.seconds(lambda: again.prepare(case.height, case.width)), 2)
    _near(again.fuse(visible, thermal), fused, "the image of the engine from the cache")
    return row, fused


def _built(case: Case, visible: Image, thermal: Image, limit: float) -> tuple[dict[str, Any], Image]:
    """What there is to say of the engine as it is built first, and its image; nothing of it stays in memory."""
    expected, prompted = _eager(case, visible, thermal)
    memory = device.Memory()
    fuser = CountingFuser(case.model, case.engine, precision=case.precision)
    row: dict[str, Any] = {"build_s": round(device.seconds(lambda: fuser.prepare(case.height, case.width)), 2)}
    row["runs"] = fuser.engine_name
    fused, after = np.empty_like(visible), np.empty_like(visible)
    fuser.fuse(visible, thermal, out=fused)
    row["levels_mean"], row["levels_p999"] = _near(fused, expected, "the fused image")
    row |= device.spread(device.timed(lambda: fuser.fuse(visible, thermal, out=fused), limit), "fuse")
    if torch.cuda.is_available():
        row |= device.spread(_on_device(fuser, visible, thermal, fused, limit), "device")
    fuser.set_prompt(**PROMPT)
    row["first_after_prompt_ms"] = round(1e3 * device.seconds(lambda: fuser.fuse(visible, thermal, out=after)), 3)
    row["prompt_levels_mean"], _ = _near(after, prompted, "the image after a prompt")
    if fuser.builds != 1:
        raise ValueError(f"a prompt built the engine anew: it was built {fuser.builds} times")
    return row | memory.figures(), fused


def measure_textif(case: Case, limit: float) -> tuple[dict[str, Any], Image]:
    """One row for the paper's own network, whose engine is timed by itself: its prompts need CLIP's vocabulary.

    With random weights, if `case.weights` is None: cost and memory are the same, the image is none.
    """
    visible, thermal = pair(case.width, case.height)
    torch.manual_seed(0)
    network = load_network(case.weights) if case.weights else TextIF(TextIFConfig()).eval()
    with torch.inference_mode():
        modulation = network.modulation(torch.full((1, network.config.inputs), 0.2)).numpy()
    config = EngineConfig(network, case.height, case.width, precision=case.precision)
    memory = device.Memory()
    built: list[Any] = []
    build = importlib.import_module(MODULES[case.engine]).build
    row: dict[str, Any] = {"weights": str(case.weights.name if case.weights else "random")}
    row["build_s"] = round(device.seconds(lambda: built.append(build(config))), 2)
    row["runs"] = built[0].name
    fused = np.empty_like(visible)
    row |= device.spread(device.timed(lambda: built[0].run(visible, thermal, modulation, fused), limit), "fuse")
    return row | memory.figures(), fused


def _eager(case: Case, visible: Image, thermal: Image) -> tuple[Image, Image]:
    """What eager float32 makes of the pair without a prompt, and with PROMPT."""
    fuser = Fuser(case.model, "eager")
    expected = fuser.fuse(visible, thermal)
    fuser.set_prompt(**PROMPT)
    prompted = fuser.fuse(visible, thermal)
    if np.array_equal(expected, prompted):
        raise ValueError("the prompt changes nothing, so that nothing is shown by it")
    return expected, prompted


def _near(image: Image, expected: Image, what: str) -> tuple[float, float]:
    mean, tail = difference(image, expected)
    if tail > TAIL_TOLERANCE:
        raise ValueError(f"{what} is another one: {mean:.2f} levels apart in the mean, {tail:g} at 99.9 %")
    return round(mean, 3), tail


def _on_device(fuser: Fuser, visible: Image, thermal: Image, fused: Image, limit: float) -> list[float]:
    """Milliseconds of a pair that lies on the device."""
    tensors = torch.from_numpy(visible).cuda(), torch.from_numpy(thermal).cuda()
    out = torch.empty_like(tensors[0])
    times = device.timed(lambda: fuser.fuse_on_device(*tensors, out), limit)
    _near(out.cpu().numpy(), fused, "the image of tensors on the device")
    return times
