"""From rows of figures to answers: means with intervals, fused against each camera, and a verdict."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ros2_textfuse.evaluation.metrics.bootstrap import Interval, mean_interval
from ros2_textfuse.evaluation.metrics.fusion import LESS_IS_BETTER, SINGLE
from ros2_textfuse.evaluation.offline.replay import Row
from ros2_textfuse.imaging.cameras import CAMERAS

AGAINST_SOURCES = ("SCD", "VIF", "Qabf", "MI", "SSIM", "CC")
RANKED_BY = ("SCD", "VIF", "Qabf", "SSIM")
"""The worst and the best frames are those of the lowest and the highest mean rank in these."""

FEWEST = 5
"""Pairs from which an interval means something: of one pair it has no extent, and every difference would be certain."""


def summarise(rows: Sequence[Row], ordered: bool) -> dict[str, Any]:
    """Means over frames with 95 % intervals.

    Args:
        rows: one for each frame, as `replay.measure` makes them.
        ordered: whether they follow each other in time.

    Returns:
        metrics: metric -> fused, and for those that a camera alone has: visible, thermal, and over_visible and
        over_thermal, the paired difference of fused to each. temporal: flicker and change -> the three streams.
        Each figure has mean, low and high; None where there is none.
    """

    def interval(values: list[float]) -> dict[str, float] | None:
        found = mean_interval(values, ordered)
        return asdict(found) if found else None

    metrics: dict[str, Any] = {name: {"fused": interval(column(rows, name))} for name in SINGLE + AGAINST_SOURCES}
    for name in SINGLE:
        for camera in CAMERAS:
            metrics[name][camera] = interval(column(rows, f"{camera}_{name}"))
            metrics[name][f"over_{camera}"] = interval(
                [row[name] - row[f"{camera}_{name}"] for row in rows],
            )
    temporal = {
        kind: {stream: interval(column(rows, f"{stream}_{kind}")) for stream in (*CAMERAS, "fused")}
        for kind in ("flicker", "change")
    }
    return {"metrics": metrics, "temporal": temporal}


def verdict(summary: dict[str, Any], run: dict[str, Any]) -> list[dict[str, str]]:
    """Answers to what a robotics team asks, in the order in which it asks.

    Each has the question, an answer (`yes`, `no`, `partly`, `unclear` or `stated`) and a text with the figures.
    """
    found = [_better(summary["metrics"], run["counts"]["evaluated"])]
    if detection := run.get("detection"):
        found.insert(0, _detects(detection))
        if "retention" in detection:
            found.insert(1, _retains(detection["retention"]["all"]))
    if speed := run.get("speed"):
        found.append(_keeps_up(speed, run["source"]["period"], run["engine"]))
    if summary["temporal"]["flicker"]["fused"]:
        found.append(_flickers(summary["temporal"]["flicker"]))
    if change := run.get("prompt_change"):
        found.append(_prompt_change(change))
    found.append(_left_out(run["counts"], run["settings"]["every"], run["exclusions"], run["damage"]))
    return found


def column(rows: Sequence[Row], name: str) -> list[float]:
    """One figure of every row."""
    return [row[name] for row in rows]


def extremes(rows: Sequence[Row], count: int, apart: float) -> tuple[list[Row], list[Row]]:
    """The worst and the best frames, worst and best first.

    Args:
        rows: one for each frame.
        count: of each kind, at most.
        apart: seconds between two frames of a kind, since neighbours look alike.
    """
    ranks = dict.fromkeys(range(len(rows)), 0.0)
    for name in RANKED_BY:
        for rank, index in enumerate(sorted(ranks, key=lambda index, name=name: rows[index][name])):  # type: ignore[misc]
            ranks[index] += rank
    order = sorted(ranks, key=lambda index: ranks[index])
    chosen: list[list[Row]] = []
    for candidates in (order, order[::-1]):
        kind: list[Row] = []
        for row in (rows[index] for index in candidates):
            taken = [*kind, *chosen[0]] if chosen else kind
            far = all(row is not other and abs(row["time"] - other["time"]) >= apart for other in taken)
            if len(kind) < min(count, math.ceil(len(rows) / 2)) and far:
                kind.append(row)
        chosen.append(kind)
    return chosen[0], chosen[1]


def _better(metrics: dict[str, Any], pairs: int) -> dict[str, str]:
    """Where fused beats both cameras, by intervals of the paired differences, which few pairs do not give."""
    better: list[str] = []
    worse: list[str] = []
    between: list[str] = []
    for name in SINGLE:
        signs = []
        for camera in CAMERAS:
            difference = Interval(**metrics[name][f"over_{camera}"])
            signs.append(-difference.sign if name in LESS_IS_BETTER else difference.sign)
        (better if min(signs) > 0 else worse if max(signs) < 0 else between).append(name)
    parts = [
        f"{words} {', '.join(names)}"
        for words, names in (
            ("better than both in", better),
            ("between them in", between),
            ("worse than both in", worse),
        )
        if names
    ]
    majority = len(SINGLE) // 2
    answer = "yes" if len(better) > majority else "no" if len(worse) > majority else "partly"
    few = f" Too few pairs to tell: {pairs}, and {FEWEST} are needed." if pairs < FEWEST else ""
    return {
        "question": "Does the fused image show more than either camera?",
        "answer": "unclear" if few else answer,
        "text": f"{'; '.join(parts)}.{few} These figures count contrast and detail, and noise looks like detail.",
    }


def _detects(detection: dict[str, Any]) -> dict[str, str]:
    """By mAP50 against the better camera, with the interval of the difference."""
    clean = detection["clean"]
    best = max(CAMERAS, key=lambda camera: clean[camera]["mAP50"])
    difference = Interval(**detection["over"][best])
    answer = {1: "yes", 0: "unclear", -1: "no"}[difference.sign]
    certainty = "" if difference.sign else ": too few images to tell"
    return {
        "question": "Does the detector find more in it than in the better camera?",
        "answer": answer,
        "text": f"mAP50 {clean['fused']['mAP50']:.3f}, {best} alone {clean[best]['mAP50']:.3f}; difference "
        f"{difference.mean:+.3f} ({difference.low:+.3f} to {difference.high:+.3f}) over {detection['images']} "
        f"images{certainty}.",
    }


def _retains(objects: dict[str, Any]) -> dict[str, str]:
    """By the separability that labelled objects lose against the camera that shows each better."""
    lost = Interval(**objects["lost"])
    kept = f"; {objects['kept_90']:.0%} of the plainly visible keep nine tenths of it" if "kept_90" in objects else ""
    return {
        "question": "Do objects stay as plain as in the camera that shows them better?",
        "answer": "yes" if lost.mean <= 0.01 else "partly" if lost.low <= 0.01 else "no",
        "text": f"separability {objects['fused']:.3f}, better camera {objects['better']:.3f}; lost {lost.mean:.3f} "
        f"({lost.low:.3f} to {lost.high:.3f}) over {objects['objects']} objects{kept}.",
    }


def _keeps_up(speed: dict[str, float], period: float, engine: str) -> dict[str, str]:
    budget = period * 1e3
    return {
        "question": "Does it keep up with the cameras?",
        "answer": "yes" if speed["p95_ms"] < budget else "no",
        "text": f"one fusion takes {speed['median_ms']:.1f} ms (95 % within {speed['p95_ms']:.1f} ms) of the "
        f"{budget:.1f} ms between two pairs, on {engine}, measured by itself.",
    }


def _flickers(flicker: dict[str, Any]) -> dict[str, str]:
    # The thermal camera has none where each of its images is in several pairs.
    worst = max((camera for camera in CAMERAS if flicker[camera]), key=lambda camera: flicker[camera]["mean"])
    fused, source = Interval(**flicker["fused"]), Interval(**flicker[worst])
    answer = "yes" if fused.mean <= source.mean else "partly" if fused.low <= source.high else "no"
    return {
        "question": "Is it as steady as the cameras?",
        "answer": answer,
        "text": f"its mean level moves by {fused.mean:.2f} grey levels (of 255) a frame, that of the {worst} "
        f"camera by {source.mean:.2f}.",
    }


def _prompt_change(change: dict[str, Any]) -> dict[str, str]:
    frames = change["frames"]
    late = (
        "the first frame after a prompt change already uses the new prompt"
        if frames == 0
        else f"{frames} frames come late"
    )
    return {
        "question": "Does a prompt change act at once?",
        "answer": "yes" if frames == 0 else "no",
        "text": f"{late}; the switch took {change['milliseconds']:.1f} ms, and changes the image by "
        f"{change['difference']:.1f} grey levels ({change['prompt']}).",
    }


def _left_out(counts: dict[str, int], every: int, exclusions: dict[str, int], damage: str) -> dict[str, str]:
    parts = [f"{count} × {reason}" for reason, count in exclusions.items()]
    parts += [f"the recording breaks off: {damage}"] if damage else []
    asked = f" (one in {every} was asked for)" if every > 1 else ""
    return {
        "question": "Was everything measured?",
        "answer": "stated" if parts else "yes",
        "text": f"{counts['evaluated']} of {counts['pairs']} pairs{asked}; "
        + ("; ".join(parts) if parts else "no image was left out")
        + ".",
    }
