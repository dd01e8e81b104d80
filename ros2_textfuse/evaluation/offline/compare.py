"""Two runs side by side: what B does better than A, and what may be chance."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ros2_textfuse.evaluation.html.charts import Scale
from ros2_textfuse.evaluation.metrics.average_precision import average_precision, difference, require_judge
from ros2_textfuse.evaluation.metrics.bootstrap import Interval, difference_interval, mean_interval
from ros2_textfuse.evaluation.metrics.fusion import LESS_IS_BETTER, SINGLE
from ros2_textfuse.evaluation.offline.replay import Row
from ros2_textfuse.evaluation.offline.report import ABOUT, TITLES, render
from ros2_textfuse.evaluation.offline.run_folder import LAYOUT, RunError, load_detections, load_run, write_json
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES
from ros2_textfuse.runtime.machine import describe
from ros2_textfuse.runtime.output import claim_folder, write_whole

LESS = (*LESS_IS_BETTER, "flicker")
NEITHER = ("change",)  # motion is in it: less is not better
COLUMNS = {name: name for name in SINGLE + AGAINST_SOURCES} | {"flicker": "fused_flicker", "change": "fused_change"}


def compare(paths: Sequence[Path], out: Path) -> dict[str, Any]:
    """Compare run B with run A; writes compare.json and compare.html.

    Args:
        paths: the folders of A and B, finished.
        out: folder to write into.

    Returns:
        What compare.json holds: differs, setting -> its values in A and B; frames, how many match (0 when none do, and
        the means of all are compared); figures, name -> a, b (means), difference (B minus A, an interval) and better
        (`A`, `B`, or empty where the interval holds zero).

    Raises:
        RunError: a run is not finished, or has no figures of frames.
        DetectorError: both have boxes, and there is nothing to judge them with.
        OSError: it cannot be written.
    """
    runs = [load_run(path) for path in paths]
    for path, run in zip(paths, runs, strict=True):
        if not run["rows"]:
            raise RunError(f"{path} has no figures of frames to compare")
    pairs = _matching(runs)
    ordered = all(run["source"]["ordered"] for run in runs)
    rows = [list(side) for side in zip(*pairs, strict=True)] if pairs else [run["rows"] for run in runs]
    figures = {
        name: found
        for name, column in COLUMNS.items()
        if (found := _figure(name, column, rows, paired=bool(pairs), ordered=ordered))
    }
    if found := _detection(paths):
        figures = {"mAP50": found, **figures}
    names = {*runs[0]["settings"], *runs[1]["settings"]}
    values = {name: [run["settings"].get(name) for run in runs] for name in sorted(names)}
    values |= {key: [run["environment"].get(key) for run in runs] for key in describe()}
    values |= {key: [run[key] for run in runs] for key in ("prompt_summary", "engine")}
    values["recording"] = [_recording(run, runs) for run in runs]
    result: dict[str, Any] = {
        "layout": LAYOUT,
        "kind": "comparison",
        "runs": [str(path) for path in paths],
        "differs": {name: pair for name, pair in values.items() if pair[0] != pair[1]},
        "frames": len(pairs),
        "counts": [len(run["rows"]) for run in runs],
        "figures": figures,
        "speed": [run.get("speed") for run in runs],
    }
    result["verdict"] = _verdict(result)
    claim_folder(out, "compare.json")
    write_json(out / "compare.json", result)
    marks = {name: _mark(figure["difference"]) for name, figure in figures.items()}
    page = render("compare.html", result=result, marks=marks, about=ABOUT, titles=TITLES)
    write_whole(out / "compare.html", page)
    return result


def _matching(runs: Sequence[dict[str, Any]]) -> list[tuple[Row, Row]]:
    """The rows of frames that are in both runs: of one source, and the same pair of images."""
    if _recording(runs[0], runs) != _recording(runs[1], runs):
        return []
    of_a = {(row["number"], row["time"]): row for row in runs[0]["rows"]}
    return [(of_a[key], row) for row in runs[1]["rows"] if (key := (row["number"], row["time"])) in of_a]


def _recording(run: dict[str, Any], runs: Sequence[dict[str, Any]]) -> Any:
    """What a run's recording is known by: its files, as a name is typed in some folder; of older runs the name."""
    return run["source"]["files" if all("files" in one["source"] for one in runs) else "names"]


def _figure(
    name: str, column: str, rows: Sequence[Sequence[Row]], paired: bool, ordered: bool
) -> dict[str, Any] | None:
    a, b = ([row[column] for row in side] for side in rows)
    means = [mean_interval(values, ordered) for values in (a, b)]
    if paired:
        difference = mean_interval([y - x for x, y in zip(a, b, strict=True)], ordered)
    else:
        difference = difference_interval(a, b, ordered)
    if not (means[0] and means[1] and difference):
        return None
    sign = 0 if name in NEITHER else -difference.sign if name in LESS else difference.sign
    better = {1: "B", -1: "A", 0: ""}[sign]
    return {"a": means[0].mean, "b": means[1].mean, "difference": asdict(difference), "better": better}


def _detection(paths: Sequence[Path]) -> dict[str, Any] | None:
    """mAP50 of the fused images that both runs have, where their true boxes are the same."""
    a, b = (load_detections(path) for path in paths)
    if not (a and b):
        return None
    truth = {name: boxes for name, boxes in a[0].items() if b[0].get(name) == boxes}
    classes = sorted({box.name for boxes in truth.values() for box in boxes})
    if not classes:
        return None
    require_judge()
    means = [average_precision(truth, found, classes)["mAP50"] for _, found in (a, b)]
    interval = difference(truth, b[1], a[1], classes)
    better = {1: "B", -1: "A", 0: ""}[interval.sign]
    return {"a": means[0], "b": means[1], "difference": asdict(interval), "better": better}


def _verdict(result: dict[str, Any]) -> str:
    of: dict[str, list[str]] = {"B": [], "A": [], "": []}
    for name, figure in result["figures"].items():
        if name not in NEITHER:
            of[figure["better"]].append(name)
    if not (of["A"] or of["B"]):
        return "No figure tells A from B."
    parts = [f"{side} is better in {', '.join(of[side])}" for side in ("B", "A") if of[side]]
    return "; ".join([*parts, *([f"no difference in {', '.join(of[''])}"] if of[""] else [])]) + "."


def _mark(difference: dict[str, float]) -> dict[str, float]:
    """The interval on a scale with zero on it, in percent from the left."""
    interval = Interval(**difference)
    scale = Scale.from_values([interval.low, interval.high, 0.0])
    return {name: 100 * (1 - scale.at(value)) for name, value in {**difference, "zero": 0.0}.items()}
