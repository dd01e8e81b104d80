"""What becomes of each image of two cameras: into a pair, through by itself, or left out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from ros2_textfuse.imaging.cameras import CAMERAS, other_camera
from ros2_textfuse.sync.pairing import SET_BACK, HoldLast, Image, NearestStamp, Pairing, Stamped

UNPAIRED = 3  # images without one of the other camera, after which a camera may be passed through


@dataclass(frozen=True)
class PairingSettings:
    """How images pair; the names are those of the fusion node's parameters.

    Args:
        slop: seconds, the largest difference of the two stamps of a pair.
        queue_size: images of one camera that wait for a partner.
        hold: seconds that a thermal image may be used for; 0 pairs by nearest stamp, each image once.
        thermal_time_offset: seconds to add to thermal stamps.
        source_timeout: seconds without an image until a camera counts as missing.
        pass_through: whether one camera's images go through while the other one is silent.
        rate: frames a second to take, evenly spaced; 0 for all.
    """

    slop: float = 0.02
    queue_size: int = 10
    hold: float = 0.0
    thermal_time_offset: float = 0.0
    source_timeout: float = 1.0
    pass_through: bool = True
    rate: float = 0.0

    def offset(self, camera: str) -> int:
        """Nanoseconds to add to the stamps of a camera."""
        return round(self.thermal_time_offset * 1e9) if camera == "thermal" else 0

    def pairing(self) -> Pairing:
        """The way of finding partners that these ask for."""
        return HoldLast(self.hold, self.slop) if self.hold else NearestStamp(self.queue_size, self.slop)


@dataclass(frozen=True)
class Frame(Generic[Image]):
    """What is fused, a pair, or passed through, the image of one camera: by camera."""

    images: dict[str, Stamped[Image]]

    @property
    def stamp(self) -> int:
        """Nanoseconds, of the visible image where there is one."""
        return self.images["visible" if self.whole else next(iter(self.images))].stamp

    @property
    def whole(self) -> bool:
        """Whether it is a pair."""
        return len(self.images) == len(CAMERAS)


class PairingPolicy(Generic[Image]):
    """Takes every usable image, in the order of arrival, and says what is to be fused or passed through now.

    Pairs come by nearest stamp or with a held thermal image. While one camera is silent, the images of the other go
    through by themselves. Stamps that go back by more than a second begin anew; what goes back by less is too late.

    Args:
        settings: how to pair.
        make_pairing: what finds partners under given settings; for stand-ins with the same calls.
    """

    def __init__(
        self,
        settings: PairingSettings,
        make_pairing: Callable[[PairingSettings], Pairing[Image]] = PairingSettings.pairing,
    ) -> None:
        self.paired = 0
        """Pairs that were found."""
        self.held = 0
        """Pairs whose thermal image had been in one before."""
        self.late = 0
        """Pairs and images that came after a newer one, and were left out."""
        self.skipped = 0
        """Frames beyond the rate."""
        self.passed: Counter[str] = Counter()
        """Images that went through by themselves, by camera."""
        self.clock_resets = 0
        """How often the stamps of a camera went back."""
        self._taken: Counter[str] = Counter()
        self._newest: dict[str, int] = {}  # stamp in ns, by camera
        self._without_other: dict[str, list[float]] = {camera: [] for camera in CAMERAS}
        self._last_stamp: int | None = None  # of what went out
        self._last_thermal: Stamped[Image] | None = None
        self._due: int | None = None  # ns, the stamp from which on a frame is within the rate
        self._make_pairing = make_pairing
        self.change(settings)

    def change(self, settings: PairingSettings) -> None:
        """Pair by other settings from now on, forgetting images that wait where it matters to them."""
        before = getattr(self, "_settings", None)
        self._settings = settings
        again = ("slop", "queue_size", "hold", "thermal_time_offset")
        if before is None or any(getattr(before, name) != getattr(settings, name) for name in again):
            self._begin_anew()

    def take(self, camera: str, image: Stamped[Image], now: float) -> Frame[Image] | None:
        """An image of a camera.

        Args:
            camera: `visible` or `thermal`.
            image: it, under its stamp with the camera's offset.
            now: seconds on any clock that does not jump: when it came.

        Returns:
            What to fuse or to pass through now, newer than all before; None when there is nothing.
        """
        if self._newest.get(camera, image.stamp) - image.stamp > SET_BACK:
            self.clock_resets += 1
            self._newest.clear()  # the other camera's clock may follow, and that is no second time
            self._begin_anew()
        self._newest[camera] = image.stamp
        self._taken[camera] += 1
        if self._goes_alone(camera, now):
            self.passed[camera] += 1
            return self._in_order(Frame({camera: image}))
        pair = self._pairing.add(camera, image)
        if pair is None:
            return None
        self.paired += 1
        self.held += pair[1] is self._last_thermal
        self._last_thermal = pair[1]
        return self._in_order(Frame(dict(zip(CAMERAS, pair, strict=True))))

    def unpaired(self, camera: str, over: bool = False) -> int:
        """Images of a camera that found no partner and no longer wait for one.

        Args:
            camera: `visible` or `thermal`.
            over: no more images come, so that none waits.
        """
        partners = self.paired - (self.held if camera == "thermal" else 0)
        # A pairing may keep what has missed its partner; only what is newer than the last frame still waits.
        waiting = 0 if over else self._pairing.waiting(camera, self._last_stamp or 0)
        return self._taken[camera] - partners - self.passed[camera] - waiting

    def _begin_anew(self) -> None:
        self._pairing = self._make_pairing(self._settings)
        self._last_thermal = self._due = None

    def _goes_alone(self, camera: str, now: float) -> bool:
        """Whether the other camera is silent.

        By how long this one was without it, not by how long it sent nothing: of two slow cameras, both are silent at
        times. And not by one image of it that was lost on its way.
        """
        self._without_other[other_camera(camera)].clear()
        began = self._without_other[camera]
        if len(began) < UNPAIRED:
            began.append(now)
        long = now - began[0] > self._settings.source_timeout
        return self._settings.pass_through and len(began) == UNPAIRED and long

    def _in_order(self, frame: Frame[Image]) -> Frame[Image] | None:
        if self._last_stamp is not None and 0 <= self._last_stamp - frame.stamp < SET_BACK:
            self.late += 1
            return None
        step = frame.stamp - self._last_stamp if self._last_stamp is not None else 0
        self._last_stamp = frame.stamp
        if self._settings.rate and not self._within_rate(frame.stamp, step):
            self.skipped += 1
            return None
        return frame

    def _within_rate(self, stamp: int, step: int) -> bool:
        """Whether it is the frame's turn: the one whose stamp is nearest to when the next one is due."""
        period = round(1e9 / self._settings.rate)
        if self._due is not None and stamp + step // 2 < self._due:
            return False
        self._due = max((self._due or 0) + period, stamp + period // 2)
        return True
