"""`textfuse calibrate`: the geometric relation of the two cameras, from a recording."""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.offline.sampling import spread_pairs
from ros2_textfuse.evaluation.offline.source import Asked, open_source
from ros2_textfuse.geometry import registration
from ros2_textfuse.geometry.calibration import FIELDS_OF_VIEW, Calibration, CameraModel, write_calibration
from ros2_textfuse.geometry.chessboard import register_board
from ros2_textfuse.geometry.overlay import before_and_after
from ros2_textfuse.geometry.registration import NotSureError, register
from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime.output import claim_file, refuse_inputs, write_whole

WRITTEN = "Written by textfuse calibrate."
Greys = list[NDArray[np.uint8]]

EXAMPLES = """\
examples:
  textfuse calibrate drive -o rig.yaml                        # a bag, from the edges of the scene
  textfuse calibrate rgb.mp4 lwir.mp4 -o rig.yaml --scale 2.1 # a thermal pixel is about 2.1 visible ones wide
  textfuse calibrate boards --board 9x6 -o rig.yaml           # vi/ and ir/ with a warm chessboard
  textfuse fuse rgb.png lwir.png -o fused.png --calibration rig.yaml

Beside rig.yaml it writes rig.jpg: thermal edges over the visible image, before and after. Look at it.
The exit code is 0 when it is sure, 2 when it is not, 1 when something else is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a bag; a folder with vi/ and ir/; or the visible and the thermal video, or folder of frames",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="the calibration, YAML; the overlay beside it")
    parser.add_argument(
        "--board", type=_board, metavar="COLUMNSxROWS", help="inner corners of a chessboard to look for"
    )
    parser.add_argument(
        "--scale", type=float, help="rough guess: visible pixels for a thermal one (default: both see equally wide)"
    )
    parser.add_argument("--pairs", type=int, default=8, help="pairs to look at, spread over the recording (default 8)")
    parser.add_argument("--reference", choices=CAMERAS, default="visible", help="whose geometry the fused image has")
    parser.add_argument("--field-of-view", choices=FIELDS_OF_VIEW, default="reference", help="pad to it, or crop")
    fusion_arguments.add_topics(parser)
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_pairing(parser)


def run(args: argparse.Namespace) -> int:
    """Calibrate; returns 0, or 2 when it is not sure."""
    if args.pairs < 1 or (args.scale is not None and not args.scale > 0):
        raise TextfuseError("--pairs must be 1 or more, and --scale above 0")
    image = args.out.with_suffix(".jpg")
    if image == args.out:
        raise TextfuseError(f"{args.out} is the name of the overlay: end that of the calibration in .yaml")
    refuse_inputs([args.out, image], map(Path, args.source))
    claim_file(args.out, lambda head: head.startswith(f"# {WRITTEN}".encode()))
    claim_file(image, image_files.is_ours)
    asked = Asked(tuple(args.source), args.visible_topic, args.thermal_topic)
    pairs = spread_pairs(open_source(asked).recording, fusion_arguments.settings(args), args.pairs)
    visible = [np.asarray(cv2.cvtColor(pair.visible, cv2.COLOR_RGB2GRAY), np.uint8) for pair in pairs]
    thermal = [pair.thermal for pair in pairs]
    try:
        homography, comment = (
            _by_board(visible, thermal, args.board) if args.board else _by_edges(visible, thermal, args.scale)
        )
    except NotSureError as error:
        print(f"textfuse calibrate: not sure, nothing was written: {error}", file=sys.stderr)
        return 2
    print(comment)
    cameras = {
        name: CameraModel(image.shape[1], image.shape[0])
        for name, image in (("visible", visible[0]), ("thermal", thermal[0]))
    }
    calibration = Calibration(str(args.out), args.reference, cameras, homography, field_of_view=args.field_of_view)
    middle = pairs[len(pairs) // 2]
    overlay = before_and_after(middle.visible, middle.thermal, calibration)
    write_whole(image, image_files.encode(overlay, ".jpg"))
    write_calibration(calibration, args.out, f"{WRITTEN}\n{comment}")
    print(f"wrote {args.out} and {image}: look whether the edges meet")
    return 0


def _by_edges(visible: Greys, thermal: Greys, scale: float | None) -> tuple[NDArray[np.float64], str]:
    with tqdm(total=registration.STEPS, unit="scale", disable=None) as bar:
        found = register(visible, thermal, scale, lambda: bar.update())
    found.require_sure()
    return found.homography, f"From the edges of {len(visible)} pairs: {found.summary()}."


def _by_board(visible: Greys, thermal: Greys, board: tuple[int, int]) -> tuple[NDArray[np.float64], str]:
    with tqdm(total=len(visible), unit="pair", disable=None) as bar:
        pairs = zip(visible, thermal, strict=True)
        homography, residual, count = register_board(pairs, board, lambda: bar.update())
    return homography, f"From a chessboard in {count} of {len(visible)} pairs: residual {residual:.2f} px."


def _board(text: str) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    if not (columns.isdigit() and rows.isdigit() and min(int(columns), int(rows)) >= 3):
        raise argparse.ArgumentTypeError(f"'{text}' is no board: give its inner corners as 9x6")
    if (int(columns) + int(rows)) % 2 == 0:
        raise argparse.ArgumentTypeError(
            f"a board of {text} looks the same turned by half: one side must be even, the other odd"
        )
    return int(columns), int(rows)
