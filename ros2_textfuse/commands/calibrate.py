"""`textfuse calibrate`: how two cameras lie to each other, from a recording."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.demo.side_by_side import panel
from ros2_textfuse.evaluation.offline.evaluate import Asked, open_source
from ros2_textfuse.geometry import registration
from ros2_textfuse.geometry.alignment import Alignment
from ros2_textfuse.geometry.calibration import (
    CAMERAS,
    FIELDS_OF_VIEW,
    Calibration,
    CalibrationError,
    Camera,
    write_calibration,
)
from ros2_textfuse.geometry.chessboard import register_board
from ros2_textfuse.geometry.registration import RegistrationError, register
from ros2_textfuse.nodes.common.parameter_file import ParameterFileError
from ros2_textfuse.recordings.frames import RecordedPair, Tally, recorded_pairs
from ros2_textfuse.recordings.source import Recording, RecordingError
from ros2_textfuse.settings import FusionSettings

EXAMPLES = """\
examples:
  textfuse calibrate drive -o rig.yaml                        # a bag, from the edges of the scene
  textfuse calibrate rgb.mp4 lwir.mp4 -o rig.yaml --scale 2.1 # a thermal pixel is about 2.1 visible ones wide
  textfuse calibrate boards --board 9x6 -o rig.yaml           # vi/ and ir/ with a warm chessboard
  textfuse fuse rgb.png lwir.png -o fused.png --calibration rig.yaml

Beside rig.yaml it writes rig.jpg: thermal edges over the visible image, before and after. Look at it.
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
    parser.add_argument("--visible-topic", default="", help="RGB topic in the bag (default: found by name or type)")
    parser.add_argument("--thermal-topic", default="", help="thermal topic in the bag (default: found by name or type)")
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_pairing(parser)


def run(args: argparse.Namespace) -> int:
    """Calibrate; returns 0, 2 when it is not sure, 1 after saying what else was wrong."""
    try:
        if args.pairs < 1 or (args.scale is not None and not args.scale > 0):
            raise RegistrationError("--pairs must be 1 or more, and --scale above 0")
        asked = Asked(tuple(args.source), args.visible_topic, args.thermal_topic)
        pairs = _spread(open_source(asked).recording, fusion_arguments.settings(args), args.pairs)
        visible = [np.asarray(cv2.cvtColor(pair.visible, cv2.COLOR_RGB2GRAY), np.uint8) for pair in pairs]
        thermal = [pair.thermal for pair in pairs]
        if args.board:
            homography, comment = _by_board(visible, thermal, args.board)
        else:
            homography, comment = _by_edges(visible, thermal, args.scale)
        print(comment)
        cameras = {
            name: Camera(image.shape[1], image.shape[0])
            for name, image in (("visible", visible[0]), ("thermal", thermal[0]))
        }
        calibration = Calibration(str(args.out), args.reference, cameras, homography, field_of_view=args.field_of_view)
        overlay = _overlay(pairs[len(pairs) // 2], calibration)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        image = args.out.with_suffix(".jpg")
        if not cv2.imwrite(str(image), overlay):
            raise OSError(f"{image} cannot be written")
        write_calibration(calibration, args.out, f"Written by textfuse calibrate.\n{comment}")
    except NotSureError as error:
        print(f"textfuse calibrate: not sure, nothing was written: {error}", file=sys.stderr)
        return 2
    except (ParameterFileError, RecordingError, RegistrationError, CalibrationError, ValueError, OSError) as error:
        print(f"textfuse calibrate: {error}", file=sys.stderr)
        return 1
    print(f"wrote {args.out} and {image}: look whether the edges meet")
    return 0


class NotSureError(RegistrationError):
    """Something was found that cannot be relied on."""


def _by_edges(
    visible: list[NDArray[np.uint8]], thermal: list[NDArray[np.uint8]], scale: float | None
) -> tuple[NDArray[np.float64], str]:
    with tqdm(total=registration.STEPS, unit="scale", disable=None) as bar:
        found = register(visible, thermal, scale, lambda: bar.update())
    summary = f"From the edges of {len(visible)} pairs: {found.summary()}."
    if not found.sure:
        raise NotSureError(
            f"{summary} Try more pairs, of a scene with edges that both cameras see, a better --scale, or a chessboard"
        )
    return found.homography, summary


def _by_board(
    visible: list[NDArray[np.uint8]], thermal: list[NDArray[np.uint8]], board: tuple[int, int]
) -> tuple[NDArray[np.float64], str]:
    with tqdm(total=len(visible), unit="pair", disable=None) as bar:
        pairs = zip(visible, thermal, strict=True)
        homography, residual, count = register_board(pairs, board, lambda: bar.update())
    return homography, f"From a chessboard in {count} of {len(visible)} pairs: residual {residual:.2f} px."


def _spread(recording: Recording, settings: FusionSettings, count: int) -> list[RecordedPair]:
    """So many pairs of a recording, evenly spread, after gain control; another size than the first's is refused."""
    tally = Tally.from_recording(recording)
    step = max(1, recording.images // 2 // count)
    gain_control = settings.gain_control()
    made = (replace(p, thermal=gain_control(p.thermal)) for p in recorded_pairs(recording, settings, tally))
    pairs = [pair for pair in made if pair.number % step == step // 2][:count]
    if not pairs:
        reasons = "; ".join(f"{number} × {reason}" for reason, number in tally.excluded.items()) or tally.damage
        raise RecordingError(f"no pairs to calibrate with: {reasons or 'there are none'}")
    for pair in pairs:
        if pair.visible.shape != pairs[0].visible.shape or pair.thermal.shape != pairs[0].thermal.shape:
            raise RecordingError(
                f"pair {pair.number} has another size than pair {pairs[0].number}: a calibration is for one size"
            )
    return pairs


def _overlay(pair: RecordedPair, calibration: Calibration) -> NDArray[np.uint8]:
    """Edges of the thermal image over the visible one, before and after: uint8 BGR."""
    aligned = Alignment(calibration)(pair.visible, pair.thermal)
    height, width = pair.visible.shape[:2]
    before = pair.visible, cv2.resize(pair.thermal, (width, height))
    halves = []
    for caption, (visible, thermal) in (("before: stretched to one size", before), ("after", aligned)):
        grey = cv2.equalizeHist(cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY))
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB) // 2
        smooth = cv2.GaussianBlur(np.asarray(thermal, np.float32), (0, 0), 1.5)
        strength = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
        share = np.clip(strength / max(float(np.percentile(strength, 97)), 1.0), 0, 1)[..., None]
        image = (image * (1 - share) + share * np.array([255, 140, 0])).astype(np.uint8)
        halves.append(panel(image, caption))
    return np.asarray(cv2.cvtColor(np.hstack(halves), cv2.COLOR_RGB2BGR), np.uint8)


def _board(text: str) -> tuple[int, int]:
    columns, _, rows = text.lower().partition("x")
    if not (columns.isdigit() and rows.isdigit() and min(int(columns), int(rows)) >= 3):
        raise argparse.ArgumentTypeError(f"'{text}' is no board: give its inner corners as 9x6")
    if (int(columns) + int(rows)) % 2 == 0:
        raise argparse.ArgumentTypeError(
            f"a board of {text} looks the same turned by half: one side must be even, the other odd"
        )
    return int(columns), int(rows)
