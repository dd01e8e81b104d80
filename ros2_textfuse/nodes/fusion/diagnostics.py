"""/diagnostics of the fusion node: one entry for the fusion, one for each camera."""

from collections.abc import Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from textfuse.msg import FusionStatus

from ros2_textfuse.nodes.fusion.state import CameraReport

HARDWARE = "textfuse"


def diagnostics(node: str, status: FusionStatus, cameras: Sequence[CameraReport], now: Any) -> DiagnosticArray:
    """What an operator's panel shows; the entries are named as diagnostic_updater would name them.

    Args:
        node: fully qualified name of the node.
        status: as it is published.
        cameras: visible and thermal.
        now: builtin_interfaces/Time, the stamp.
    """
    name = node.lstrip("/")
    array = DiagnosticArray(status=[_fusion(name, status)])
    array.status += [_camera(name, camera, status) for camera in cameras]
    array.header.stamp = now
    return array


def _fusion(node: str, status: FusionStatus) -> DiagnosticStatus:
    level = DiagnosticStatus.WARN
    if status.state == FusionStatus.ERROR:
        level = DiagnosticStatus.ERROR
    elif status.state == FusionStatus.IDLE or (status.state == FusionStatus.OK and not status.message):
        level = DiagnosticStatus.WARN if status.engine_warning else DiagnosticStatus.OK
    message = status.message or status.engine_warning or "fusing"
    entry = DiagnosticStatus(level=level, name=f"{node}: fusion", message=message, hardware_id=HARDWARE)
    fields = FusionStatus.get_fields_and_field_types()
    entry.values = [_value(key, getattr(status, key)) for key in fields if key not in ("header", "message")]
    return entry


def _camera(node: str, camera: CameraReport, status: FusionStatus) -> DiagnosticStatus:
    level, message = DiagnosticStatus.OK, f"{camera.rate:.1f} images a second"
    if camera.silence or camera.refusal:
        level, message = DiagnosticStatus.ERROR, camera.silence or camera.refusal
    elif camera.fault:
        level = DiagnosticStatus.ERROR if camera.frozen else DiagnosticStatus.WARN
        message = camera.fault
    elif camera.loss:
        level, message = DiagnosticStatus.WARN, camera.loss
    entry = DiagnosticStatus(level=level, name=f"{node}: {camera.name} camera", message=message, hardware_id=HARDWARE)
    prefix = f"{camera.name}_"
    fields = [key for key in FusionStatus.get_fields_and_field_types() if key.startswith(prefix)]
    entry.values = [KeyValue(key="topic", value=camera.topic)]
    entry.values += [_value(key.removeprefix(prefix), getattr(status, key)) for key in fields]
    return entry


def _value(key: str, value: Any) -> KeyValue:
    return KeyValue(key=key, value=f"{value:.3f}" if isinstance(value, float) else str(value))
