"""`textfuse fuse`: image files or folders, without ROS."""

import argparse
from pathlib import Path

import cv2
from tqdm import tqdm

from ros2_textfuse.commands import prompt_arguments
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import read_calibration
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.pairs import pair_folders, read_image
from ros2_textfuse.recordings.types import RecordingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("visible", type=Path, help="an RGB image, or a folder of them")
    parser.add_argument("thermal", type=Path, help="its thermal image, registered and of one size, or a folder of them")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the fused image, or a folder for them")
    parser.add_argument("--calibration", type=Path, help="YAML file of cameras that are not registered")
    parser.add_argument("--prompt", default="", help="what to repair, in your words")
    prompt_arguments.add_arguments(parser)
    parser.add_argument("--model", default="nano", help="network: a name or a path (default nano)")
    parser.add_argument("--engine", default="auto", help="auto, tensorrt, compile, openvino or eager (default auto)")


def run(args: argparse.Namespace) -> int:
    """Fuse; returns 0."""
    pairs = _pairs(args.visible, args.thermal, args.out)
    alignment = Alignment(read_calibration(args.calibration)) if args.calibration else None
    fuser = Fuser(args.model, args.engine, alignment=alignment)
    prompt = fuser.set_prompt(args.prompt, args.mode, args.severity)
    print(prompt.summary())
    for visible, thermal, out in tqdm(pairs, unit="pair", disable=len(pairs) == 1):
        try:
            fused = fuser.fuse(read_image(visible, "visible"), read_image(thermal, "thermal"))
        except ImageError as error:
            raise ImageError(f"{visible} and {thermal}: {error}") from error
        if not cv2.imwrite(str(out), cv2.cvtColor(fused, cv2.COLOR_RGB2BGR)):
            raise OSError(f"{out} cannot be written")
    print(f"wrote {args.out}")
    return 0


def _pairs(visible: Path, thermal: Path, out: Path) -> list[tuple[Path, Path, Path]]:
    for path in (visible, thermal):
        if not path.exists():
            raise RecordingError(f"{path} does not exist")
    if visible.is_dir() != thermal.is_dir():
        raise RecordingError(f"{visible} and {thermal} must be two images or two folders")
    if not visible.is_dir():
        out.parent.mkdir(parents=True, exist_ok=True)
        return [(visible, thermal, out)]
    out.mkdir(parents=True, exist_ok=True)
    return [(*pair, out / f"{name}.png") for name, pair in pair_folders(visible, thermal).items()]
