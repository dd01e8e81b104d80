"""The graph as nodes/doctor saw it: cameras and their stamps, fusion nodes, the shared memory that DDS took."""

from dataclasses import dataclass, field

import numpy as np

from ros2_textfuse.doctor.finding import FAIL, OK, WARN, Finding
from ros2_textfuse.imaging.camera_health import AHEAD, BEHIND
from ros2_textfuse.imaging.encodings import ENCODINGS
from ros2_textfuse.sync.policy import PairingSettings

SLOP = PairingSettings.slop
LOST = 0.1  # share of a camera's images that stamps show to be missing


@dataclass
class CameraSeen:
    """What came from a camera's topic."""

    topic: str
    publishers: list[str] = field(default_factory=list)  # node and reliability
    why_silent: str = ""
    encoding: str = ""  # of a compressed topic: its format
    width: int = 0
    height: int = 0
    stamps: list[float] = field(default_factory=list)  # s
    arrivals: list[float] = field(default_factory=list)  # s, by the same clock as a node's

    @property
    def rate(self) -> float:
        """Images a second by their arrival; 0 for fewer than two."""
        span = self.arrivals[-1] - self.arrivals[0] if len(self.arrivals) > 1 else 0.0
        return (len(self.arrivals) - 1) / span if span > 0 else 0.0


@dataclass
class GraphSeen:
    """What a look at the graph showed."""

    cameras: dict[str, CameraSeen]  # visible, thermal
    fusion: list[str] = field(default_factory=list)  # full names of the fusion nodes of the namespace, one each
    state: str = ""  # of the fusion node, when one answers
    message: str = ""
    segment: int = 0  # bytes of the largest shared-memory file that our own participant made
    detection: list[str] = field(default_factory=list)  # as of fusion


def judge(seen: GraphSeen, expected_segment: int) -> list[Finding]:
    """What to say of the graph.

    Args:
        seen: what a look showed.
        expected_segment: bytes of shared memory that our profile asks for; 0 where it does not apply.
    """
    findings = [segment(seen.segment, expected_segment), instances(seen)]
    findings += [camera(name, which) for name, which in seen.cameras.items()]
    return findings + pairs(*seen.cameras.values())


def segment(found: int, expected: int) -> Finding:
    """Whether the DDS profile is in force, by the shared memory that a node took."""
    if not expected:
        return Finding(OK, "DDS in force", f"shared memory of {found >> 20} MB")
    if found < expected:
        text = f"a node took {found / 2**20:.1f} MB of shared memory and not {expected >> 20}: the profile is not read"
        return Finding(
            WARN,
            "DDS in force",
            text,
            "unset FASTDDS_DEFAULT_PROFILES_FILE, FASTRTPS_DEFAULT_PROFILES_FILE and FASTDDS_BUILTIN_TRANSPORTS",
        )
    return Finding(OK, "DDS in force", f"a node took {found >> 20} MB of shared memory, as the profile says")


def instances(seen: GraphSeen) -> Finding:
    """Whether one fusion node runs, and what it says, and no second one of detection."""
    for kind, names in ("fusion", seen.fusion), ("detection", seen.detection):
        if len(names) > 1:
            text = f"{len(names)} nodes are called {names[0]}: all that they publish comes as often"
            return Finding(FAIL, f"{kind} node", text, "end all but one, or give each rig a namespace")
    if not seen.fusion:
        return Finding(OK, "fusion node", "none runs")
    if seen.state in ("OK", "IDLE"):
        return Finding(OK, "fusion node", f"{seen.fusion[0]} runs: {seen.state}")
    cure = seen.message or "configure and activate it: ros2 lifecycle set"
    return Finding(WARN, "fusion node", f"{seen.fusion[0]} runs: {seen.state or 'no status'}", cure)


def camera(name: str, seen: CameraSeen) -> Finding:
    """Whether a camera's images can be fused."""
    check = f"{name} camera"
    if not seen.arrivals:
        return Finding(FAIL, check, f"no image on {seen.topic}", seen.why_silent or "is the driver running?")
    text = (
        f"{seen.topic}: {seen.rate:.1f} Hz, {seen.encoding}, {seen.width}x{seen.height}, from "
        f"{', '.join(seen.publishers) or 'unknown'}"
    )
    if not seen.topic.endswith("/compressed") and seen.encoding not in ENCODINGS[name]:
        return Finding(FAIL, check, text, f"let the driver send one of {', '.join(ENCODINGS[name])}")
    if len(seen.publishers) > 1:
        return Finding(WARN, check, text, f"{len(seen.publishers)} publishers share the topic: end all but one")
    if not any(seen.stamps):
        return Finding(FAIL, check, f"{text}; images have no stamp", "let the driver fill header.stamp")
    steps = np.diff(seen.stamps)
    if (steps <= 0).any():
        return Finding(
            WARN, check, f"{text}; stamps repeat or go back", "the driver should stamp each image as it is taken"
        )
    age = float(np.median(np.subtract(seen.arrivals, seen.stamps)))
    text += f", {1e3 * age:.0f} ms old on arrival"
    if not -AHEAD <= age <= BEHIND:
        cure = "synchronise the clocks (chrony, PTP), or, with a simulation or a bag, use_sim_time"
        return Finding(WARN, check, text, cure)
    lost = missing(steps)
    if lost > LOST:
        cure = "let the driver offer reliable, or give it textfuse's DDS profile, see the troubleshooting page"
        return Finding(WARN, check, f"{text}; {lost:.0%} of the images are missing by their stamps", cure)
    return Finding(OK, check, text)


def missing(steps: np.ndarray) -> float:
    """The share of images that steps between stamps, in seconds, show to be missing."""
    if not len(steps):
        return 0.0
    usual = np.percentile(steps, 20)  # of what came one after the other, even when half is lost
    gone = np.maximum(np.round(steps / usual) - 1, 0).sum()
    return float(gone / (gone + len(steps) + 1))


def pairs(visible: CameraSeen, thermal: CameraSeen) -> list[Finding]:
    """Whether stamps of the two cameras meet within the slop; nothing where one is silent."""
    if not (visible.arrivals and thermal.arrivals):
        return []
    slower, faster = sorted((np.asarray(visible.stamps), np.asarray(thermal.stamps)), key=len)
    apart = float(np.median(np.abs(slower[:, None] - faster).min(axis=1)))
    text = f"the nearest stamps of the two cameras are {1e3 * apart:.0f} ms apart"
    if apart > SLOP:
        cure = "synchronise the clocks, or set thermal_time_offset (textfuse time-offset finds it), slop or hold"
        return [Finding(WARN, "pairs", f"{text}; slop is {1e3 * SLOP:.0f} ms", cure)]
    return [Finding(OK, "pairs", text)]
