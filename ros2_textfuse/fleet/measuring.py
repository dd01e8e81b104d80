"""What is measured of a frame beside its fusion metrics: what it shows, so that a fleet can be sliced and mined."""

import math
import threading
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.batch.pairs import Pair
from ros2_textfuse.evaluation.metrics.regions import kept_in_regions
from ros2_textfuse.evaluation.offline.replay import Levels, Row, measure
from ros2_textfuse.fleet.boxes import StreamBoxes
from ros2_textfuse.imaging.camera_health import CameraHealth
from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.estimator import Estimator
from ros2_textfuse.scene.watch import DARKER, LIGHTS

WIDTH = 320  # pixels of the images that are kept
QUALITY = 82  # of their JPEG
SMALL = 160  # pixels, width at which motion is looked for
SCORED = {"SCD": 2.0, "VIF": 2.0, "Qabf": 1.0, "SSIM": 2.0}
"""Metrics against both cameras, and what each is for a perfect image."""


@dataclass
class FrameMeasure:
    """Measures frames, from any thread, and keeps the images of the worst one."""

    boxes: StreamBoxes | None = None
    """Looks for objects, where a detector is named."""
    estimator: Estimator = field(default_factory=Estimator)
    worst: tuple[float, int] = (math.inf, -1)
    """Score and number of the worst frame so far."""
    images: dict[str, bytes] = field(default_factory=dict)
    """JPEG of its three images, by column of the store."""
    lock: Any = field(default_factory=threading.Lock)

    def __call__(self, pair: Pair, fused: NDArray[np.uint8], levels: Levels, before: Levels | None) -> Row:
        """See `replay.Take`.

        Raises:
            ValueError: the images are too small for the metrics.
        """
        row: dict[str, Any] = dict(measure(pair, fused, levels, before))
        grey = levels.images
        row["retention"], row["salient"] = kept_in_regions(grey["visible"], grey["thermal"], grey["fused"])
        found = self.estimator(pair.visible, pair.thermal)
        named = found.named()
        row["brightness"] = float(found.brightness)
        row["light"] = LIGHTS[sum(found.brightness > level for level in DARKER)]
        row |= {f"condition_{name}": named.get(name, 0.0) for name in CONDITIONS}
        row["visible_fault"] = _fault(pair.visible, False, row["visible_change"])
        row["thermal_fault"] = _fault(pair.raw, True, row["thermal_change"])
        row["motion"] = _motion(before.images["visible"], grey["visible"]) if before else math.nan
        row["looks"] = looks(pair.visible, pair.thermal)
        row["score"] = _score(row)
        row |= self.boxes(pair.visible, pair.thermal, fused) if self.boxes else {}
        self._keep((row["score"], pair.number), pair, fused)
        return row

    def _keep(self, place: tuple[float, int], pair: Pair, fused: NDArray[np.uint8]) -> None:
        """Keep the images where they are the worst: the same whatever the order in which threads finish."""
        if place >= self.worst:
            return
        images = {
            f"image_{stream}": _jpeg(image)
            for stream, image in (("visible", pair.visible), ("fused", fused), ("thermal", pair.thermal))
        }
        with self.lock:
            if place < self.worst:
                self.worst, self.images = place, images


def looks(visible: NDArray[np.uint8], thermal: NDArray[np.uint8]) -> int:
    """64 bits of how a pair looks, uint8 RGB [H, W, 3] and uint8 [H, W]; near-duplicates differ in few of them."""
    grey = np.asarray(cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY), np.uint8)
    return _difference_hash(grey) << 32 | _difference_hash(thermal)


def _score(row: Row) -> float:
    """0..1, more is better: the mean of SCORED."""
    return float(np.mean([min(1.0, max(0.0, row[name] / best)) for name, best in SCORED.items()]))


def _fault(pixels: NDArray[Any], thermal: bool, change: float) -> str:
    health = CameraHealth(thermal)
    health.inspect(pixels, 0.0, math.inf)
    if health.fault is not None:
        return health.fault.kind
    return "frozen" if change == 0 else ""


def _motion(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> float:
    """Pixels by which the image moved as a whole."""
    if before.shape != now.shape:
        return math.nan
    height, width = now.shape
    size = (SMALL, max(1, round(SMALL * height / width)))
    last, new = (np.float32(cv2.resize(image, size, interpolation=cv2.INTER_AREA)) for image in (before, now))
    (dx, dy), _ = cv2.phaseCorrelate(last, new, cv2.createHanningWindow(size, cv2.CV_32F))
    return math.hypot(dx, dy) * width / SMALL


def _difference_hash(grey: NDArray[np.uint8]) -> int:
    """32 bits: whether each of 4 x 8 places is brighter than the next; two images of one moment differ in few."""
    small = cv2.resize(grey, (9, 4), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    height, width = image.shape[:2]
    if width > WIDTH:
        image = np.asarray(
            cv2.resize(image, (WIDTH, max(1, round(WIDTH * height / width))), interpolation=cv2.INTER_AREA)
        )
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
