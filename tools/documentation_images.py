"""The images of docs/: what the degradations look like, and what words make of them.

    python -m ros2_textfuse.evaluation.documentation docs/images

They are made from the simulated scene, since the data sets are not ours to show.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import RegisteredPair
from ros2_textfuse.evaluation.quality import LADDER, sheets
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging.drawing import panel
from ros2_textfuse.recordings.simulated_scene import still

WIDTH = 1300  # pixels of a sheet
COMPOUND = {"haze": 0.5, "visible_noise": 0.5, "ir_noise": 0.5, "ir_stripe": 0.5}


def degradation_sheet(pair: RegisteredPair) -> NDArray[np.uint8]:
    """A row for each mode, its severity growing to the right, and one for several at once on both sides."""
    rows = []
    for mode in MODES:
        side = 1 if mode.startswith("ir_") else 0
        images = [(f"{mode} {value:g}", pair.degraded({mode: value})[side]) for value in LADDER]
        rows.append(np.hstack([panel(image, caption) for caption, image in images]))
    visible, thermal = pair.degraded(COMPOUND)
    names = " + ".join(COMPOUND)
    both = np.hstack([panel(visible, f"together, 0.5: {names}"), panel(thermal, "")])
    rows.append(np.hstack([both, np.zeros((both.shape[0], rows[0].shape[1] - both.shape[1], 3), np.uint8)]))
    return np.vstack(rows)


def main(folder: Path) -> None:
    """Write degradations.jpg and repair.jpg into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = RegisteredPair("simulated", *still(), seed=0)
    images = {"degradations": degradation_sheet(pair), **dict(sheets(Fuser(engine="eager"), [pair]))}
    for name in ("degradations", "repair"):
        image = images[name][..., ::-1]
        small = cv2.resize(
            image, None, fx=WIDTH / image.shape[1], fy=WIDTH / image.shape[1], interpolation=cv2.INTER_AREA
        )
        cv2.imwrite(str(folder / f"{name}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
