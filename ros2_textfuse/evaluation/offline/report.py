"""A run as one HTML file that needs nothing beside it: made from run.json, frames.csv and the images."""

import base64
import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ros2_textfuse.evaluation.html.charts import HIGH, WIDE, Scale, curve, density, thinned
from ros2_textfuse.evaluation.metrics.fusion import LESS_IS_BETTER, SINGLE
from ros2_textfuse.evaluation.offline.run_folder import load_run
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES
from ros2_textfuse.runtime.output import write_whole

STREAMS = ("fused", "visible", "thermal")
ABOUT = {
    "EN": "information in the grey levels, bits",
    "SD": "contrast, levels",
    "SF": "change between neighbouring pixels, levels",
    "AG": "sharpness: mean gradient, levels",
    "PIQE": "noise and compression blocks, 0 to 100; less is better",
    "SCD": "what each camera adds, up to 2",
    "VIF": "visual information of both cameras",
    "Qabf": "edges of both cameras, 0 to 1",
    "MI": "information shared with both, nats",
    "SSIM": "structure shared with both, up to 2",
    "CC": "correlation with both, up to 1",
    "flicker": "step of the mean level from the frame before",
    "change": "mean difference from the frame before, motion included",
    "mAP50": "objects that a detector finds, 0 to 1",
    "pairing_ms": "difference of a pair's two stamps, ms",
}
TITLES = {"flicker": "Flicker", "change": "Change", "pairing_ms": "Pairing error"}
TIMELINE = ("paired", "visible unpaired", "thermal unpaired", "rejected")


def write_report(folder: Path) -> Path:
    """Write report.html into a run's folder.

    Raises:
        RunError: there is no finished run.
        OSError: an image is missing, or the file cannot be written.
    """
    run = load_run(folder)
    rows = run.pop("rows")
    for image in run["images"]:
        for stream, name in image["files"].items():
            content = base64.b64encode((folder / "images" / name).read_bytes()).decode()
            image["files"][stream] = f"data:image/jpeg;base64,{content}"
    plots = _plots(run, rows)
    page = render(
        "report.html",
        run=run,
        title=" + ".join(Path(name).name for name in run["source"]["names"]),
        tiles=_tiles(run),
        against=[{"name": name, "about": ABOUT[name], **run["metrics"][name]} for name in AGAINST_SOURCES],
        plots=plots,
        readout=[plot["data"] for plot in plots],
        timeline=_timeline(run),
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


def render(template: str, **values: Any) -> str:
    """A page of evaluation/pages/, with everything escaped that comes from outside."""
    loader = PackageLoader("ros2_textfuse.evaluation.html", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = figure
    return environment.get_template(template).render(values)


def figure(value: float | None) -> str:
    """A number with as many digits as tell something; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    return (
        f"{value:.{max(0, 3 - max(1, math.floor(math.log10(abs(value))) + 1))}f}"
        if abs(value) >= 10
        else f"{value:.3f}"
    )


def _tiles(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The headline figures, each a few rows on one scale."""
    tiles = [_camera_tile(name, run["metrics"][name]) for name in SINGLE]
    if run["detection"]:
        found = {stream: {"mean": run["detection"]["clean"][stream]["mAP50"]} for stream in STREAMS}
        best = max(STREAMS, key=lambda stream: found[stream]["mean"])
        tiles.append(_tile("mAP50", ABOUT["mAP50"], found, best, [0.0, 1.0]))
    elif speed := run.get("speed"):
        rows = {
            "median": {"mean": speed["median_ms"]},
            "95 %": {"mean": speed["p95_ms"]},
            "budget": {"mean": 1e3 * run["source"]["period"]},
        }
        tiles.append(_tile("Speed", "one fusion, and the time between two pairs, ms", rows, "", [0.0]))
    return tiles


def _camera_tile(name: str, metric: dict[str, Any]) -> dict[str, Any]:
    found = {stream: metric[stream] for stream in STREAMS}
    best = (min if name in LESS_IS_BETTER else max)(STREAMS, key=lambda stream: found[stream]["mean"])
    return _tile(name, ABOUT[name], found, best, [])


def _tile(name: str, about: str, rows: dict[str, dict[str, float]], best: str, ends: list[float]) -> dict[str, Any]:
    """Dots with intervals, where there are any, in percent from the left; `ends` are on the scale as well."""
    scale = Scale.from_values(ends, *(list(row.values()) for row in rows.values()))
    marks = {
        label: {key: 100 * (1 - scale.at(row.get(key, row["mean"]))) for key in ("mean", "low", "high")}
        | {"value": row["mean"]}
        for label, row in rows.items()
    }
    return {"name": name, "about": about, "marks": marks, "best": best}


def _plots(run: dict[str, Any], rows: list[dict[str, float]]) -> list[dict[str, Any]]:
    """A plot over time with the distribution at its side, for each figure."""
    found = [_plot(name, {"fused": name, **{c: f"{c}_{name}" for c in STREAMS[1:]}}, run, rows) for name in SINGLE]
    found += [_plot(name, {"fused": name}, run, rows) for name in AGAINST_SOURCES]
    if run["source"]["ordered"]:
        for kind in ("flicker", "change"):
            found.append(_plot(kind, {stream: f"{stream}_{kind}" for stream in STREAMS}, run, rows))
        if any(row["pairing_ms"] for row in rows):
            found.append(_plot("pairing_ms", {"pair": "pairing_ms"}, run, rows))
    return [plot for plot in found if plot]


def _plot(name: str, columns: dict[str, str], run: dict[str, Any], rows: list[dict[str, float]]) -> dict[str, Any]:
    ordered = run["source"]["ordered"]
    times = [row["time"] if ordered else row["number"] for row in rows]
    end = max(run["source"]["duration"] if ordered else run["counts"]["pairs"] - 1, 1e-9)
    values = {stream: [row[column] for row in rows] for stream, column in columns.items()}
    if not any(math.isfinite(value) for series in values.values() for value in series):
        return {}
    scale = Scale.from_values(*values.values())
    series = []
    data: dict[str, Any] = {"unit": "s" if ordered else "", "series": {}}
    for stream in reversed(values):  # fused on top
        shown_times, shown = thinned(times, values[stream])
        places = [time / end for time in shown_times]
        path = curve(places, shown, scale, dots=not ordered)
        series.append({"stream": stream, "path": path, "density": density(values[stream], scale)})
        data["places"] = [round(place, 4) for place in places]
        data["times"] = [round(time, 2) for time in shown_times]
        data["series"][stream] = [None if not math.isfinite(value) else float(f"{value:.4g}") for value in shown]
    along = Scale(0, end).ticks(6)
    return {
        "name": TITLES.get(name, name),
        "about": ABOUT[name],
        "series": series,
        "data": data,
        "ticks": [{"at": 100 * scale.at(value), "label": f"{value:g}"} for value in scale.ticks()],
        "along": [{"at": 100 * value / end, "label": f"{value:g}{' s' if ordered else ''}"} for value in along],
        "width": WIDE,
        "height": HIGH,
    }


def _timeline(run: dict[str, Any]) -> dict[str, Any]:
    """Bars of what became of the images, one stacked on the other."""
    timeline = run["timeline"]
    kinds = [kind for kind in TIMELINE if any(timeline.get(kind, []))]
    stacks = list(zip(*(timeline[kind] for kind in kinds), strict=True))
    highest = max((sum(stack) for stack in stacks), default=1) or 1
    step = WIDE / len(stacks)
    bars = []
    for number, stack in enumerate(stacks):
        top = HIGH
        for kind, count in zip(kinds, stack, strict=True):
            height = HIGH * count / highest
            top -= height
            if count:
                bars.append(
                    {"kind": kind.replace(" ", "-"), "x": number * step, "y": top, "w": step * 0.86, "h": height}
                )
    totals = {kind: sum(timeline[kind]) for kind in kinds}
    end = max(run["source"]["duration"], 1e-9)
    along = [{"at": 100 * value / end, "label": f"{value:g} s"} for value in Scale(0, end).ticks(6)]
    return {"bars": bars, "totals": totals, "along": along, "width": WIDE, "height": HIGH, "highest": highest}
