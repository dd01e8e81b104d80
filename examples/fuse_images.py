"""Fuse two folders of registered images in Python, without ROS.

    python examples/fuse_images.py rgb/ lwir/ fused/ --prompt "it is dark"

Files pair by name; thermal images may have 8 or 16 bits.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from ros2_textfuse import Fuser
from ros2_textfuse.imaging import GainControl


def main() -> None:
    """Fuse every pair, and say how the prompt was understood."""
    parser = argparse.ArgumentParser(description="Fuse two folders of registered images.")
    parser.add_argument("visible", type=Path, help="folder of RGB images")
    parser.add_argument("thermal", type=Path, help="folder of thermal images of the same names")
    parser.add_argument("out", type=Path, help="folder for the fused images")
    parser.add_argument("--prompt", default="", help="what is wrong with the images")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    # One Fuser for all images: it holds the engine, and gain control follows the scene from frame to frame.
    fuser = Fuser(gain_control=GainControl("plateau"))
    prompt = fuser.set_prompt(args.prompt)  # once, when the prompt changes; it costs nothing per image
    print(prompt.summary())

    fused = None
    for path in sorted(args.visible.iterdir()):
        thermal_path = next(args.thermal.glob(f"{path.stem}.*"), None)
        if thermal_path is None:
            print(f"{path.name}: no thermal image of that name, skipped")
            continue
        visible = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        thermal = cv2.imread(str(thermal_path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
        if fused is None or fused.shape != visible.shape:
            fused = np.empty_like(visible)  # written into for every image of this size
            fuser.prepare(*thermal.shape)  # builds the engine now; `fuse` would at the first image
        fuser.fuse(visible, thermal, out=fused)
        cv2.imwrite(str(args.out / f"{path.stem}.png"), cv2.cvtColor(fused, cv2.COLOR_RGB2BGR))
    print(f"fused on {fuser.engine_name}")


if __name__ == "__main__":
    main()
