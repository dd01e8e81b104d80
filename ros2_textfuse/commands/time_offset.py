"""`textfuse time-offset`: by how much the clocks of two cameras differ, from a recording."""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.evaluation.html.charts import Scale
from ros2_textfuse.evaluation.offline.evaluate import Asked, open_source
from ros2_textfuse.nodes.common.parameter_file import ParameterFileError
from ros2_textfuse.recordings.frames import Tally, usable_images
from ros2_textfuse.recordings.source import FolderRecording, Recording, RecordingError
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.sync.camera_input import CameraInput
from ros2_textfuse.sync.pairing import CAMERAS
from ros2_textfuse.sync.time_offset import LIMIT, RATE, Motion, TimeOffset, TimeOffsetError, estimate

EXAMPLES = """\
examples:
  textfuse time-offset drive                     # a bag; prints the line for the params file
  textfuse time-offset drive --chart offset.png  # with an image of both cameras' motion, before and after
  textfuse time-offset drive --limit 3           # stamps may be off by up to 3 s

Move the cameras by hand, unevenly, for half a minute in front of a scene with edges, and record that.
The exit code is 0 when it is sure, 2 when it is not, 1 when something else is wrong.
"""

SHOWN = 12.0  # seconds of the recording in the chart
PLOT = (1000, 150)  # pixels, width and height
LEFT, TOP, BOTTOM = 60, 34, 30  # pixels around a plot
COLOURS = {"visible": (200, 110, 20), "thermal": (20, 110, 235)}  # BGR
GREY, BLACK = (190, 190, 190), (40, 40, 40)

Canvas = NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="a bag; or the visible and the thermal video")
    parser.add_argument(
        "--limit", type=float, default=LIMIT, help=f"seconds, the largest offset either way (default {LIMIT:g})"
    )
    fusion_arguments.add_parameters_file(parser)
    parser.add_argument("--chart", type=Path, help="write an image of both cameras' motion, before and after")
    parser.add_argument("--visible-topic", default="", help="RGB topic in the bag (default: found by name or type)")
    parser.add_argument("--thermal-topic", default="", help="thermal topic in the bag (default: found by name or type)")


def run(args: argparse.Namespace) -> int:
    """Estimate; returns 0, 2 when it is not sure, 1 after saying what else was wrong."""
    try:
        if not args.limit > 0:
            raise RecordingError(f"--limit must be above 0 s, not {args.limit:g}")
        if args.chart and not cv2.haveImageWriter(str(args.chart)):
            raise OSError(f"{args.chart} cannot be written: end its name in .png or .jpg")
        recording = open_source(Asked(tuple(args.source), args.visible_topic, args.thermal_topic)).recording
        if isinstance(recording, FolderRecording):
            raise RecordingError("images in a folder have no stamps: give a bag, or two videos")
        visible, thermal = _watch(recording, fusion_arguments.settings(args))
        found = estimate(visible, thermal, args.limit)
        print(f"{visible.images} visible and {thermal.images} thermal images: {found.summary()}.")
        if args.chart and len(found.lags):
            args.chart.parent.mkdir(parents=True, exist_ok=True)
            if not cv2.imwrite(str(args.chart), _chart(found, args.limit)):
                raise OSError(f"{args.chart} cannot be written")
            print(f"wrote {args.chart}")
    except (ParameterFileError, RecordingError, TimeOffsetError, OSError) as error:
        print(f"textfuse time-offset: {error}", file=sys.stderr)
        return 1
    if not found.sure:
        print(
            f"textfuse time-offset: not sure: {found.doubt}. Record half a minute in which the cameras are moved, "
            "unevenly, or much moves before them",
            file=sys.stderr,
        )
        return 2
    print("For the parameters of the fusion node:")
    print(f"thermal_time_offset: {found.offset:.3f}")
    return 0


def _watch(recording: Recording, settings: FusionSettings) -> tuple[Motion, Motion]:
    """What each camera saw; images that cannot be read, and the end of a damaged bag, are left out and named."""
    motions = {camera: Motion(camera) for camera in CAMERAS}
    cameras = {camera: CameraInput(camera) for camera in CAMERAS}  # by their own stamps, whatever the offset set
    gain_control, tally = settings.gain_control(), Tally.from_recording(recording)
    with tqdm(total=recording.images, unit="image", disable=None) as bar:
        for image, stamped in usable_images(recording, cameras, tally):
            pixels = cameras[image.camera].array(stamped)
            if image.camera == "visible":
                grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
            else:
                grey = gain_control(pixels)
            motions[image.camera].add(image.stamp, grey)
            bar.update(tally.received.total() - bar.n)
    if tally.damage:
        print(f"textfuse time-offset: only what comes before is used: {tally.damage}", file=sys.stderr)
    for reason, count in tally.excluded.items():
        print(f"textfuse time-offset: left out {count} × {reason}", file=sys.stderr)
    return motions["visible"], motions["thermal"]


def _chart(found: TimeOffset, limit: float) -> Canvas:
    """Motion as stamped, motion with the offset, and the agreement at each offset: uint8 BGR."""
    steps = round(found.offset * RATE)
    moved = np.roll(found.thermal, steps)
    # Where most moves, since a long recording would be a blur.
    count = min(len(found.clock), round(SHOWN * RATE))
    both = np.convolve(np.maximum(found.visible * moved, 0), np.ones(count), "valid")
    part = slice(int(both.argmax()), int(both.argmax()) + count)
    clock, scale = found.clock[part], Scale.of(found.visible[part].tolist(), moved[part].tolist())
    plots = []
    for caption, thermal in (
        ("motion that both cameras see, by their stamps, where most moves (s)", found.thermal),
        (f"the same with {found.offset:+.3f} s added to the thermal stamps", moved),
    ):
        canvas = _plot(caption, (float(clock[0]), float(clock[-1])))
        for name, values in (("visible", found.visible), ("thermal", thermal)):
            _draw(canvas, (clock - clock[0]) / (clock[-1] - clock[0]), values[part], scale, COLOURS[name])
        plots.append(canvas)
    for place, name in ((LEFT + PLOT[0] - 180, "visible"), (LEFT + PLOT[0] - 80, "thermal")):
        cv2.putText(plots[0], name, (place, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, COLOURS[name], 1, cv2.LINE_AA)
    verdict = "sure" if found.sure else "not sure"
    canvas = _plot(
        f"agreement at each offset (s): {found.peak:.2f} at {found.offset:+.3f}, {verdict}",
        (float(found.lags[0]), float(found.lags[-1])),
    )
    places = (found.lags - found.lags[0]) / (found.lags[-1] - found.lags[0])
    for lag, colour in ((-limit, GREY), (limit, GREY), (found.offset, COLOURS["thermal"])):
        x = round(LEFT + (lag - found.lags[0]) / (found.lags[-1] - found.lags[0]) * PLOT[0])
        cv2.line(canvas, (x, TOP), (x, TOP + PLOT[1]), colour, 1)
    _draw(canvas, places, found.agreement, Scale.of(found.agreement.tolist()), BLACK)
    return np.vstack([*plots, canvas])


def _plot(caption: str, extent: tuple[float, float]) -> Canvas:
    """An empty plot with its caption and the ticks of its horizontal axis."""
    canvas = np.full((TOP + PLOT[1] + BOTTOM, LEFT + PLOT[0] + LEFT, 3), 255, np.uint8)
    cv2.rectangle(canvas, (LEFT, TOP), (LEFT + PLOT[0], TOP + PLOT[1]), GREY, 1)
    cv2.putText(canvas, caption, (LEFT, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, BLACK, 1, cv2.LINE_AA)
    for tick in Scale(*extent).ticks(12):
        x = round(LEFT + (tick - extent[0]) / (extent[1] - extent[0]) * PLOT[0])
        cv2.line(canvas, (x, TOP + PLOT[1]), (x, TOP + PLOT[1] + 5), GREY, 1)
        cv2.putText(
            canvas, f"{tick:g}", (x - 10, TOP + PLOT[1] + 20), cv2.FONT_HERSHEY_SIMPLEX, 0.4, BLACK, 1, cv2.LINE_AA
        )
    return canvas


def _draw(canvas: Canvas, places: NDArray, values: NDArray, scale: Scale, colour: tuple[int, int, int]) -> None:
    """A line through values at places, 0..1 from the left."""
    heights = np.array([scale.at(float(value)) for value in values])
    points = np.stack([LEFT + places * PLOT[0], TOP + heights * PLOT[1]], axis=1)
    cv2.polylines(canvas, [(points * 16).round().astype(np.int32)], False, colour, 1, cv2.LINE_AA, shift=4)
