"""The motion that two cameras see, before and after their clocks are brought together, as an image."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.evaluation.html.charts import Scale
from ros2_textfuse.sync.time_offset import RATE, TimeOffset

SHOWN = 12.0  # seconds of the recording in the chart
PLOT = (1000, 150)  # pixels, width and height
LEFT, TOP, BOTTOM = 60, 34, 30  # pixels around a plot
COLOURS = {"visible": (200, 110, 20), "thermal": (20, 110, 235)}  # BGR
GREY, BLACK = (190, 190, 190), (40, 40, 40)

Canvas = NDArray[np.uint8]


def draw(found: TimeOffset, limit: float) -> Canvas:
    """Motion as stamped, motion with the offset, and the agreement at each offset.

    Args:
        found: with lags, i.e. where there was something to compare.
        limit: seconds, the largest offset that was believed.

    Returns:
        uint8 BGR.
    """
    steps = round(found.offset * RATE)
    moved = np.roll(found.thermal, steps)
    # Where most moves, since a long recording would be a blur.
    count = min(len(found.clock), round(SHOWN * RATE))
    both = np.convolve(np.maximum(found.visible * moved, 0), np.ones(count), "valid")
    part = slice(int(both.argmax()), int(both.argmax()) + count)
    clock, scale = found.clock[part], Scale.from_values(found.visible[part].tolist(), moved[part].tolist())
    plots = []
    for caption, thermal in (
        ("motion that both cameras see, by their stamps, where most moves (s)", found.thermal),
        (f"the same with {found.offset:+.3f} s added to the thermal stamps", moved),
    ):
        canvas = _empty_plot(caption, (float(clock[0]), float(clock[-1])))
        for name, values in (("visible", found.visible), ("thermal", thermal)):
            _draw_line(canvas, (clock - clock[0]) / (clock[-1] - clock[0]), values[part], scale, COLOURS[name])
        plots.append(canvas)
    for place, name in ((LEFT + PLOT[0] - 180, "visible"), (LEFT + PLOT[0] - 80, "thermal")):
        cv2.putText(plots[0], name, (place, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, COLOURS[name], 1, cv2.LINE_AA)
    verdict = "sure" if found.sure else "not sure"
    canvas = _empty_plot(
        f"agreement at each offset (s): {found.peak:.2f} at {found.offset:+.3f}, {verdict}",
        (float(found.lags[0]), float(found.lags[-1])),
    )
    places = (found.lags - found.lags[0]) / (found.lags[-1] - found.lags[0])
    for lag, colour in ((-limit, GREY), (limit, GREY), (found.offset, COLOURS["thermal"])):
        x = round(LEFT + (lag - found.lags[0]) / (found.lags[-1] - found.lags[0]) * PLOT[0])
        cv2.line(canvas, (x, TOP), (x, TOP + PLOT[1]), colour, 1)
    _draw_line(canvas, places, found.agreement, Scale.from_values(found.agreement.tolist()), BLACK)
    return np.vstack([*plots, canvas])


def _empty_plot(caption: str, extent: tuple[float, float]) -> Canvas:
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


def _draw_line(canvas: Canvas, places: NDArray, values: NDArray, scale: Scale, colour: tuple[int, int, int]) -> None:
    """A line through values at places, 0..1 from the left."""
    heights = np.array([scale.at(float(value)) for value in values])
    points = np.stack([LEFT + places * PLOT[0], TOP + heights * PLOT[1]], axis=1)
    cv2.polylines(canvas, [(points * 16).round().astype(np.int32)], False, colour, 1, cv2.LINE_AA, shift=4)
