"""A store as one HTML file that needs nothing beside it."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.evaluation.html.charts import Scale
from ros2_textfuse.evaluation.metrics.fusion import LESS_IS_BETTER, SINGLE
from ros2_textfuse.evaluation.offline.report import ABOUT, render
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES
from ros2_textfuse.fleet import schema
from ros2_textfuse.fleet.errors import FleetError
from ros2_textfuse.fleet.figures import FIGURES, SHOWN, prepare, sliced, slicings
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime.output import claim_file, write_whole

if TYPE_CHECKING:
    import duckdb

WORST = 12  # recordings, frames and slices that are shown
FEW = 10  # recordings, below which an interval by recording says little
OURS = b"<!DOCTYPE html>\n<!-- textfuse fleet -->"
TELLING = ("score", "retention", "Qabf", "VIF", "SSIM", "SCD", "fused_flicker", "PIQE")
"""Figures by which one store is called better than another."""
ALL_ABOUT = ABOUT | {
    "score": "mean of SCD, VIF, Qabf and SSIM, each as a share of its best, 0 to 1",
    "retention": "of what either camera shows plainly, the share that stays plain, 0 to 1",
    "fused_flicker": ABOUT["flicker"],
}
NAMES = {"fused_flicker": "flicker"}


def write_report(out: Path, store: Store, other: Store | None = None, also: Sequence[str] = ()) -> list[dict[str, str]]:
    """Write a store's report.

    Args:
        out: the file.
        store: to report about.
        other: to compare it with.
        also: further columns to slice by.

    Returns:
        The verdict: question, answer and text of each.

    Raises:
        FleetError: a store is empty, or has no such column; DuckDB is not installed.
        OutputError: the file is somebody else's.
        OSError: it cannot be written.
    """
    claim_file(out, lambda head: head.startswith(OURS))
    connection = connect(store, other)
    shared = prepare(connection, other is not None)
    (count, frames) = connection.execute("select count(distinct key), count(*) from facts").fetchone() or (0, 0)
    if not frames:
        raise FleetError(f"{store.path} has no measured frame: `textfuse fleet query` tells why, in recordings.error")
    totals = sliced(connection, None, FIGURES)[0]["figures"]
    changes = _changes(connection, store, other, also) if other and shared else None
    left_out = _left_out(connection)
    verdict = [*_compared(changes, other, shared), _better(totals), _measured(count, frames, left_out)]
    page = render(
        "fleet.html",
        store=store,
        other=other,
        recordings=count,
        frames=frames,
        hours=_hours(connection),
        few=count < FEW,
        verdict=verdict,
        tiles=[_camera_tile(name, totals) for name in SINGLE],
        against=[{"name": name, "about": ALL_ABOUT[name], **totals[name]} for name in _told(totals)],
        changes=changes,
        slices=_slices(connection, also),
        shown=SHOWN,
        names=NAMES,
        about=ALL_ABOUT,
        worst=_worst_recordings(connection),
        images=_worst_frames(connection),
        left_out=left_out,
        made=_made_with(connection),
    )
    write_whole(out, page)
    return verdict


def _hours(connection: "duckdb.DuckDBPyConnection") -> float:
    """Of what was recorded, copies once."""
    query = "select coalesce(sum(duration), 0) / 3600 from (select distinct key, duration from recordings)"
    return float((connection.execute(query).fetchone() or (0,))[0])


def _told(totals: dict[str, Any]) -> list[str]:
    return [name for name in ("score", "retention", *AGAINST_SOURCES, "fused_flicker") if totals[name]]


def _camera_tile(name: str, totals: dict[str, Any]) -> dict[str, Any]:
    """Fused beside its cameras, as dots with intervals on one scale, in percent from the left."""
    found = {stream: totals[name if stream == "fused" else f"{stream}_{name}"] for stream in ("fused", *CAMERAS)}
    scale = Scale.from_values(*([row["mean"], row["low"], row["high"]] for row in found.values()))
    best = (min if name in LESS_IS_BETTER else max)(found, key=lambda stream: found[stream]["mean"])
    return {
        "name": name,
        "about": ALL_ABOUT[name],
        "best": best,
        "marks": {s: _mark(r, scale) for s, r in found.items()},
    }


def _mark(row: dict[str, float], scale: Scale) -> dict[str, float]:
    return {end: 100 * (1 - scale.at(row[end])) for end in ("mean", "low", "high")} | {"value": row["mean"]}


def _slices(connection: "duckdb.DuckDBPyConnection", also: Sequence[str]) -> list[dict[str, Any]]:
    """Tables of slices, of those that tell frames apart."""
    import duckdb

    found = []
    for slicing in slicings(connection, also):
        try:
            rows = sliced(connection, slicing, SHOWN)
        except duckdb.Error as error:
            raise FleetError(f"--by {slicing.title}: {error}") from error
        if len(rows) < 2 and slicing.title not in also:
            continue
        scales = {
            name: Scale.from_values(
                [row["figures"][name][end] for row in rows for end in ("low", "high") if row["figures"][name]]
            )
            for name in SHOWN
        }
        for row in rows:
            row["marks"] = {name: _mark(one, scales[name]) for name, one in row["figures"].items() if one}
        found.append({"title": slicing.title, "about": slicing.about, "rows": rows[: 2 * WORST]})
    return found


def _changes(
    connection: "duckdb.DuckDBPyConnection", store: Store, other: Store, also: Sequence[str]
) -> dict[str, Any]:
    """What changed against another store, over the frames that both have."""
    total = sliced(connection, None, FIGURES, "differences")[0]
    figures = {name: figure for name in TELLING if (figure := total["figures"][name])}
    slices = [
        {"slicing": slicing.title, **row, "better": {name: _sign(name, row["figures"][name]) for name in SHOWN}}
        for slicing in slicings(connection, also)
        for row in sliced(connection, slicing, SHOWN, "differences")
    ]
    worse = [one for one in slices if one["better"]["score"] < 0 or one["better"]["retention"] < 0]
    worse.sort(key=lambda one: (one["figures"]["score"] or {}).get("mean", 0.0))
    recordings = connection.execute(
        "select source, count(*) as frames, avg(score) as score, avg(retention) as retention from differences "
        f"group by key, source having avg(score) < 0 order by avg(score) limit {WORST}"
    ).fetchall()
    differing = sorted(
        name for name in {**store.settings, **other.settings} if store.settings.get(name) != other.settings.get(name)
    )
    return {
        "frames": total["frames"],
        "recordings": total["recordings"],
        "figures": {
            name: {**one, "sign": _sign(name, one), "mark": _around_zero(one)} for name, one in figures.items()
        },
        "worse": worse[:WORST],
        "better": sum(one["better"]["score"] > 0 for one in slices),
        "slices": len(slices),
        "recordings_worse": recordings,
        "differs": {name: (other.settings.get(name), store.settings.get(name)) for name in differing},
    }


def _sign(name: str, figure: dict[str, float] | None) -> int:
    """1 where a difference is better, -1 where it is worse, 0 where it may be chance."""
    if figure is None:
        return 0
    sign = (figure["low"] > 0) - (figure["high"] < 0)
    return -sign if name in LESS_IS_BETTER or name.endswith("flicker") else sign


def _around_zero(figure: dict[str, float]) -> dict[str, float]:
    scale = Scale.from_values([figure["low"], figure["high"], 0.0])
    return _mark(figure, scale) | {"zero": 100 * (1 - scale.at(0.0))}


def _compared(changes: dict[str, Any] | None, other: Store | None, shared: bool) -> list[dict[str, str]]:
    if other is None:
        return []
    if changes is None:
        text = f"{other.path} has no frame of these recordings: evaluate the same ones into both"
        return [{"question": f"Better than {other.path}?", "answer": "unclear", "text": text}]
    of: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for name, figure in changes["figures"].items():
        of[figure["sign"]].append(NAMES.get(name, name))
    parts = [f"{word} in {', '.join(of[sign])}" for sign, word in ((1, "better"), (-1, "worse")) if of[sign]]
    parts += [f"no difference to tell in {', '.join(of[0])}"] if of[0] else []
    lead = changes["figures"]["score"]
    answer = {1: "yes", 0: "unclear", -1: "no"}[lead["sign"]]
    score = (
        f"score {lead['mean']:+.4f} ({lead['low']:+.4f} to {lead['high']:+.4f}) over {changes['frames']} frames of "
        f"{changes['recordings']} recordings; "
    )
    worse = ", ".join(f"{one['slicing']}: {one['level']}" for one in changes["worse"][:4])
    return [
        {"question": f"Better than {other.path}?", "answer": answer, "text": score + "; ".join(parts) + "."},
        {
            "question": "Does that hold everywhere?",
            "answer": "partly" if worse else "yes",
            "text": f"worse with certainty in {worse}."
            if worse
            else f"none of {changes['slices']} slices is worse with certainty; {changes['better']} are better.",
        },
    ]


def _better(totals: dict[str, Any]) -> dict[str, str]:
    """Fused beside its cameras, where the intervals do not touch."""
    better, worse = [], []
    for name in SINGLE:
        sign = -1 if name in LESS_IS_BETTER else 1
        fused, cameras = totals[name], [totals[f"{camera}_{name}"] for camera in CAMERAS]
        ends = (
            [sign * fused[end] for end in ("low", "high")],
            [[sign * c[end] for end in ("low", "high")] for c in cameras],
        )
        if min(ends[0]) > max(max(pair) for pair in ends[1]):
            better.append(name)
        elif max(ends[0]) < min(min(pair) for pair in ends[1]):
            worse.append(name)
    majority = len(SINGLE) // 2
    parts = [
        f"{word} {', '.join(found)}"
        for word, found in (("above both cameras in", better), ("below both in", worse))
        if found
    ]
    kept = totals["retention"]
    parts += [f"{kept['mean']:.0%} of what a camera shows plainly stays plain"] if kept else []
    return {
        "question": "Does the fused image show more than either camera?",
        "answer": "yes" if len(better) > majority else "no" if len(worse) > majority else "partly",
        "text": ("; ".join(parts) or "between the cameras in all figures") + ".",
    }


def _measured(recordings: int, frames: int, left_out: dict[str, Any]) -> dict[str, str]:
    lost = len(left_out["recordings"])
    parts = [f"{lost} recordings gave no frame"] if lost else []
    parts += [f"{left_out['damaged']} break off"] if left_out["damaged"] else []
    parts += [f"{left_out['same']} have the content of another"] if left_out["same"] else []
    return {
        "question": "Was everything measured?",
        "answer": "stated" if parts else "yes",
        "text": f"{frames} frames of {recordings} recordings; {'; '.join(parts) or 'no recording was left out'}.",
    }


def _left_out(connection: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    """Recordings without a frame and why, and the reasons for which images were left out of the others."""
    lost = connection.execute(
        "select source, coalesce(nullif(problem, ''), nullif(error, ''), 'not evaluated yet') from recordings "
        "where problem <> '' or error <> '' or error is null order by 1"
    ).fetchall()
    damaged = connection.execute("select source, damage from recordings where damage <> '' order by 1").fetchall()
    reasons: Counter[str] = Counter()
    for (text,) in connection.execute("select any_value(exclusions) from rows group by key").fetchall():
        reasons.update(json.loads(text or "{}"))
    (same,) = connection.execute("select count(key) - count(distinct key) from recordings").fetchone() or (0,)
    return {
        "recordings": lost,
        "damaged": len(damaged),
        "damages": damaged[:WORST],
        "same": same,
        "reasons": reasons.most_common(),
    }


def _worst_recordings(connection: "duckdb.DuckDBPyConnection") -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(
        "select source, count(*), avg(score), avg(retention), avg(Qabf), mode(light), "
        "count(*) filter (visible_fault <> '' or thermal_fault <> '') / count(*) "
        f"from facts group by key, source order by avg(score) limit {WORST}"
    ).fetchall()
    return found


def _worst_frames(connection: "duckdb.DuckDBPyConnection") -> list[dict[str, Any]]:
    """The worst frame of each of the recordings that have the worst ones."""
    rows = connection.execute(
        f"select source, number, time, score, retention, {', '.join(schema.IMAGES)} from frames "
        f"where image_fused is not null order by score, key limit {WORST}"
    ).fetchall()
    return [
        {
            "source": source,
            "number": number,
            "time": time,
            "score": score,
            "retention": retention,
            "files": {
                stream: f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"
                for stream, image in zip(schema.STREAMS, images, strict=True)
            },
        }
        for source, number, time, score, retention, *images in rows
    ]


def _made_with(connection: "duckdb.DuckDBPyConnection") -> dict[str, str]:
    """Engines, versions and processors, each with the number of recordings."""
    found = {}
    for name in ("model", "engine", "version", "machine"):
        rows = connection.execute(
            f"select {name}, count(distinct key) from recordings where error = '' group by 1 order by 2 desc, 1"
        ).fetchall()
        found[name] = "; ".join(f"{value} ({count})" for value, count in rows)
    return found
