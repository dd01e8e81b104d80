"""/diagnostics of the detection node: one entry."""

from collections.abc import Mapping, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from ros2_textfuse.nodes.detection.ledger import Report

HARDWARE = "textfuse"


def diagnostics(
    node: str,
    report: Report,
    streams: Sequence[str],
    faults: Mapping[str, str],
    incomplete: int,
    silent: str,
    twins: str,
    engine: str,
    effort: str,
    now: Any,
) -> DiagnosticArray:
    """What an operator's panel shows; the entry is named as diagnostic_updater would name it.

    Args:
        node: fully qualified name of the node.
        report: of the frames of late.
        streams: that were asked for.
        faults: camera -> what is wrong with its images; empty when nothing is.
        incomplete: frames since the start that lacked an image of a stream.
        silent: why no frame comes; for when none does.
        twins: that two nodes publish detections; empty when only this one does.
        engine: what the detector runs on.
        effort: which frames it looks at, and at which size.
        now: builtin_interfaces/Time, the stamp.
    """
    level, message = DiagnosticStatus.OK, f"detecting on {', '.join(report.streams)}"
    wrong = "; ".join(f"{camera} camera: {fault}" for camera, fault in faults.items() if fault)
    left_out = [stream for stream in streams if report.streams and stream not in report.streams]
    if report.fault:
        level, message = DiagnosticStatus.ERROR, report.fault
    elif not report.received:
        level, message = DiagnosticStatus.WARN, silent
    elif twins:
        level, message = DiagnosticStatus.WARN, twins
    elif report.behind:
        level, message = DiagnosticStatus.WARN, report.behind
    elif left_out:
        reason = wrong or "no image of it came in time"
        level, message = DiagnosticStatus.WARN, f"not looked at {', '.join(left_out)}: {reason}"
    elif wrong:
        level, message = DiagnosticStatus.WARN, wrong
    values = {
        "engine": engine,
        "streams": ", ".join(streams),
        "looked_at": ", ".join(report.streams),
        "effort": effort,
        "rate": f"{report.rate:.1f}",
        "tracked_rate": f"{report.tracked:.1f}",
        "received": report.received,
        "dropped": report.dropped,
        "incomplete": incomplete,
    }
    entry = DiagnosticStatus(level=level, name=f"{node.lstrip('/')}: detection", message=message, hardware_id=HARDWARE)
    entry.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    array = DiagnosticArray(status=[entry])
    array.header.stamp = now
    return array
