"""Graphs as they might have been seen, made by formula."""

from ros2_textfuse.evaluation.live.observations import COUNTS, STAGES, Seen, Status, Usage, Watch

EPOCH = 1_700_000_000_000_000_000  # ns, the clock at second 0


def seen(taken, latency_ms, clock=0.0):
    """An image taken at a second, which came so much later; stamped by a clock that is `clock` seconds behind."""
    at = taken + latency_ms / 1e3
    return Seen(at, EPOCH + round((taken - clock) * 1e9), latency_ms + clock * 1e3)


def status(at, state="OK", message="", stamp=0, latency_ms=20.0, **counts):
    counted = dict.fromkeys(COUNTS, 0) | counts
    return Status(at, state, message, stamp, counted, {**dict.fromkeys(STAGES, 1.0), "latency_ms": latency_ms})


def steady(seconds=10, rate=10, clock=0.0):
    """Two cameras and all nodes at one rate: visible seen after 2 ms, fused after 20 ms, detections after 50 ms."""
    times = [number / rate for number in range(seconds * rate)]
    watch = Watch(slop=0.02, seconds=float(seconds))
    for camera, late in (("visible", 2.0), ("thermal", 3.0)):
        getattr(watch, camera).extend(seen(taken, late, clock) for taken in times)
    watch.fused = [seen(taken, 20.0, clock) for taken in times]
    watch.detections = [seen(taken, 50.0, clock) for taken in times]
    for number in range(2 * seconds + 1):
        count = round(number / 2 * rate)
        counts = dict.fromkeys(("visible_received", "thermal_received", "pairs_fused"), count)
        watch.statuses.append(status(number / 2, stamp=EPOCH + number, **counts))
        watch.diagnose(number / 2, "textfuse/fusion: fusion", "OK", "fusing")
        watch.usage.setdefault("fusion", []).append(Usage(number / 2, 7 + 0.4 * number / 2, 500.0 + number))
    return watch
