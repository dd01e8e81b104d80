"""What came of a live evaluation: live.json, live.csv and live.html."""

from __future__ import annotations

import csv
import io
import itertools
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ros2_textfuse.evaluation.html.charts import HIGH, POINTS, WIDE, Scale, curve, density
from ros2_textfuse.evaluation.live.expectations import amount, judge
from ros2_textfuse.evaluation.live.figures import (
    FIGURES,
    count_steps,
    latencies,
    measure,
    pairing_errors,
    prompt_switches,
)
from ros2_textfuse.evaluation.live.observations import LOSSES, NODES, STAGES, Watch
from ros2_textfuse.evaluation.live.scenario import Scenario
from ros2_textfuse.evaluation.offline.report import render
from ros2_textfuse.evaluation.offline.run_folder import write_json
from ros2_textfuse.runtime.machine import describe
from ros2_textfuse.runtime.output import write_whole

LAYOUT = 1
"""Of live.json."""
HEADLINES = {
    "Rate": ("visible_hz", "thermal_hz", "fused_hz", "detections_hz"),
    "Stamp to fused": ("fused_p50_ms", "fused_p95_ms", "fused_p99_ms", "fused_max_ms"),
    "Stamp to detections": ("detections_p50_ms", "detections_p95_ms", "detections_p99_ms", "detections_max_ms"),
    "Jitter": ("fused_jitter_ms", "detections_jitter_ms"),
    "Lost": ("lost_share", *LOSSES, "undetected", "restarts"),
    "Pairing error": ("pairing_p50_ms", "pairing_max_ms"),
    "Prompt changes": ("prompt_late_frames", "prompt_ms"),
    "Processor cores": tuple(f"{node}_cores" for node in NODES),
    "Memory": tuple(f"{node}_mib" for node in NODES),
}
Series = Mapping[str, Sequence[float]]


def assess(scenario: Scenario, watch: Watch, command: Sequence[str], source: str) -> dict[str, Any]:
    """Judge what was seen.

    Args:
        scenario: what was to happen.
        watch: what did, counted from the first fused image.
        command: to get it again.
        source: text of the scenario file; empty without one.

    Returns:
        What live.json holds; docs/reference/file-formats.md describes it.
    """
    warm_up = min(scenario.warm_up, watch.seconds / 2)  # Ctrl-C may have ended it sooner
    known, unknown = measure(watch, warm_up, watch.seconds)
    verdict = judge(watch, scenario.expect, warm_up)
    missed = sum(not judgement.met for judgement in verdict)
    if not verdict:
        summary = "Nothing was expected: give a scenario to judge what was seen."
    elif missed:
        summary = f"{missed} of {len(verdict)} expectations not met."
    else:
        summary = f"All {len(verdict)} expectations met." if len(verdict) > 1 else "The one expectation was met."
    switches = {switch[0].at: switch[1:] for switch in prompt_switches(watch)}
    status = watch.statuses[-1] if watch.statuses else None
    return {
        "layout": LAYOUT,
        "kind": "live",
        "passed": not missed,
        "summary": summary,
        "name": scenario.name,
        "description": scenario.description,
        "namespace": scenario.namespace,
        "seconds": watch.seconds,
        "warm_up": warm_up,
        "images": watch.images,
        "simulated": scenario.start.simulated,
        "engine": status.engine if status else "",
        "verdict": [asdict(judgement) for judgement in verdict],
        "figures": known,
        "unknown": unknown,
        "latency": {stream: latencies(watch, stream)[1] for stream in ("fused", "detections")},
        "stages": _stages(watch, warm_up),
        "states": _states(watch),
        "diagnostics": [asdict(one) for one in watch.diagnostics],
        "prompts": [
            asdict(call) | dict(zip(("late_frames", "ms"), switches.get(call.at, (None, None)), strict=True))
            for call in watch.prompts
        ],
        "ended": [{"name": name, "code": code, "at": at} for name, code, at in watch.ended],
        "environment": describe(),
        "command": shlex.join(command),
        "scenario": source,
    }


def write_results(folder: Path, result: dict[str, Any], watch: Watch) -> None:
    """Write live.json, live.csv (a row for each image) and live.html into a folder that exists.

    Raises:
        OSError: they cannot be written.
    """
    write_json(folder / "live.json", result)
    rows = image_rows(watch)
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]) if rows else ["stamp"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if math.isnan(value) else repr(value) for name, value in row.items()})
    write_whole(folder / "live.csv", table.getvalue())
    plots = _plots(watch, rows)
    headlines = {
        title: [
            {
                "name": FIGURES[name][1],
                "value": amount(result["figures"][name], name) if name in result["figures"] else "",
            }
            | {"label": _label(name), "why": result["unknown"].get(name, "")}
            for name in names
        ]
        for title, names in HEADLINES.items()
    }
    page = render(
        "live.html",
        result=result,
        headlines=headlines,
        plots=plots,
        readout=[plot["data"] for plot in plots],
        losses=_losses(watch),
        strip=_strip(result["states"], watch.seconds),
        along=_along(watch.seconds),
        marks=[100 * call.at / watch.seconds for call in watch.prompts],
        width=WIDE,
        height=HIGH,
    )
    write_whole(folder / "live.html", page)


def image_rows(watch: Watch) -> list[dict[str, float]]:
    """A row for each image by its stamp: when it was first seen (s), latencies, pairing error (ms); NaN for none."""
    found: dict[int, dict[str, float]] = {}
    columns = {"fused_ms": latencies(watch, "fused")[0], "detections_ms": latencies(watch, "detections")[0]}
    columns["pairing_ms"] = pairing_errors(watch)
    for name, items in columns.items():
        for seen in items:
            row = found.setdefault(
                seen.stamp, {"stamp": seen.stamp, "time": seen.at, **dict.fromkeys(columns, math.nan)}
            )
            row[name] = seen.age_ms
            row["time"] = min(row["time"], seen.at)
    return sorted(found.values(), key=lambda row: row["time"])


def _stages(watch: Watch, since: float) -> dict[str, float]:
    """Medians of where the milliseconds of an image went, as the fusion node says."""
    newest = {s.stamp: s for s in watch.statuses if s.stamp and since <= s.at <= watch.seconds}
    return {name: float(np.median([s.stages[name] for s in newest.values()])) for name in STAGES if newest}


def _states(watch: Watch) -> list[dict[str, Any]]:
    """Stretches of one state with one message: from its first status to that of the next stretch."""
    stretches: list[dict[str, Any]] = []
    for status in watch.statuses:
        last = stretches[-1] if stretches else {}
        if (last.get("state"), last.get("message")) != (status.state, status.message):
            if last:
                last["until"] = status.at
            stretches.append({"state": status.state, "message": status.message, "since": status.at, "until": status.at})
        else:
            last["until"] = status.at
    return stretches


# Drawing ------------------------------------------------------------------------------------------------------------


def _plots(watch: Watch, rows: list[dict[str, float]]) -> list[dict[str, Any]]:
    shown = _with_gaps([row for row in rows if 0 <= row["time"] <= watch.seconds])
    times = [row["time"] for row in shown]
    columns = {name: [row[name] for row in shown] for name in ("fused_ms", "detections_ms", "pairing_ms")}
    rate_times, rates = _rates(watch)
    cpu_times, cores, memory = _usage(watch)
    both = {"fused": columns["fused_ms"], "detections": columns["detections_ms"]}
    found = [
        _plot("Rate", "images a second", rate_times, rates, watch.seconds),
        _plot("Latency", "ms from camera to fused image and to detections", times, both, watch.seconds),
        _plot(
            "Pairing error", "thermal stamp minus visible, ms", times, {"pair": columns["pairing_ms"]}, watch.seconds
        ),
        _plot("Processor", "cores kept busy", cpu_times, cores, watch.seconds),
        _plot("Memory", "resident, MiB", cpu_times, memory, watch.seconds),
    ]
    return [plot for plot in found if plot]


def _with_gaps(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Rows with an empty one wherever images stayed away, so that no line is drawn across."""
    if len(rows) < 3:
        return rows
    steps = np.diff([row["time"] for row in rows])
    longest = max(3 * float(np.median(steps)), 0.5)
    found = rows[:1]
    for before, after, step in zip(rows, rows[1:], steps, strict=False):
        if step > longest:
            found.append({**dict.fromkeys(after, math.nan), "time": (before["time"] + after["time"]) / 2})
        found.append(after)
    return found


def _plot(name: str, about: str, times: Sequence[float], values: Series, end: float) -> dict[str, Any]:
    values = {stream: series for stream, series in values.items() if any(map(math.isfinite, series))}
    if not values:
        return {}
    places, thin = _thinned(times, values)
    scale = Scale.from_values([0.0] if min(map(np.nanmin, thin.values())) >= 0 else [], *thin.values())
    return {
        "name": name,
        "about": about,
        "series": [
            {
                "stream": stream,
                "path": curve([place / end for place in places], series, scale, dots=False),
                "density": density(values[stream], scale),
            }
            for stream, series in thin.items()
        ],
        "data": {
            "unit": "s",
            "places": [round(place / end, 4) for place in places],
            "times": [round(place, 2) for place in places],
            "series": {
                stream: [None if not math.isfinite(value) else float(f"{value:.4g}") for value in series]
                for stream, series in thin.items()
            },
        },
        "ticks": [{"at": 100 * scale.at(value), "label": f"{value:g}"} for value in scale.ticks()],
    }


def _thinned(times: Sequence[float], values: Series) -> tuple[list[float], dict[str, list[float]]]:
    """At most POINTS of each, the largest of what lies between: a mean would hide what came late."""
    if len(times) <= POINTS:
        return list(times), {stream: list(series) for stream, series in values.items()}
    starts = np.linspace(0, len(times), POINTS + 1).astype(int)[:-1]
    largest = {
        stream: np.fmax.reduceat(np.asarray(series, np.float64), starts).tolist() for stream, series in values.items()
    }
    return np.asarray(times)[starts].tolist(), largest


def _rates(watch: Watch) -> tuple[list[float], Series]:
    """Of every second: what came to be seen, or where nobody looked, what the fusion node counted."""
    edges = np.arange(0, math.floor(watch.seconds) + 1, dtype=np.float64)
    steps = count_steps(watch, -math.inf, math.inf)
    values: dict[str, list[float]] = {}
    counters = {"visible": "visible_received", "thermal": "thermal_received", "fused": "pairs_fused"}
    for stream in ("visible", "thermal", "detections", "fused"):
        if seen := getattr(watch, stream):
            values[stream] = np.histogram([item.at for item in seen], edges)[0].astype(float).tolist()
        elif stream in counters and steps:
            at = [step[1] for step in steps]
            total = np.cumsum([step[2][counters[stream]] for step in steps])
            values[stream] = np.diff(np.interp(edges, at, total)).tolist()
    return (edges[:-1] + 0.5).tolist(), values


def _usage(watch: Watch) -> tuple[list[float], Series, Series]:
    """Times, cores and MiB of each process; they were read at the same moments."""
    grid = sorted({s.at for samples in watch.usage.values() for s in samples if 0 <= s.at <= watch.seconds})
    index = {at: number for number, at in enumerate(grid)}
    cores = {node: [math.nan] * len(grid) for node in watch.usage}
    memory = {node: [math.nan] * len(grid) for node in watch.usage}
    for node, samples in watch.usage.items():
        for before, after in itertools.pairwise(samples):
            if (place := index.get(after.at)) is not None:
                cores[node][place] = (after.cpu - before.cpu) / (after.at - before.at)
                memory[node][place] = after.mib
    return grid, cores, memory


def _losses(watch: Watch) -> dict[str, Any]:
    """Bars of what was lost between two statuses, stacked by its reason."""
    steps = [step for step in count_steps(watch, -math.inf, math.inf) if step[1] >= 0 and step[0] <= watch.seconds]
    totals = {name: max(0, sum(step[2][name] for step in steps)) for name in LOSSES}
    highest = max((sum(max(0, step[2][name]) for name in LOSSES) for step in steps), default=0) or 1
    bars = []
    for since, until, increase in steps:
        left, right = (WIDE * min(max(at, 0.0), watch.seconds) / watch.seconds for at in (since, until))
        top = HIGH
        for name in LOSSES:
            if (count := max(0, increase[name])) and right > left:
                height = HIGH * count / highest
                top -= height
                bars.append({"kind": name, "x": left, "y": top, "w": (right - left) * 0.9, "h": height})
    return {"bars": bars, "totals": totals, "highest": highest}


def _strip(states: list[dict[str, Any]], end: float) -> list[dict[str, Any]]:
    """The states as stretches of one bar, in percent from the left."""
    shown = [{**s, "since": max(s["since"], 0.0), "until": min(s["until"], end)} for s in states]
    return [
        {"state": s["state"], "x": 100 * s["since"] / end, "w": 100 * (s["until"] - s["since"]) / end}
        for s in shown
        if s["until"] > s["since"]
    ]


def _along(end: float) -> list[dict[str, Any]]:
    return [{"at": 100 * value / end, "label": f"{value:g} s"} for value in Scale(0, end).ticks(6)]


def _label(figure: str) -> str:
    """A figure's short name, without what its headline says already."""
    for ending in ("_ms", "_hz", "_cores", "_mib", "_jitter"):
        figure = figure.removesuffix(ending)
    words = figure.split("_")
    if len(words) > 1 and words[0] in ("fused", "detections", "pairing", "prompt"):
        del words[0]
    return " ".join(words)
