"""The result for people: a line for each case, a table of them, and one image with all that was fused."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.gpu_check.cases import DETECTOR, TEXTIF

Row = dict[str, Any]
Image = NDArray[np.uint8]

PANEL = 400, 300  # width and height of an image in the overview
LABEL = 64  # pixels above it
COLUMNS = 3
FONT = cv2.FONT_HERSHEY_SIMPLEX


def line(row: Row) -> str:
    """A row for people."""
    return f"{row['case']}: " + "; ".join(told(row))


def told(row: Row) -> list[str]:
    """What there is to say of a row, in a few short parts."""
    if "left_out" in row:
        return [f"left out: {row['left_out']}"]
    if "error" in row:
        return [f"FAILED: {row['error']}"]
    name = "detect" if row["model"] == DETECTOR else "fuse"
    parts = [f"{row['runs']}, {row[f'{name}_median_ms']:.2f} ms (99 %: {row[f'{name}_p99_ms']:.2f})"]
    if "device_median_ms" in row:
        parts.append(f"from tensors on the device {row['device_median_ms']:.2f} ms")
    if "levels_mean" in row:
        parts.append(f"{row['levels_mean']:.2f} levels from eager")
    if "boxes" in row:
        parts.append(f"{row['boxes']} boxes as PyTorch, overlap {row['least_overlap']:.2f}")
    if "first_after_prompt_ms" in row:
        parts.append(f"after a prompt {row['first_after_prompt_ms']:.2f} ms, no rebuild")
    if row.get("weights") == "random":
        parts.append("random weights")
    parts.append(f"built in {row['build_s']:.1f} s" + (f", loaded in {row['load_s']:.1f}" if "load_s" in row else ""))
    if "gpu_mib" in row:
        parts.append(f"{row['gpu_mib']} MiB of the GPU")
    return parts


def ratios(rows: list[Row]) -> list[Row]:
    """How many times as long the paper's own network takes as each of ours, of the same engine, precision and size."""
    of = {(row["model"], row["engine"], row["precision"], row["size"]): row.get("fuse_median_ms") for row in rows}
    found = []
    for (model, engine, precision, size), milliseconds in of.items():
        paper = of.get((TEXTIF, engine, precision, size))
        if paper and milliseconds and model != TEXTIF:
            found.append(
                {"model": model, "engine": engine, "precision": precision, "size": size}
                | {"textif_ms": paper, "ms": milliseconds, "times": round(paper / milliseconds, 1)}
            )
    return found


def overview(rows: list[Row], images: list[Image | None], inputs: tuple[Image, Image]) -> Image:
    """One image: both cameras, then each case with its label; a case without an image is grey and says why.

    Args:
        rows: of the result.
        images: of the same cases, RGB.
        inputs: visible [H, W, 3] and thermal [H, W].

    Returns:
        uint8 RGB.
    """
    visible, thermal = inputs
    panels = [_panel(visible, ["visible"]), _panel(np.dstack([thermal] * 3), ["thermal"])]
    panels += [_panel(image, [row["case"], *told(row)]) for row, image in zip(rows, images, strict=True)]
    blank = np.full_like(panels[0], 24)
    panels += [blank] * (-len(panels) % COLUMNS)
    return np.vstack([np.hstack(panels[start : start + COLUMNS]) for start in range(0, len(panels), COLUMNS)])


def _panel(image: Image | None, lines: list[str]) -> Image:
    width, height = PANEL
    panel = np.full((LABEL + height, width, 3), 24, np.uint8)
    if image is not None:
        scale = min(width / image.shape[1], height / image.shape[0])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left = (width - small.shape[1]) // 2
        panel[LABEL : LABEL + small.shape[0], left : left + small.shape[1]] = small
    else:
        panel[LABEL:] = 70
        text = " ".join(lines[1:])
        lines = [lines[0], *(text[start : start + 58] for start in range(0, len(text), 58))]
    for number, text in enumerate(lines if image is None else lines[:3]):
        colour = (255, 255, 255) if number == 0 else (190, 190, 190)
        position = (8, 18 + 20 * number + (LABEL - 18 if number and image is None else 0))
        cv2.putText(panel, text[:64], position, FONT, 0.5 if number == 0 else 0.38, colour, 1, cv2.LINE_AA)
    return panel
