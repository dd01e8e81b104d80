"""How well a fusion network fuses, and how well it repairs what a prompt names.

Degradations are synthetic and seeded by the image, so the clean pair is known and two networks are judged on the same
images.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import Image, RegisteredPair
from ros2_textfuse.evaluation import metrics
from ros2_textfuse.evaluation.metrics import retention
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.drawing import panel
from ros2_textfuse.imaging.encodings import thermal_array, visible_array
from ros2_textfuse.prompts.phrasings import TEST, handwritten
from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime.output import write_whole

SEVERITY = 0.5
SEVERITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
DAYLIGHT = 60.0  # mean level of a visible image that may stand for a clean one
PHRASINGS = 5  # unseen sentences of each mode
STILL = 0.2  # levels that the sources' mean may move between two frames of a static stretch


def judge(fuser: Fuser, pairs: list[RegisteredPair], videos: Sequence[tuple[str, str]], out: Path) -> dict[str, Any]:
    """Judge a network and write quality.json, quality.md and the contact sheets.

    Args:
        fuser: with the network.
        pairs: registered ones.
        videos: visible and thermal, to look for flicker in.
        out: the folder, made where it is missing, once there is something to write.

    Returns:
        What quality.json holds.

    Raises:
        RecordingError: no pair can stand for a clean one, or a video cannot be read.
        OSError: the folder cannot be written.
    """
    result = {
        "model": fuser.model_name,
        "fusion": fusion(fuser, pairs),
        "retention": retained(fuser, pairs),
        "repair": repair(fuser, [pair for pair in pairs if pair.visible.mean() >= DAYLIGHT]),
        "video": {Path(visible).stem: flicker(fuser, visible, thermal) for visible, thermal in videos},
    }
    result["engine"] = fuser.engine_name
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "quality.json", json.dumps(result, indent=2) + "\n")
    write_whole(out / "quality.md", report(result))
    for name, sheet in sheets(fuser, pairs):
        write_whole(out / f"{name}.jpg", image_files.encode(sheet, ".jpg"))
    return result


def fusion(fuser: Fuser, pairs: list[RegisteredPair]) -> dict[str, dict[str, float]]:
    """Metrics without a prompt, averaged over each data set (what a name has before its first underscore)."""
    fuser.set_prompt()
    rows: dict[str, list[dict[str, float]]] = {}
    for pair in tqdm(pairs, desc="fusion", unit="pair"):
        fused = metrics.to_grey(fuser.fuse(pair.visible, pair.thermal))
        figures = metrics.evaluate(pair.thermal, metrics.to_grey(pair.visible), fused)
        rows.setdefault(pair.name.split("_")[0], []).append(figures)
    return {
        name: {"pairs": len(found), **{key: float(np.mean([row[key] for row in found])) for key in found[0]}}
        for name, found in rows.items()
    }


def retained(fuser: Fuser, pairs: list[RegisteredPair]) -> dict[str, dict[str, Any]]:
    """Object retention without a prompt over the salient regions of both cameras, by data set."""
    fuser.set_prompt()
    found: dict[str, list[retention.Retention]] = {}
    for pair in tqdm(pairs, desc="retention", unit="pair"):
        visible = metrics.to_grey(pair.visible)
        fused = metrics.to_grey(fuser.fuse(pair.visible, pair.thermal))
        regions = found.setdefault(pair.name.split("_")[0], [])
        for box in retention.salient_boxes(visible, pair.thermal):
            if one := retention.retention(visible, pair.thermal, fused, box):
                regions.append(one)
    return {name: retention.summary(regions) for name, regions in found.items() if regions}


def repair(fuser: Fuser, pairs: list[RegisteredPair]) -> dict[str, Any]:
    """What prompts repair on degraded daylight pairs.

    Closeness is PSNR, in dB, to the fusion of the clean pair without a prompt: fused without a prompt, with the mode by
    name, and with unseen free text. `wrong` compares root mean square errors in levels: what the prompt costs on a
    clean pair and what it gains on a degraded one. `change` is how far (in mean levels) the image moves with the
    severity asked for. A compound is one visible and one thermal mode together.
    """
    if not pairs:
        raise RecordingError(f"no pair is bright enough (mean level {DAYLIGHT:.0f}) to stand for a clean one")
    clean = {pair.name: _fused(fuser, pair.visible, pair.thermal) for pair in pairs}
    spoken = {mode: [p.text for p in handwritten(TEST) if list(p.severities) == [mode]][:PHRASINGS] for mode in MODES}
    single = {}
    for mode in tqdm(MODES, desc="repair", unit="mode"):
        rows: list[dict[str, Any]] = []
        for pair in pairs:
            target, degraded = clean[pair.name], pair.degraded({mode: SEVERITY})
            plain = _fused(fuser, *degraded)
            ladder = [_fused(fuser, *degraded, modes=(mode,), severity=value) for value in SEVERITIES]
            named = ladder[SEVERITIES.index(SEVERITY)]
            wrong = _fused(fuser, pair.visible, pair.thermal, modes=(mode,), severity=SEVERITY)
            texts = [psnr(_fused(fuser, *degraded, text=text), target) for text in spoken[mode]]
            rows.append(
                {
                    "plain": psnr(plain, target),
                    "named": psnr(named, target),
                    "spoken": float(np.mean(texts)),
                    "cost": _error(wrong, target),
                    "worth": _error(plain, target) - _error(named, target),
                    "change": [float(cv2.absdiff(image, ladder[0]).mean()) for image in ladder],
                }
            )
        single[mode] = {key: np.mean([row[key] for row in rows], axis=0).tolist() for key in rows[0]}
    compounds = {}
    combinations = list(
        product((m for m in MODES if not m.startswith("ir_")), (m for m in MODES if m.startswith("ir_")))
    )
    for modes in tqdm(combinations, desc="compounds", unit="pair of modes"):
        gains = []
        for pair in pairs:
            degraded = pair.degraded(dict.fromkeys(modes, SEVERITY))
            together = _fused(fuser, *degraded, modes=modes, severity=SEVERITY)
            gains.append(psnr(together, clean[pair.name]) - psnr(_fused(fuser, *degraded), clean[pair.name]))
        smaller = min(single[mode]["named"] - single[mode]["plain"] for mode in modes)
        compounds["+".join(modes)] = {"gain": float(np.mean(gains)), "smaller_single_gain": smaller}
    return {"pairs": len(pairs), "single": single, "compounds": compounds}


def flicker(fuser: Fuser, visible: str, thermal: str) -> dict[str, float]:
    """Temporal standard deviation of mean brightness over static stretches, fused and of both sources.

    A stretch is static while neither source's mean level moves by more than STILL from one frame to the next.
    """
    fuser.set_prompt()
    levels: list[tuple[float, float, float]] = []
    images = iter(open_recording(visible=visible, thermal=thermal))
    for first, second in tqdm(zip(images, images, strict=True), desc=Path(visible).stem, unit="pair"):
        sources = visible_array(first), thermal_array(second)
        fused = fuser.fuse(*sources)
        levels.append((metrics.to_grey(sources[0]).mean(), float(sources[1].mean()), metrics.to_grey(fused).mean()))
    steps = np.abs(np.diff(levels, axis=0))
    still = (steps[:, :2] <= STILL).all(axis=1)
    # Runs of static steps, at least half a second long.
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    runs = [(start, stop) for start, stop in edges.reshape(-1, 2) if stop - start >= 15]
    spread = [np.std(levels[start : stop + 1], axis=0) for start, stop in runs]
    names = ("visible", "thermal", "fused")
    deviations = dict(zip(names, np.mean(spread, axis=0).tolist(), strict=True)) if spread else {}
    return {"frames": len(levels), "static_stretches": len(runs), **deviations}


def sheets(fuser: Fuser, pairs: list[RegisteredPair]) -> Iterator[tuple[str, Image]]:
    """Contact sheets: all pairs fused without a prompt and with low_light, and each mode degraded, fused, repaired."""
    rows = []
    for pair in pairs:
        sides = pair.visible, pair.thermal
        rows.append([*sides, _fused(fuser, *sides), _fused(fuser, *sides, modes=("low_light",))])
    yield "fusion", np.vstack([_row(row, ("visible", "thermal", "fused", "fused: low_light")) for row in rows])
    day = max(pairs, key=lambda pair: pair.visible.std())
    clean = _fused(fuser, day.visible, day.thermal)
    modes = []
    for mode in MODES:
        degraded = day.degraded({mode: SEVERITY})
        images = [
            degraded[1] if mode.startswith("ir_") else degraded[0],
            _fused(fuser, *degraded),
            _fused(fuser, *degraded, modes=(mode,), severity=SEVERITY),
            clean,
        ]
        modes.append(_row(images, (mode, "fused: no prompt", f"fused: {mode}", "fused clean pair")))
    yield "repair", np.vstack(modes)


def report(result: dict) -> str:
    """The tables, in Markdown."""
    keys = [key for key in next(iter(result["fusion"].values())) if key != "pairs"]
    lines = [f"Network `{result['model']}` on {result['engine']}.", "", "## Fusion without a prompt", ""]
    lines += [f"| pairs | {' | '.join(keys)} |", "| --- " * (len(keys) + 1) + "|"]
    for name, row in result["fusion"].items():
        lines.append(f"| {name}, {row['pairs']} | " + " | ".join(f"{row[key]:.3f}" for key in keys) + " |")
    lines += [
        "",
        "## Object retention without a prompt",
        "",
        "Separability (1 minus the overlap of the grey histograms inside and around) of the regions that either camera "
        "shows most plainly; lost: better camera minus fused, with its 95 % interval; kept: the share of regions that "
        "keeps nine tenths and three quarters of the better camera's.",
        "",
        "| pairs | regions | visible | thermal | better | fused | lost | kept 9/10 | kept 3/4 |",
        "| --- " * 9 + "|",
    ]
    for name, row in result["retention"].items():
        figures = " | ".join(f"{row[stream]:.3f}" for stream in ("visible", "thermal", "better", "fused"))
        lost = f"{row['lost']['mean']:.3f} ({row['lost']['low']:.3f} to {row['lost']['high']:.3f})"
        kept = f"{row['kept_90']:.0%} | {row['kept_75']:.0%}"
        lines.append(f"| {name} | {row['objects']} | {figures} | {lost} | {kept} |")
    single, compounds = result["repair"]["single"], result["repair"]["compounds"]
    lines += [
        "",
        f"## Repair of single degradations at severity {SEVERITY}",
        "",
        f"{result['repair']['pairs']} daylight pairs; PSNR in dB to the fusion of the clean pair. Cost and worth of "
        "the prompt are root mean square errors in levels; change is in mean levels.",
        "",
        "| degradation | no prompt | named | gain | gain, unseen phrasings | cost when clean | gain when degraded | "
        f"change at {', '.join(f'{value:g}' for value in SEVERITIES[1:])} |",
        "| --- " * 8 + "|",
    ]
    for mode, row in single.items():
        change = ", ".join(f"{value:.1f}" for value in row["change"][1:])
        lines.append(
            f"| {mode} | {row['plain']:.1f} | {row['named']:.1f} | {row['named'] - row['plain']:+.1f} | "
            f"{row['spoken'] - row['plain']:+.1f} | {row['cost']:.1f} | {row['worth']:.1f} | {change} |"
        )
    lines += ["", "## Repair of compounds, named together", "", "| modes | gain | smaller single gain | share |"]
    lines.append("| --- " * 4 + "|")
    for name, row in compounds.items():
        smaller = row["smaller_single_gain"]
        share = f"{row['gain'] / smaller:.0%}" if smaller else "-"  # of a mode for which a network does nothing
        lines.append(f"| {name} | {row['gain']:+.1f} | {smaller:+.1f} | {share} |")
    if result["video"]:
        lines += ["", "## Flicker", "", "Standard deviation over time of the mean level, in static stretches.", ""]
        lines += ["| video | static stretches | visible | thermal | fused |", "| --- " * 5 + "|"]
        for name, row in result["video"].items():
            figures = " | ".join(f"{row[key]:.3f}" if key in row else "-" for key in ("visible", "thermal", "fused"))
            lines.append(f"| {name} | {row['static_stretches']} | {figures} |")
    return "\n".join(lines) + "\n"


def _fused(
    fuser: Fuser,
    visible: Image,
    thermal: Image,
    text: str = "",
    modes: tuple[str, ...] = (),
    severity: float | None = None,
) -> Image:
    fuser.set_prompt(text, modes, severity)
    return fuser.fuse(visible, thermal)


def _error(image: Image, target: Image) -> float:
    """Root mean square error in levels."""
    return float(np.sqrt(np.mean((image.astype(np.float64) - target) ** 2)))


def psnr(image: Image, target: Image) -> float:
    """How close an image is to its target, uint8 of one shape, in dB."""
    return float(20 * np.log10(255 / max(_error(image, target), 1e-3)))


def _row(images: Sequence[Image], captions: Sequence[str]) -> Image:
    return np.hstack([panel(image, caption) for image, caption in zip(images, captions, strict=True)])
