"""Figures of a running graph, from what was seen of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ros2_textfuse.evaluation.live.observations import COUNTS, LOSSES, NODES, PromptCall, Seen, Status, Watch
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.sync.pairing import NearestStamp, Stamped

FIGURES: dict[str, tuple[str, str]] = {
    "visible_hz": ("Hz", "visible images that the fusion node received"),
    "thermal_hz": ("Hz", "thermal images that the fusion node received"),
    "fused_hz": ("Hz", "fused images"),
    "detections_hz": ("Hz", "detections or tracks, one message for each fused image"),
    **{
        f"{stream}_{kind}_ms": ("ms", f"camera stamp to {what}, {words}")
        for stream, what in (("fused", "fused image"), ("detections", "detections or tracks"))
        for kind, words in (
            ("p50", "median"),
            ("p95", "95 % are below"),
            ("p99", "99 % are below"),
            ("max", "the longest"),
        )
    },
    "fused_jitter_ms": ("ms", "standard deviation of the time between two fused images"),
    "detections_jitter_ms": ("ms", "standard deviation of the time between two messages of detections or tracks"),
    "lost_share": ("", "images dropped, unpaired visible ones, and rejected, of these and the fused ones; 0 to 1"),
    "pairs_dropped": ("", "pairs given up for a newer one, or while an engine was built"),
    "visible_unpaired": ("", "visible images without a thermal one within slop"),
    "thermal_unpaired": ("", "thermal images without a visible one within slop"),
    "images_rejected": ("", "images that were malformed or of a size that does not fit"),
    "undetected": ("", "fused images without detections or tracks"),
    "restarts": ("", "times the fusion node began to count anew"),
    "pairing_p50_ms": ("ms", "difference of the two stamps of a pair, median"),
    "pairing_max_ms": ("ms", "difference of the two stamps of a pair, the largest"),
    "prompt_late_frames": (
        "",
        "frames between the answer of set_prompt and the first that surely uses the new prompt",
    ),
    "prompt_ms": ("ms", "from the answer of set_prompt to the first frame that surely uses the new prompt"),
    **{f"{node}_cores": ("cores", f"processor cores that the {node} process kept busy") for node in NODES},
    **{f"{node}_mib": ("MiB", f"resident memory of the {node} process, the most") for node in NODES},
}
"""Every figure that can be asked for: its unit, and what it is."""


def measure(watch: Watch, since: float, until: float) -> tuple[dict[str, float], dict[str, str]]:
    """Figures of a stretch of time.

    Args:
        watch: what was seen.
        since: seconds.
        until: seconds, later.

    Returns:
        The figures that could be measured, name -> value; and for the others of FIGURES, name -> why not.
    """
    known: dict[str, float] = {}
    unknown: dict[str, str] = {}
    for part in (_counted, _streams, _undetected, _pairing, _prompts, _usage):
        part(watch, since, until, known, unknown)
    for name in FIGURES:
        if name not in known:
            unknown.setdefault(name, "nothing came in that time")
    return {name: known[name] for name in FIGURES if name in known}, unknown


def count_steps(watch: Watch, since: float, until: float) -> list[tuple[float, float, dict[str, int]]]:
    """What each status counted since the one before: (from, to, counter -> increase); a restart counts from zero."""
    steps = []
    for before, after in zip(watch.statuses, watch.statuses[1:], strict=False):
        if before.at >= since and after.at <= until:
            fresh = _restarted(before, after)
            increase = {name: after.counts[name] - (0 if fresh else before.counts[name]) for name in COUNTS}
            # What waits for its partner is not unpaired yet, and what was may still be paired: -1 now and then.
            steps.append((before.at, after.at, increase))
    return steps


def latencies(watch: Watch, stream: str) -> tuple[list[Seen], str]:
    """Latency of each image of `fused` or `detections` as its age_ms, and from where it counts, in words.

    From the camera's stamp; from the visible image's arrival where stamps are of another time; from what the fusion
    node says twice a second where the fused images are not watched. Empty where there is no such thing.
    """
    seen: list[Seen] = getattr(watch, stream)
    if not watch.stamps_are_now:
        arrivals = {image.stamp: image.at for image in watch.visible}
        found = [replace(s, age_ms=(s.at - arrivals[s.stamp]) * 1e3) for s in seen if s.stamp in arrivals]
        return found, "from the arrival of the visible image, since stamps are of another time"
    if stream == "fused" and not watch.images:
        newest = {status.stamp: status for status in reversed(watch.statuses) if status.stamp}
        samples = [Seen(s.at, s.stamp, s.stages["latency_ms"]) for s in reversed(newest.values())]
        return samples, "from the camera's stamp, as the fusion node says of its newest image twice a second"
    return seen, "from the camera's stamp"


def pairing_errors(watch: Watch) -> list[Seen]:
    """Difference of the stamps of each pair that was fused, in ms as age_ms: thermal minus visible.

    Paired by the code that the node uses, under its parameters, from the stamps on the cameras' topics.
    """
    if watch.slop is None:
        return []
    results = {seen.stamp for seen in watch.fused}
    found: list[Seen] = []
    offset = round(watch.thermal_time_offset * 1e9)
    pairing: NearestStamp[Seen] = NearestStamp(10, watch.slop)
    arrivals = [("visible", Stamped(seen.stamp, seen)) for seen in watch.visible]
    arrivals += [("thermal", Stamped(seen.stamp + offset, seen)) for seen in watch.thermal]
    for camera, image in sorted(arrivals, key=lambda arrival: arrival[1].image.at):
        pair = pairing.add(camera, image)
        if pair and pair[0].stamp in results:
            visible, thermal = pair
            found.append(Seen(visible.image.at, visible.stamp, (thermal.stamp - visible.stamp) / 1e6))
    return found


def prompt_switches(watch: Watch) -> list[tuple[PromptCall, int, float]]:
    """For each accepted call: how many images, and milliseconds, until the first one that surely uses the new prompt.

    Images that came between the answer and that one are counted, and the time is from the answer to its arrival.

    Surely: the visible image was taken after the answer, so that its fusion began after it; the image before it
    may have been as well, so both are upper bounds. Calls without a later image are left out.
    """
    stream = watch.fused or watch.detections
    arrivals = {image.stamp: image.at for image in watch.visible}
    found = []
    for call in watch.prompts:
        if not call.accepted or call.answered is None:
            continue
        answered = call.answered
        later = [seen for seen in stream if seen.at > answered]
        for late, seen in enumerate(later):
            taken_after = (
                seen.stamp > call.clock if watch.stamps_are_now else arrivals.get(seen.stamp, -np.inf) > answered
            )
            if taken_after:
                found.append((call, late, (seen.at - answered) * 1e3))
                break
    return found


def _within(items: Sequence[Any], since: float, until: float) -> list[Any]:
    return [item for item in items if since <= item.at <= until]


def _restarted(before: Status, after: Status) -> bool:
    return after.counts["pairs_fused"] < before.counts["pairs_fused"]


def _counted(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    steps = count_steps(watch, since, until)
    if not steps:
        for name in ("visible_hz", "thermal_hz", *LOSSES, "lost_share", "restarts"):
            unknown[name] = watch.unknown.get("fusion", "fewer than two statuses came in that time")
        return
    seconds = steps[-1][1] - steps[0][0]
    totals = {name: sum(increase[name] for _, _, increase in steps) for name in COUNTS}
    for camera in CAMERAS:
        known[f"{camera}_hz"] = totals[f"{camera}_received"] / seconds
    for name in LOSSES:
        known[name] = max(0, totals[name])
    lost = known["pairs_dropped"] + known["visible_unpaired"] + known["images_rejected"]
    if lost + totals["pairs_fused"]:
        known["lost_share"] = lost / (lost + totals["pairs_fused"])
    else:
        unknown["lost_share"] = "no image was received in that time"
    if not watch.images:
        known["fused_hz"] = totals["pairs_fused"] / seconds
    statuses = _within(watch.statuses, since, until)
    known["restarts"] = sum(_restarted(a, b) for a, b in itertools.pairwise(statuses))


def _streams(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    for stream in ("fused", "detections"):
        seen = _within(getattr(watch, stream), since, until)
        watched = stream == "detections" or watch.images
        why = watch.unknown.get(stream, "") or ("" if until > since else "it ended at once")
        if watched and not why:
            known[f"{stream}_hz"] = len(seen) / (until - since)
        elif why:
            unknown[f"{stream}_hz"] = why
        if len(seen) > 2:
            known[f"{stream}_jitter_ms"] = float(np.std(np.diff([item.at for item in seen]))) * 1e3
        else:
            unknown[f"{stream}_jitter_ms"] = why or ("too few came" if watched else "the images are not watched")
        ages = [item.age_ms for item in _within(latencies(watch, stream)[0], since, until)]
        names = [f"{stream}_{kind}_ms" for kind in ("p50", "p95", "p99", "max")]
        if ages:
            known |= dict(zip(names, map(float, np.percentile(ages, (50, 95, 99, 100))), strict=True))
        elif not watch.stamps_are_now and not watch.images:
            why = "stamps are of another time, and the images are not watched"
        unknown |= dict.fromkeys([name for name in names if name not in known], why or "none came in that time")


def _undetected(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    if why := watch.unknown.get("detections") or ("" if watch.images else "the images are not watched"):
        unknown["undetected"] = why
        return
    covered = {seen.stamp for seen in watch.detections}
    newest = max(covered, default=0)  # what came later may still be in the works
    fused = [seen for seen in _within(watch.fused, since, until) if seen.stamp <= newest]
    known["undetected"] = sum(seen.stamp not in covered for seen in fused)


def _pairing(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    errors = [abs(seen.age_ms) for seen in _within(pairing_errors(watch), since, until)]
    if errors:
        known["pairing_p50_ms"], known["pairing_max_ms"] = float(np.median(errors)), max(errors)
        return
    why = watch.unknown.get("visible") or watch.unknown.get("thermal") or "no pair was fused in that time"
    if not watch.images:
        why = "the images are not watched"
    elif watch.slop is None:
        why = "the fusion node did not say its slop, or holds thermal images"
    unknown["pairing_p50_ms"] = unknown["pairing_max_ms"] = why


def _prompts(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    switches = [switch for switch in prompt_switches(watch) if since <= switch[0].at <= until]
    if switches:
        known["prompt_late_frames"] = max(late for _, late, _ in switches)
        known["prompt_ms"] = max(milliseconds for _, _, milliseconds in switches)
    else:
        unknown["prompt_late_frames"] = unknown["prompt_ms"] = "no prompt was set, or no image came after it"


def _usage(watch: Watch, since: float, until: float, known: dict[str, float], unknown: dict[str, str]) -> None:
    for node in NODES:
        samples = _within(watch.usage.get(node, []), since, until)
        if len(samples) > 1:
            first, last = samples[0], samples[-1]
            known[f"{node}_cores"] = (last.cpu - first.cpu) / (last.at - first.at)
            known[f"{node}_mib"] = max(sample.mib for sample in samples)
        else:
            why = watch.unknown.get(node, "it was not found")
            unknown[f"{node}_cores"] = unknown[f"{node}_mib"] = why
