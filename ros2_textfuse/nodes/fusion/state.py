"""The state machine: from what is known of cameras and fusion to one state and a message for people. No ROS in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ros2_textfuse.imaging import camera_health
from ros2_textfuse.nodes.common.keeping_up import Turnover
from ros2_textfuse.nodes.fusion.ledger import Account

WAITING, OK, DEGRADED, VISIBLE_ONLY, THERMAL_ONLY = "WAITING", "OK", "DEGRADED", "VISIBLE_ONLY", "THERMAL_ONLY"
IDLE, BUILDING, ERROR = "IDLE", "BUILDING", "ERROR"


@dataclass(frozen=True)
class CameraReport:
    """How one camera fares; the fields of FusionStatus that begin with its name, and what explains them."""

    name: str
    topic: str
    fault: str = ""
    """What is wrong with its images; empty when nothing is."""
    rate: float = 0.0
    gap: float = 0.0
    age: float = -1.0
    received: int = 0
    unpaired: int = 0
    frozen: bool = False
    refusal: str = ""
    """Why the newest image was not usable; empty when it was."""
    stamp: int = 0
    """Nanoseconds, of the newest usable image."""
    silence: str = ""
    """Why no usable image comes, and what to do; empty while some come."""
    missing: int = 0
    """Images that never came, by the gaps between stamps."""
    missing_share: float = 0.0
    """Of late, 0..1."""
    loss: str = ""
    """That too many images never come, and what to do; empty where they come."""


@dataclass(frozen=True)
class Situation:
    """What a state is made from.

    Args:
        now: seconds, of the clock of the account.
        account: what has happened.
        cameras: visible and thermal.
        source_timeout: seconds after which what happened is no longer now.
        slop: seconds.
        latency: milliseconds from a camera's stamp to the fused image, of late.
        turnover: pairs fused and given up for newer ones of late; None while that cannot be told.
        twins: that two nodes publish what one should; empty when none do.
        max_drop_share: of the pairs, above which it is not all well.
        max_latency: seconds, likewise.
        building: the size for which an engine is being built, empty for none.
        idle: nobody subscribes, and nothing is fused for nobody.
        missing_info: CameraInfo topics that alignment waits for.
        objects_missing: why named objects are not brought out; empty where they are, or none is named.
    """

    now: float
    account: Account
    cameras: Sequence[CameraReport]
    source_timeout: float
    slop: float
    latency: float = 0.0
    turnover: Turnover | None = None
    twins: str = ""
    max_drop_share: float = 1.0
    max_latency: float = float("inf")
    building: str = ""
    idle: bool = False
    missing_info: Sequence[str] = ()
    objects_missing: str = ""


def judge(s: Situation) -> tuple[str, str]:
    """The state, and what an operator should know or do: empty when all is well."""

    def recent(moment: float | None) -> bool:
        return moment is not None and s.now - moment <= s.source_timeout

    if s.building:
        return BUILDING, f"images are {s.building} now: they are dropped until the engine for that is built"
    if s.idle:
        return IDLE, "nobody subscribes to the fused images, and the parameter lazy is set"
    silent = [camera for camera in s.cameras if camera.silence]
    reasons = "; ".join(camera.silence for camera in silent)
    if len(silent) == 1 and recent(s.account.last_passed):
        state, only = (VISIBLE_ONLY, "visible") if silent[0].name == "thermal" else (THERMAL_ONLY, "thermal")
        return state, f"{only} images are passed through: {reasons}"
    if s.account.fault and recent(s.account.last_rejected):
        return ERROR, s.account.fault
    if recent(s.account.last_fused):
        wrong = [f"{c.name} camera: {text}" for c in s.cameras for text in (c.fault, c.loss) if text]
        wrong += [text for text in (_overrun(s), _age(s), s.twins) if text]
        # It is no fault of the fused image that somebody else does not look for objects in it.
        return (DEGRADED if wrong else OK), "; ".join([*wrong, *filter(None, [s.objects_missing])])
    if s.missing_info:
        return WAITING, f"no CameraInfo on {' and '.join(s.missing_info)}, where the intrinsics come from"
    if silent:
        return WAITING, reasons
    if unseen := [camera.topic for camera in s.cameras if camera.age < 0]:
        return WAITING, f"waiting for the first image on {' and '.join(unseen)}"
    visible, thermal = s.cameras
    apart = (thermal.stamp - visible.stamp) / 1e9
    if abs(apart) <= s.slop:  # then it is not the clocks
        return WAITING, f"pairs come, and none was fused for {s.source_timeout:g} s: the engine is too slow; {CURE}"
    return (
        WAITING,
        f"both cameras send, but no stamps within slop ({s.slop:g} s): the newest thermal stamp is {abs(apart):.3f} s "
        f"{'before' if apart < 0 else 'after'} the newest visible one; synchronise the clocks, or set "
        "thermal_time_offset, slop, or hold for a slower thermal camera",
    )


CURE = "set model to auto or pico, set rate, use a smaller size, or leave detection off"


def _overrun(s: Situation) -> str:
    """That too many pairs are given up for newer ones."""
    if s.turnover is None or s.turnover.share <= s.max_drop_share:
        return ""
    fused, came = s.turnover.rates
    return f"fusing {fused:.0f} of {came:.0f} images a second: {CURE}"


def _age(s: Situation) -> str:
    """That fused images are too old; not where a camera's clock is known to be off."""
    if s.latency <= s.max_latency * 1e3 or any(camera.fault.startswith(camera_health.STAMPS) for camera in s.cameras):
        return ""
    return f"fused images are {s.latency / 1e3:.2f} s old, and max_latency is {s.max_latency:g} s: {CURE}"
