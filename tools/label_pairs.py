"""Boxes for training pairs that have none: what a detector sees in either camera, joined.

    python -m tools.label_pairs PAIRS [--least 0.5]

Writes PAIRS/labels/NAME.txt (YOLO text, COCO ids) for each pair in PAIRS/vi and PAIRS/ir that has no such file yet.
`textfuse train` gives these objects more weight than what it finds at random.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.joining import join
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.training.data import Pair, find_pairs

FAINTEST = 0.05  # score of a box in one camera that may be confirmed by the other
OF_ROADS = ("person", "bicycle", "car", "motorcycle", "bus", "train", "truck", "dog")


def main() -> None:
    """Label a folder of pairs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pairs", type=Path, help="folder with vi/ and ir/")
    parser.add_argument("--least", type=float, default=0.5, help="probability of a box that is kept (default: 0.5)")
    args = parser.parse_args()
    detector = Detector(confidence=FAINTEST, classes=OF_ROADS)
    folder: Path = args.pairs / "labels"
    folder.mkdir(exist_ok=True)
    for pair in tqdm(find_pairs(args.pairs), unit="pair"):
        file = folder / f"{pair.name}.txt"
        if not file.exists():
            file.write_text("".join(_lines(pair, detector, args.least)))


def _lines(pair: Pair, detector: Detector, least: float) -> list[str]:
    visible = np.ascontiguousarray(cv2.imread(str(pair.visible))[:, :, ::-1])
    thermal = cv2.imread(str(pair.thermal), cv2.IMREAD_GRAYSCALE)
    found = {"visible": detector.detect(visible), "thermal": detector.detect(np.dstack([thermal] * 3))}
    height, width = thermal.shape
    return [_line(box, width, height) for box in join(found) if box.score >= least]


def _line(detection: Detection, width: int, height: int) -> str:
    left, top, right, bottom = detection.box
    x, y = (left + right) / 2 / width, (top + bottom) / 2 / height
    w, h = (right - left) / width, (bottom - top) / height
    return f"{detection.class_id} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n"


if __name__ == "__main__":
    main()
