"""Two simulated cameras around the real fusion node, and an eye on what it publishes.

Both cameras are a thread of the test's process that publishes over DDS. The thermal camera sees a hot square that
stands in another quadrant with each image, the visible one a dim wall with its sensor's noise, so that the hot
quadrant of a fused image tells which thermal image is in it. Thermal stamps are 3 ms late, so that a stamp tells
the camera.
"""

import functools
import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image
from textfuse.msg import FusionStatus

from ros2_textfuse.imaging import encodings
from ros2_textfuse.sync.pairing import stamp_ns
from tests.helpers.graph import START, Graph

RATE = 15.0  # Hz
PERIOD = round(1e9 / RATE)  # ns
WIDTH, HEIGHT = 320, 240
THERMAL_LATE = 3_000_000  # ns
SLOP = 20_000_000  # ns, the node's default
SET_BACK = 1_000_000_000  # ns; stamps that go back by more are those of a clock that was set back
OLDEST = round(RATE)  # turns that the cameras may have had since the image that comes out now: a second
PATIENCE = 15.0  # s

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR

Spoil = Callable[[Image, int], Iterable[Image]]
"""What a fault makes of a camera's image and its number: none, one, or several."""


@functools.lru_cache(maxsize=64)
def visible_pixels(number: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A dim wall of brick, uint8 [H, W, 3]."""
    rows, columns = np.mgrid[:height, :width]
    wall = (70 + 25 * np.sin(rows / 9) * np.sin(columns / 13))[..., None] * (1.0, 0.75, 0.5)
    return (wall + _noise(number, height, width, 3)).astype(np.uint8)


@functools.lru_cache(maxsize=64)
def thermal_pixels(number: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A hot square in quadrant `number % 4`, uint8 [H, W]."""
    pixels = 40 + _noise(number, height, width)
    pixels[_square(number % 4, height, width)] += 180
    return pixels.astype(np.uint8)


def _noise(number: int, *shape: int) -> NDArray[np.int64]:
    return np.random.default_rng(number).integers(-3, 4, shape)


def _square(quadrant: int, height: int, width: int, margin: int = 4) -> tuple[slice, slice]:
    """The middle of a quadrant; it begins 1 / `margin` of the quadrant away from its edge."""
    row, column = divmod(quadrant, 2)
    h, w = height // 2, width // 2
    return (
        slice(row * h + h // margin, (row + 1) * h - h // margin),
        slice(column * w + w // margin, (column + 1) * w - w // margin),
    )


def hot_quadrant(pixels: NDArray) -> int | None:
    """The quadrant whose middle is far brighter than that of the others; None where there is none."""
    grey = pixels[..., 1] if pixels.ndim == 3 else pixels
    if grey.dtype != np.uint8:
        grey = np.nan_to_num(grey.astype(np.float64), posinf=0, neginf=0)
        low, high = np.percentile(grey[::4, ::4], (1, 99))
        grey = 255 * (grey - low) / max(high - low, 1e-6)
    means = sorted((float(grey[_square(quadrant, *grey.shape, margin=3)].mean()), quadrant) for quadrant in range(4))
    return means[-1][1] if means[-1][0] - means[-2][0] > 50 else None


def is_marked(pixels: NDArray[np.uint8]) -> bool:
    """Whether a fused image has the amber border of pass-through."""
    red, green, blue = np.concatenate([pixels[:2].reshape(-1, 3), pixels[:, :2].reshape(-1, 3)]).mean(axis=0)
    return bool(red > 180 and 90 < green < 220 and blue < 90)


@dataclass(frozen=True)
class Sent:
    """A usable image that a camera sent."""

    tick: int
    settings: int  # how often the camera's clock was set back before it
    quadrant: int | None
    blinding: bool  # nothing of the thermal image is seen through it


@dataclass(frozen=True)
class Fused:
    """An image that came out."""

    stamp: int
    pixels: NDArray[np.uint8]
    frame_id: str
    tick: int  # of the cameras, when it came

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]


class Rig(Graph):
    """A graph with two cameras that run at 15 Hz from begin to end, and fusion, which may be started anew."""

    topics = {name: Graph.topics[name] for name in ("fused", "detections", "status")}  # noqa: RUF012

    def __init__(self, logs: Path) -> None:
        super().__init__(logs)
        self.process: subprocess.Popen | None = None
        self.parameters: dict[str, object] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._tick = 0
        self._spoils: dict[str, Spoil] = {}
        self.drivers: dict[str, Callable[[Image], None]] = {}
        """By camera: what publishes its images, in place of the raw topic."""
        self._usable = True
        self._sent: dict[str, dict[int, Sent]] = {"visible": {}, "thermal": {}}
        self._newest = dict.fromkeys(self._sent, 0)
        self._settings = dict.fromkeys(self._sent, 0)
        self._last: tuple[int, dict[str, int]] = 0, dict.fromkeys(self._sent, 0)
        self._well = False  # since the last fault
        self._other_qos: set[str] = set()
        self._began = 0, 0
        self.before = FusionStatus()
        """The last status before the fault."""

    def __enter__(self) -> "Rig":
        super().__enter__()
        self._film = threading.Thread(target=self._run_cameras)
        self._film.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._film.join()
        super().__exit__(*exception)

    # Fusion ---------------------------------------------------------------------------------------------------------

    def run_fusion(self, **parameters: object) -> None:
        """Start fusion, in place of the one that runs, and wait until it is active."""
        self._well = False
        self.kill_fusion()
        self.parameters = parameters
        # That a machine is busy is no fault of these.
        usual = {"width": WIDTH, "height": HEIGHT, "max_drop_share": 1.0, "max_latency": 60.0}
        self.process = self.start("fusion", **usual | parameters)
        before = len(self.seen["status"])
        self.wait(lambda: len(self.seen["status"]) > before, START, "fusion is not active")

    def kill_fusion(self) -> None:
        """End fusion at once, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def make_ready(self, **parameters: object) -> None:
        """See to it that fusion runs with these parameters and is well, whatever the last test left behind."""
        for camera in self._sent:
            if camera not in self._cameras or camera in self._other_qos:
                self.plug(camera)
        alive = self.process is not None and self.process.poll() is None
        if not alive or self.parameters != parameters:
            self.run_fusion(**parameters)
        elif self._well:
            return
        try:
            self._recover()
        except AssertionError:
            self.run_fusion(**parameters)
            self._recover()
        self._forget()

    # Cameras --------------------------------------------------------------------------------------------------------

    def unplug(self, camera: str) -> None:
        """Take a camera's publisher away, as when its driver ends."""
        with self._lock:
            self.node.destroy_publisher(self._cameras.pop(camera))

    def plug(self, camera: str, qos: QoSProfile | None = None) -> None:
        """Give a camera a publisher (again)."""
        with self._lock:
            if camera in self._cameras:
                self.node.destroy_publisher(self._cameras.pop(camera))
            self._other_qos = (self._other_qos - {camera}) | ({camera} if qos else set())
            topic = f"/{camera}/image_raw"
            self._cameras[camera] = self.node.create_publisher(Image, topic, qos or QoSProfile(depth=10))

    @contextmanager
    def another_driver(self) -> Iterator[Node]:
        """A node in a process of its own, as DDS sees it: a topic may have another type there."""
        context = rclpy.Context()
        rclpy.init(context=context, args=[])
        node = rclpy.create_node("another_driver", context=context)
        try:
            yield node
        finally:
            node.destroy_node()
            rclpy.try_shutdown(context=context)

    @contextmanager
    def publishing(self, kind: Any, topic: str) -> Iterator[Any]:
        """A publisher of the test's own that fusion has found."""
        publisher = self.node.create_publisher(kind, topic, 10)
        try:
            self.wait(publisher.get_subscription_count, PATIENCE, f"nobody listens to {topic}")
            yield publisher
        finally:
            self.node.destroy_publisher(publisher)

    @contextmanager
    def listening_to_cameras(self) -> Iterator[None]:
        """Take what others publish as sent."""
        subscriptions = [
            self.node.create_subscription(Image, f"/{camera}/image_raw", functools.partial(self.note, camera), 100)
            for camera in self._sent
        ]
        try:
            yield
        finally:
            for subscription in subscriptions:
                self.node.destroy_subscription(subscription)

    def note(self, camera: str, message: Image) -> None:
        """Note an image as sent, so that it may come out, unless its fields do not even make an array."""
        stamp = stamp_ns(message)
        try:
            pixels = encodings.visible_array(message) if camera == "visible" else encodings.thermal_array(message)
        except (KeyError, ValueError, cv2.error):
            return
        if stamp < self._newest[camera] - SET_BACK:
            self._settings[camera] += 1
        self._newest[camera] = stamp
        blinding = camera == "visible" and float(pixels.mean()) > 220
        self._sent[camera][stamp] = Sent(self._tick, self._settings[camera], hot_quadrant(pixels), blinding)

    def _run_cameras(self) -> None:
        due = time.monotonic()
        for tick in itertools.count():
            self._tick = tick
            if self._over.wait(max(0.0, due - time.monotonic())):
                return
            due = max(due, time.monotonic() - 1 / RATE) + 1 / RATE
            now = self.node.get_clock().now().nanoseconds
            with self._lock:
                for camera in self._sent:
                    self._film_one(camera, tick, now)

    def _film_one(self, camera: str, tick: int, now: int) -> None:
        number = tick % 32
        if camera == "visible":
            message = self.image(visible_pixels(number), "rgb8", Time(nanoseconds=now).to_msg())
        else:
            message = self.image(thermal_pixels(number), "mono8", Time(nanoseconds=now + THERMAL_LATE).to_msg())
        spoil = self._spoils.get(camera)
        for image in spoil(message, tick) if spoil else (message,):
            if self._usable or not spoil:
                self.note(camera, image)
            if camera in self.drivers:
                self.drivers[camera](image)
            elif camera in self._cameras:
                self.publish(camera, image)

    # Faults ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def fault(
        self,
        visible: Spoil | None = None,
        thermal: Spoil | None = None,
        usable: bool = True,
        pairing: tuple[int, int] = (-SLOP, SLOP),
        late: int = 0,
    ) -> Iterator[None]:
        """A fault for the length of the block; fusion must recover from it, and have published nothing wrong.

        Args:
            visible: spoils the images of the visible camera.
            thermal: spoils the images of the thermal camera.
            usable: whether what is spoilt may come out at all.
            pairing: how far in ns the thermal stamp of a pair may lie from the visible one, before and behind.
            late: how many images may come out more than OLDEST turns of the cameras after they were sent.
        """
        self._forget()
        self._well = False
        with self._lock:
            self._spoils = {camera: spoil for camera, spoil in (("visible", visible), ("thermal", thermal)) if spoil}
            self._usable = usable
        try:
            yield
        finally:
            with self._lock:
                self._spoils, self._usable = {}, True
        self._recover()
        self._audit(pairing, late)
        self._well = True

    def expect(self, state: str = "", says: str = "", grows: Iterable[str] = (), **fields: Any) -> FusionStatus:
        """Wait for a status since the fault began.

        Args:
            state: its state; empty for any.
            says: what its message has in it.
            grows: counters that are above what they were before the fault.
            fields: what other fields must have in them (strings) or be.
        """

        def matches(status: FusionStatus) -> bool:
            if state not in ("", status.state) or says.lower() not in status.message.lower():
                return False
            if any(getattr(status, name) <= getattr(self.before, name) for name in grows):
                return False
            for name, wanted in fields.items():
                value = getattr(status, name)
                if wanted not in value if isinstance(wanted, str) and wanted else value != wanted:
                    return False
            return True

        def found() -> FusionStatus | None:
            return next(filter(matches, self.seen["status"][self._began[0] :]), None)

        wanted = ", ".join(filter(None, [state, says and f"'{says}'", *grows, *map(str, fields.items())]))
        try:
            return self.wait(found, PATIENCE, f"no status with {wanted}")
        except AssertionError as error:
            said = [f"{s.state}: {s.message}" for s in self.seen["status"][self._began[0] :]]
            said = [line for line, _ in itertools.groupby(said)]
            raise AssertionError("\n".join([str(error), "statuses were:", *said])) from None

    def expect_diagnostic(self, entry: str, level: bytes, says: str = "") -> None:
        """Wait for an entry of /diagnostics since the fault began.

        Args:
            entry: `fusion`, `visible camera` or `thermal camera`.
            level: OK, WARN or ERROR.
            says: what its message has in it.
        """

        def entries() -> list[DiagnosticStatus]:
            arrays = self.diagnostics[self._began[1] :]
            return [one for array in arrays for one in array.status if one.name.endswith(f": {entry}")]

        def found() -> bool:
            return any(one.level == level and says.lower() in one.message.lower() for one in entries())

        try:
            self.wait(found, PATIENCE, f"no diagnostics of {entry} with level {level[0]} and '{says}'")
        except AssertionError as error:
            said = [line for line, _ in itertools.groupby(f"{one.level[0]}: {one.message}" for one in entries())]
            raise AssertionError("\n".join([str(error), "they were:", *said])) from None

    def wait_images(self, count: int, seconds: float = PATIENCE) -> list[Fused]:
        """Wait for so many more fused images; returns them."""
        before = len(self.seen["fused"])
        self.wait(lambda: len(self.seen["fused"]) >= before + count, seconds, f"no {count} fused images")
        return self.seen["fused"][before:]

    def wait_ticks(self, count: int) -> None:
        """Wait until each camera had so many turns more."""
        until = self._tick + count
        self.wait(lambda: self._tick >= until, PATIENCE + count / RATE, "the cameras do not run")

    # What came out --------------------------------------------------------------------------------------------------

    def receive(self, name: str, message: Any) -> None:
        """Keep of a fused image what the audit asks for."""
        if name == "fused":
            pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
            message = Fused(stamp_ns(message), pixels, message.header.frame_id, self._tick)
        super().receive(name, message)

    def _recover(self) -> None:
        """Wait until pairs of images that are sent from now on are fused, and the state is OK."""
        tick, statuses = self._tick, len(self.seen["status"])

        def fused() -> bool:
            newest = self.seen["fused"][-1] if self.seen["fused"] else None
            sent = newest and self._sent["visible"].get(newest.stamp)
            return bool(sent and sent.tick > tick and not is_marked(newest.pixels))

        self.wait(fused, PATIENCE, "no pair is fused")
        self.wait(
            lambda: any(s.state == s.OK and not s.message for s in self.seen["status"][statuses:]),
            PATIENCE,
            "fusion is not OK again",
        )

    def _forget(self) -> None:
        """Begin anew with what was seen and sent, but for what may still be on its way."""
        with self._lock:
            for sent in self._sent.values():
                for stamp in [stamp for stamp, one in sent.items() if one.tick < self._tick - 10 * RATE]:
                    del sent[stamp]
        self.before = self.seen["status"][-1]
        self._began = len(self.seen["status"]), len(self.diagnostics)
        if self.seen["fused"]:
            last = self.seen["fused"][-1]
            self._last = last.stamp, dict(self._settings)
            self.seen["fused"] = [last]

    def _audit(self, pairing: tuple[int, int], late: int) -> None:
        """Hold the fused images since `_forget` against what was sent."""
        came = self.seen["fused"][1:]
        with self._lock:
            sent = {camera: dict(images) for camera, images in self._sent.items()}
        last, settings = self._last
        for fused in came:
            camera = next((camera for camera in sent if fused.stamp in sent[camera]), None)
            assert camera, f"stamp {fused.stamp} is not one of a usable image"
            own = sent[camera][fused.stamp]
            assert fused.stamp > last or own.settings > settings[camera], f"stamp {fused.stamp} comes after {last}"
            last, settings = fused.stamp, settings | {camera: own.settings}
            age = fused.tick - own.tick
            late -= age > OLDEST
            assert late >= 0, f"an image came out {age} turns of the cameras after it was sent"
            quadrants = {own.quadrant}
            if not is_marked(fused.pixels):
                assert camera == "visible", "a thermal image came out without the mark of pass-through"
                low, high = fused.stamp + pairing[0], fused.stamp + pairing[1]
                partners = [one for stamp, one in sent["thermal"].items() if low <= stamp <= high]
                assert partners, f"a pair came out, but no thermal image was sent near {fused.stamp}"
                if own.quadrant is None:
                    quadrants = {one.quadrant for one in partners}
            shown = hot_quadrant(fused.pixels)
            assert own.blinding or shown in quadrants, f"the hot square is in quadrant {shown}, not in {quadrants}"
        self._last = last, settings
