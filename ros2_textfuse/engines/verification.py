"""Whether an engine fuses as eager float32 does: a compiler's mistake must not become a wrong image.

When it is built by a test pair, and with each pair by whether the fused image shows anything.
"""

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.engines.base import Engine, EngineConfig, EngineError
from ros2_textfuse.engines.cache import CachedEngine
from ros2_textfuse.networks.source import inputs_of, modulation_of, reads_sentences

# uint8 levels; bf16 keeps 8 bits of a number, so a level of rounding is what it costs.
MEAN_TOLERANCE = 0.6
TAIL_TOLERANCE = 3  # at the 99.9th percentile
LEAST_CONTRAST = 8  # between the darkest and the brightest value of the fused test pair
SEEN = 32  # levels between the darkest and the brightest pixel of an image that shows something for certain
STRIDE = 17  # pixels between those that are looked at in each fused image: 10 us
MAX_PIXELS = 4_000_000  # the reference needs some 0.4 kB for each
MAX_PIXELS_OF_TEXTIF = 500_000  # and for this network 4 kB and 10 MFLOP


class DisagreementError(EngineError):
    """An engine fuses another image than eager float32 does."""


def check_agreement(engine: Engine, config: EngineConfig) -> None:
    """Fuse a test pair on the engine, which also warms it up, and compare with eager float32 on the CPU.

    Above MAX_PIXELS, or MAX_PIXELS_OF_TEXTIF, the engine is only warmed up, since the reference would take the memory
    of a small machine.

    Raises:
        DisagreementError: the images differ by more than rounding.
        EngineError: the reference shows nothing to compare.
    """
    visible, thermal = check_pair(config.height, config.width)
    features = np.full((1, inputs_of(config.source)), 0.2, np.float32)
    modulation = modulation_of(config.source, features)
    fused = np.empty_like(visible)
    engine.run(visible, thermal, modulation, fused)
    if thermal.size > (MAX_PIXELS_OF_TEXTIF if reads_sentences(config.source) else MAX_PIXELS):
        return
    # Another pair, as another NumPy may draw it, is compared with a reference of its own.
    key = hashlib.sha256(b"".join(part.tobytes() for part in (visible, thermal, features))).hexdigest()
    expected = _reference(config, visible, thermal, modulation, key)
    if int(np.ptp(expected)) < LEAST_CONTRAST:  # then any engine agrees, whatever it does
        raise EngineError(
            f"eager float32 fuses a test pair of every brightness to one grey, {int(expected.min())} of 255: the "
            "weights are no trained network's; train or export them again"
        )
    mean, tail = difference(fused, expected)
    if mean > MEAN_TOLERANCE or tail > TAIL_TOLERANCE:
        raise DisagreementError(
            f"{engine.name} fuses a test pair to another image than eager float32 does: they differ by {mean:.2f} of "
            f"255 levels in the mean ({MEAN_TOLERANCE} is allowed), by {tail:.0f} at the 99.9th percentile "
            f"({TAIL_TOLERANCE} is allowed)"
        )


def check_shows(fused: NDArray[np.uint8], visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> None:
    """See to it that a fused image is not one colour while its cameras see something: for every image, so in 10 us.

    Args:
        fused: uint8 RGB [H, W, 3].
        visible: uint8 RGB [H, W, 3].
        thermal: uint8 [H, W].

    Raises:
        EngineError: it is, so that it must not be published.
    """
    if (_some(fused) == fused[0, 0]).all() and max(_contrast(visible), _contrast(thermal)) >= SEEN:
        raise EngineError(
            f"the fused image is one colour, {fused[0, 0].tolist()}, and the cameras' images are not: the weights or "
            "the engine are damaged; name other weights, or the engine eager, to find out which"
        )


def _contrast(image: NDArray[np.uint8]) -> int:
    """Levels between the darkest and the brightest of some of the pixels."""
    return int(np.ptp(_some(image), axis=(0, 1)).max(initial=0))


def _some(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every STRIDE-th pixel of an image of any size, one at least."""
    top, left = (min(STRIDE, side) // 2 for side in image.shape[:2])
    return image[top::STRIDE, left::STRIDE]


def _reference(
    config: EngineConfig,
    visible: NDArray[np.uint8],
    thermal: NDArray[np.uint8],
    modulation: NDArray[np.float32],
    key: str,
) -> NDArray[np.uint8]:
    """What eager float32 makes of the test pair, kept beside the engines: to make it takes longer than to load one."""
    kept = CachedEngine("reference", config, "float32", f"cpu {key}", ("torch",))
    if stored := kept.load():
        return np.frombuffer(stored, np.uint8).reshape(visible.shape)
    import torch

    from ros2_textfuse.engines.image_graph import ImageGraph

    graph = ImageGraph(config.network, config.height, config.width)
    with torch.inference_mode():
        expected: NDArray[np.uint8] = graph(*map(torch.from_numpy, (visible, thermal, modulation))).numpy()
    kept.store(expected.tobytes())
    return expected


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and 99.9th percentile of the absolute difference of two images, in uint8 levels."""
    levels = cv2.absdiff(a, b)
    return float(levels.mean()), float(np.percentile(levels, 99.9))


def check_pair(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A pair with soft and hard structure of every brightness, the same each time.

    Returns:
        visible uint8 [H, W, 3] and thermal uint8 [H, W].
    """
    random = np.random.default_rng(0)
    coarse = random.integers(0, 216, (height // 40 + 2, width // 40 + 2, 4), np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    image += np.where(np.indices((height, width)).sum(0)[..., None] % 32 < 8, 40, 0).astype(np.uint8)
    return np.ascontiguousarray(image[..., :3]), np.ascontiguousarray(image[..., 3])
