"""The images of the README and of docs/, made by the product from two registered pairs.

    python -m tools.documentation_images docs/images --night VISIBLE THERMAL --day VISIBLE THERMAL \
      --scene VISIBLE THERMAL --scene VISIBLE THERMAL ...

Run it again when the weights change. docs/images/README.md names the pairs and their terms.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import RegisteredPair
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.drawing import panel
from ros2_textfuse.imaging.gain_control import GainControl
from ros2_textfuse.recordings.pairs import read_image

Image = NDArray[np.uint8]

WIDTH = 1280  # pixels of a sheet
LARGEST = 200_000  # bytes of a file
SEVERITY = 0.5
REPAIRED = ("low_light", "haze", "visible_noise", "ir_stripe")
COLD_SKY = 2500  # counts (25 K in centi-kelvin) by which the sky of the gain control's example is colder


def night(fuser: Fuser, pair: RegisteredPair) -> Image:
    """Visible, thermal, and fused without a prompt."""
    captions = ("visible", "thermal", "fused, no prompt")
    images = (pair.visible, pair.thermal, fuser.fuse(pair.visible, pair.thermal))
    return _row(zip(captions, images, strict=True))


def gallery(fuser: Fuser, scenes: Iterable[RegisteredPair]) -> Image:
    """A row for each scene: visible, thermal, and fused without a prompt."""
    return np.vstack([night(fuser, pair) for pair in scenes])


def single_camera(fuser: Fuser, pair: RegisteredPair) -> Image:
    """What is published while a camera is missing: fused, then each camera's image passed through."""
    return _row(
        [
            ("OK: pairs are fused", fuser.fuse(pair.visible, pair.thermal)),
            ("VISIBLE_ONLY: the thermal camera stopped", fuser.pass_through("visible", pair.visible)),
            ("THERMAL_ONLY: the RGB camera stopped", fuser.pass_through("thermal", pair.thermal)),
        ]
    )


def gain_control(pair: RegisteredPair) -> Image:
    """Counts of a warm street under a cold sky, by each way that brings them to 8 bits."""
    counts = 29000 + 6 * pair.thermal.astype(np.uint16)
    horizon = pair.thermal.shape[0] // 2
    sky = pair.thermal[:horizon] < np.percentile(pair.thermal[:horizon], 40)
    counts[:horizon][sky] -= COLD_SKY
    low, high = 29000, int(np.percentile(counts, 99.8))
    ways = {
        "thermal_gain: percentile (default)": GainControl(),
        "thermal_gain: plateau": GainControl("plateau"),
        f"thermal_low: {low}, thermal_high: {high}": GainControl(fixed=(low, high)),
    }
    return _row((caption, way(counts)) for caption, way in ways.items())


def degradations(pair: RegisteredPair) -> Image:
    """Each mode at severity 0.5, four in a row, after the two clean images."""
    images = [("clean visible", pair.visible), ("clean thermal", pair.thermal)]
    for mode in MODES:
        images.append((mode, pair.degraded({mode: SEVERITY})[1 if mode.startswith("ir_") else 0]))
    return np.vstack([_row(images[start : start + 4]) for start in range(0, len(images), 4)])


def repair(fuser: Fuser, pair: RegisteredPair) -> Image:
    """The degraded side, fused without a prompt, fused with the mode named, and the fusion of the clean pair."""
    clean = _fused(fuser, (pair.visible, pair.thermal))
    rows = []
    for mode in REPAIRED:
        sides = pair.degraded({mode: SEVERITY})
        images = [
            (f"{mode}, severity {SEVERITY}", sides[1 if mode.startswith("ir_") else 0]),
            ("fused, no prompt", _fused(fuser, sides)),
            (f"fused, modes: [{mode}]", _fused(fuser, sides, (mode,))),
            ("fusion of the clean pair", clean),
        ]
        rows.append(_row(images))
    return np.vstack(rows)


def _fused(fuser: Fuser, sides: tuple[Image, Image], modes: tuple[str, ...] = ()) -> Image:
    fuser.set_prompt(modes=modes, severity=SEVERITY if modes else None)
    fused = fuser.fuse(*sides)
    fuser.set_prompt()
    return fused


def _row(captioned: Iterable[tuple[str, Image]]) -> Image:
    return np.hstack([panel(image, caption) for caption, image in captioned])


def _encode(image: Image) -> bytes:
    """JPEG of the best quality, of a few, that stays below LARGEST."""
    for quality in (82, 70, 60, 50, 40):
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(encoded) <= LARGEST:
            break
    return encoded


def main() -> None:
    """Write the images into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the images")
    scene = {"nargs": 2, "type": Path, "metavar": ("VISIBLE", "THERMAL")}
    pair = {**scene, "required": True}
    parser.add_argument("--night", help="a registered pair of a night", **pair)
    parser.add_argument("--day", help="a registered pair of a day, to degrade", **pair)
    parser.add_argument(
        "--scene", help="a registered pair of the gallery, as often as wanted", action="append", default=[], **scene
    )
    args = parser.parse_args()
    dark, day, *scenes = (
        RegisteredPair(files[0].stem, read_image(files[0], "visible"), read_image(files[1], "thermal"), seed=0)
        for files in (args.night, args.day, *args.scene)
    )
    fuser = Fuser(engine="eager")
    sheets = {
        "night": night(fuser, dark),
        "single_camera": single_camera(fuser, dark),
        "gain_control": gain_control(dark),
        "degradations": degradations(day),
        "repair": repair(fuser, day),
    }
    if scenes:
        sheets["gallery"] = gallery(fuser, scenes)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, sheet in sheets.items():
        size = WIDTH, round(sheet.shape[0] * WIDTH / sheet.shape[1])
        small = cv2.resize(sheet[..., ::-1], size, interpolation=cv2.INTER_AREA)
        (args.out / f"{name}.jpg").write_bytes(_encode(small))


if __name__ == "__main__":
    main()
