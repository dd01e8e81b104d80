"""A simulated RGB and thermal recording, for a first look at textfuse when no camera and no recording is at hand.

Nothing here was measured. The visible side is a photograph that ultralytics carries, darkened to night, under a
camera that pans and zooms. The thermal side is painted over the same photograph: people, an engine bay and tyres
are warm because outlines given by hand say so. It shows that the parts work together; it says nothing about how
well textfuse fuses, for which use a real recording.
"""

import importlib.util
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from ros2_textfuse.recordings.video_writer import VideoWriter

SHOT = 150  # frames until the camera is where it began, so that a sequence of so many can loop
NIGHT = 0.006  # mean light of a night image, 0..1

# All in pixels of the PHOTOGRAPH.
Box = tuple[int, int, int, int]  # left, top, right, bottom
Stroke = tuple[tuple[int, int], ...]  # a line drawn through something


@dataclass(frozen=True)
class _Figure:
    """A thing to cut out of the photograph: its box, lines that surely lie in it, lines that surely do not."""

    box: Box
    inside: tuple[Stroke, ...] = ()
    outside: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class _Photograph:
    """Where the warm things are, and the camera's path: (x centre, y centre, width) at both ends."""

    file: str
    people: tuple[_Figure, ...]
    skin: tuple[Box, ...]  # faces and hands, warmer than clothes
    warm: tuple[tuple[Box, float], ...]  # ellipses of a machine and how warm they are, 0..1
    body: _Figure | None  # a vehicle in use, a little warmer than the street
    path: tuple[tuple[float, float, float], tuple[float, float, float]]


PHOTOGRAPH = _Photograph(
    file="bus.jpg",
    people=(
        _Figure(
            (48, 396, 248, 903),
            inside=(((130, 406), (130, 680)), ((112, 416), (148, 416)), ((95, 520), (170, 560)),
                    ((95, 705), (75, 870), (90, 890)), ((160, 705), (188, 850), (225, 885))),
            outside=(((128, 740), (135, 850)),),
        ),
        _Figure(
            (222, 403, 346, 862),
            inside=(((284, 411), (284, 680)), ((250, 540), (245, 680)), ((318, 520), (320, 680)),
                    ((262, 710), (265, 840)), ((315, 710), (290, 800))),
        ),
        _Figure(
            (668, 396, 809, 882),
            inside=(((803, 420), (795, 500), (785, 670)), ((740, 555), (780, 540)),
                    ((790, 690), (730, 830), (690, 840)), ((795, 500), (805, 680))),
        ),
        _Figure((0, 552, 80, 874), inside=(((8, 600), (15, 850)), ((30, 640), (55, 740), (62, 790)))),
    ),
    skin=(
        (104, 400, 160, 476), (262, 406, 312, 476), (236, 502, 288, 542), (254, 640, 292, 694),
        (46, 736, 80, 818), (786, 398, 809, 462), (718, 542, 748, 572),
    ),
    warm=(((314, 600, 376, 738), 0.55), ((694, 570, 756, 676), 0.55), ((30, 570, 330, 720), 0.36)),
    body=_Figure(
        (6, 232, 806, 740),
        inside=(((60, 300), (400, 250), (740, 290)), ((450, 440), (760, 420)), ((420, 600), (640, 560)),
                ((60, 360), (60, 520))),
    ),
    path=((405.0, 600.0, 800.0), (330.0, 650.0, 560.0)),
)  # fmt: skip


def frames(
    count: int, size: tuple[int, int] = (480, 640), seed: int = 0, day: bool = False
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Simulated pairs, registered to the pixel, the same for the same arguments.

    The first pair takes about a second, since the outlines of people are cut out once; each further pair some
    milliseconds.

    Args:
        count: how many pairs; a longer sequence begins with the shorter one.
        size: (height, width) in pixels; meant for 4:3.
        seed: of the sensors' noise.
        day: by day, when a visible camera has little noise; else at night.

    Yields:
        visible, uint8 RGB [H, W, 3], and thermal, uint8 [H, W], warm is bright.

    Raises:
        FileNotFoundError: ultralytics, whose photographs these are, is not installed.
    """
    random = np.random.default_rng(seed)
    visible_noise = _noise(random, size, 3, amplitude=1.5 if day else 7.0, grain=0.6)
    thermal_noise = _noise(random, size, 1, amplitude=3.5, grain=0.5)
    columns = cv2.GaussianBlur(random.normal(0, 2.0, (1, size[1])).astype(np.float32), (3, 1), 0)
    fixed_pattern = np.repeat(columns, size[0], axis=0)  # an uncooled sensor's column offsets, which stay
    for step in range(count):
        visible, thermal = _view(step, size, day)
        visible = cv2.add(visible, _crop(visible_noise, random, size), dtype=cv2.CV_8U)
        thermal = cv2.add(thermal, _crop(thermal_noise, random, size) + fixed_pattern, dtype=cv2.CV_8U)
        yield np.asarray(visible, np.uint8), np.asarray(thermal, np.uint8)


def still(size: tuple[int, int] = (480, 640)) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One simulated pair by day and without noise, for images of what degradations do.

    Args:
        size: (height, width) in pixels; meant for 4:3.

    Returns:
        visible, uint8 RGB [H, W, 3], and thermal, uint8 [H, W].

    Raises:
        FileNotFoundError: ultralytics, whose photograph it is, is not installed.
    """
    visible, thermal = _view(0, size, day=True)
    return np.asarray(visible, np.uint8), np.asarray(thermal, np.uint8)


def write_videos(folder: str | Path, fps: float = 30.0, count: int = SHOT, day: bool = False) -> tuple[Path, Path]:
    """Write the simulated sequence to visible.mp4 and thermal.mp4 (MPEG-4, 640x480, thermal as grey RGB).

    Args:
        folder: made when missing; files of these names in it are replaced.
        fps: frames per second.
        count: how many frames; SHOT of them can be played in a loop.
        day: by day; else at night.

    Returns:
        The two paths.

    Raises:
        FileNotFoundError: ultralytics, whose photographs these are, is not installed.
        OSError: they cannot be written; neither is left where the disk is full.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "visible.mp4", folder / "thermal.mp4"
    for path in paths:
        path.unlink(missing_ok=True)
    with VideoWriter(paths[0], fps) as visible_video, VideoWriter(paths[1], fps) as thermal_video:
        for visible, thermal in frames(count, day=day):
            visible_video.write(visible)
            thermal_video.write(np.asarray(cv2.cvtColor(thermal, cv2.COLOR_GRAY2RGB), np.uint8))
    return paths


def _view(step: int, size: tuple[int, int], day: bool = False) -> tuple[MatLike, MatLike]:
    """What the moving camera sees, without noise."""
    visible, thermal = _scene(day)
    phase = 2 * math.pi * step / SHOT
    along = (1 - math.cos(phase)) / 2  # there and back, gently
    (x0, y0, width0), (x1, y1, width1) = PHOTOGRAPH.path
    x, y, width = x0 + along * (x1 - x0), y0 + along * (y1 - y0), width0 + along * (width1 - width0)
    x += 3 * math.sin(5 * phase)  # a hand-held camera sways
    y += 2 * math.sin(8 * phase)
    scale = width / size[1]
    matrix = np.array([[scale, 0, x - width / 2], [0, scale, y - scale * size[0] / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    image, heat = (
        cv2.warpAffine(side, matrix, size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
        for side in (visible, thermal)
    )
    return image, heat


@cache
def _scene(day: bool) -> tuple[MatLike, MatLike]:
    """The photograph, by day or at night, uint8 RGB [H, W, 3], and its painted thermal side, uint8 [H, W]."""
    package = importlib.util.find_spec("ultralytics")
    places = [] if package is None else package.submodule_search_locations or []
    path = next((path for place in places if (path := Path(place) / "assets" / PHOTOGRAPH.file).is_file()), None)
    image = None if path is None else cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(
            f"The simulated scene needs the photograph {PHOTOGRAPH.file} that ultralytics carries; cure: pip "
            "install ultralytics-opencv-headless"
        )
    visible = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if day else _night(image)
    return visible, _thermal(image)


def _night(image: MatLike) -> MatLike:
    """A BGR photograph as a camera sees it at night, dark, bluish, pale; RGB."""
    linear = (image[..., ::-1].astype(np.float32) / 255) ** 2.2
    grey = linear.mean(axis=2, keepdims=True)
    dark = (0.45 * linear + 0.55 * grey) * np.array([0.8, 0.95, 1.25], np.float32)
    dark *= NIGHT / dark.mean()
    return np.round(255 * dark.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)


def _thermal(image: MatLike) -> MatLike:
    """A painted thermal image: a blurred street of little contrast, warm people, warm machine parts."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    street = 0.16 + 0.10 * cv2.GaussianBlur(grey, (0, 0), 4) + 0.08 * np.linspace(0, 1, height)[:, None]
    heat: MatLike = street.astype(np.float32)
    if PHOTOGRAPH.body is not None:
        body = cv2.GaussianBlur(_cut_out(image, PHOTOGRAPH.body), (0, 0), 2)
        heat += body * (0.07 + 0.10 * cv2.GaussianBlur(grey, (0, 0), 3))  # glass, the dark part, looks cold
    for box, warmth in PHOTOGRAPH.warm:
        heat = np.maximum(heat, warmth * _ellipse(height, width, box))

    fine = cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 12)  # folds and edges of clothes
    people = np.zeros((height, width), np.float32)
    for figure in PHOTOGRAPH.people:
        people = np.maximum(people, _cut_out(image, figure))
    skin = np.zeros((height, width), np.float32)
    for box in PHOTOGRAPH.skin:
        skin = np.maximum(skin, _ellipse(height, width, box))
    inside = cv2.GaussianBlur(people, (0, 0), 14)  # clothes are cooler towards the outline
    person = 0.40 + 0.20 * inside + 0.25 * skin + 0.35 * fine
    soft = cv2.GaussianBlur(people, (0, 0), 1.6)
    heat = heat + soft * (person - heat)
    heat = cv2.GaussianBlur(heat, (0, 0), 1.2)  # thermal lenses are soft
    return np.round(255 * heat.clip(0, 1)).astype(np.uint8)


def _cut_out(image: MatLike, figure: _Figure) -> MatLike:
    """The outline of a figure, found by GrabCut: float32 [H, W], 0..1."""
    left, top, right, bottom = figure.box
    margin = 20 + (right - left) // 3  # what GrabCut learns the surroundings from
    x, y = max(0, left - margin), max(0, top - margin)
    part = image[y : bottom + margin, x : right + margin]
    scale = min(1.0, 220 / max(part.shape[:2]))  # finer outlines would be lost in a thermal camera's blur
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    def place(point: tuple[int, int]) -> tuple[int, int]:
        return round((point[0] - x) * scale), round((point[1] - y) * scale)

    mask = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    cv2.rectangle(mask, place((left, top)), place((right, bottom)), cv2.GC_PR_FGD, cv2.FILLED)
    for strokes, value in ((figure.inside, cv2.GC_FGD), (figure.outside, cv2.GC_BGD)):
        for stroke in strokes:
            cv2.polylines(mask, [np.array([place(point) for point in stroke])], False, value, 2)
    cv2.setRNGSeed(0)  # GrabCut begins from a random clustering
    cv2.grabCut(small, mask, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    cut = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.float32)
    cut = cv2.morphologyEx(cut, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outline = np.zeros(image.shape[:2], np.float32)
    outline[y : bottom + margin, x : right + margin] = cv2.resize(cut, part.shape[1::-1])
    return outline


def _ellipse(height: int, width: int, box: Box) -> MatLike:
    """A soft ellipse that fills the box: float32 [H, W], 0..1."""
    left, top, right, bottom = box
    mask: MatLike = np.zeros((height, width), np.float32)
    centre, axes = ((left + right) // 2, (top + bottom) // 2), ((right - left) // 2, (bottom - top) // 2)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, (1.0,), cv2.FILLED)
    return cv2.GaussianBlur(mask, (0, 0), max(2.0, min(axes) / 5))


def _noise(
    random: np.random.Generator, size: tuple[int, int], channels: int, amplitude: float, grain: float
) -> MatLike:
    """Sensor noise on a field larger than a frame: each frame takes another part of it, which costs little."""
    white = random.normal(0, 1, (size[0] + 64, size[1] + 64, channels)).astype(np.float32)
    field = cv2.GaussianBlur(white, (0, 0), grain)
    return field * np.float32(amplitude / field.std())


def _crop(field: MatLike, random: np.random.Generator, size: tuple[int, int]) -> MatLike:
    top, left = random.integers(0, 64, 2)
    return field[top : top + size[0], left : left + size[1]]
