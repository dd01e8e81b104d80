"""What alignment costs a pair, beside the fusion it precedes; one thread.

python benchmarks/alignment.py [--json F]
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from machine import describe_machine, spread, write

from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import Calibration, CameraModel, Extrinsics

MATRIX = np.array([[600.0, 0, 319.5], [0, 600.0, 239.5], [0, 0, 1]])
LENS = ("plumb_bob", (-0.2, 0.05, 0.0, 0.0, 0.0))
CASES = {
    "thermal 640x480 onto visible 640x480": ((640, 480), (640, 480), {}),
    "the same, cropped to the shared field of view": ((640, 480), (640, 480), {"field_of_view": "shared"}),
    "thermal 320x256 onto visible 640x480": ((640, 480), (320, 256), {}),
    "visible 1280x960 onto thermal 640x480": ((1280, 960), (640, 480), {"reference": "thermal"}),
    "both, 1280x960 and 640x480, onto 640x480": ((1280, 960), (640, 480), {"output": (640, 480)}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    result: dict = {"environment": describe_machine(), "cases": {}}
    for name, (visible_size, thermal_size, options) in CASES.items():
        cameras = {"visible": camera(*visible_size), "thermal": camera(*thermal_size)}
        extrinsics = Extrinsics(cv2.Rodrigues(np.array([0.0, 0.01, 0.03]))[0], np.array([-0.1, 0.0, 0.0]), 10.0)
        settings = {"reference": "visible"} | options
        start = time.perf_counter()
        alignment = Alignment(Calibration("", cameras=cameras, extrinsics=extrinsics, **settings))
        made = time.perf_counter() - start
        random = np.random.default_rng(0)
        visible = random.integers(0, 256, (*visible_size[::-1], 3), np.uint8)
        thermal = random.integers(0, 256, thermal_size[::-1], np.uint8)
        times = []
        for _ in range(220):
            start = time.perf_counter()
            alignment(visible, thermal)
            times.append((time.perf_counter() - start) * 1e3)
        result["cases"][name] = row = {"pair_ms": spread(times[20:]), "once_s": round(made, 2)}
        print(f"{name:<48} {row['pair_ms']['median']:6.2f} ms  p99 {row['pair_ms']['p99']:6.2f}  once {made:.2f} s")
    write(result, args.json)


def camera(width: int, height: int) -> CameraModel:
    """The same lens on another sensor."""
    return CameraModel(width, height, np.diag([width / 640, height / 480, 1]) @ MATRIX, *LENS)


if __name__ == "__main__":
    main()
