"""The geometry between two cameras from the scene itself: no target, no known intrinsics.

Grey levels of RGB and thermal have little in common, edges much: where something ends, both tend to see it, be it from
bright to dark or from dark to bright. Images become fields of edge orientation, normalised so that a faint edge
counts like a strong one (normalised gradient fields, Haber & Modersitzki, MICCAI 2006), with doubled angles so that
opposite gradients agree. A search over scale and rotation tries every shift at once by FFT (as Reddy & Chatterji, IEEE
TIP 1996, do for one image); the best places are then followed from coarse to fine. All pairs are taken together.

What is found is a similarity: scale, rotation and shift. More would need more than most scenes give.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError

SCALES = np.geomspace(0.6, 1.67, 27)  # about the guess
ROTATIONS = np.arange(-8.0, 8.1, 2.0)  # degrees; at the border a step of either is about three pixels of the search
LARGEST_SHIFT = 0.3  # of the visible image's width and height
SEARCH_WIDTH = 160  # pixels; where everything is tried
LEVELS = ((160, 4.0), (320, 3.0), (640, 2.0))  # width in pixels, first step in pixels
CANDIDATES = 5  # places that are followed
DISTINCT = 0.15  # of the width; places whose corners lie closer are one
OVERLAP_WEIGHT = 0.25  # exponent; without it, a small overlap wins by chance
SMALLEST_OVERLAP = 0.15  # of the visible image
SMALLEST_SIDE = 64  # pixels

# What it takes to be sure; chosen on pairs warped by known amounts (docs/guides/alignment.md).
SMALLEST_AGREEMENT = 0.12
SMALLEST_MARGIN = 1.15
LARGEST_SPREAD = 3.0  # pixels

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Field = NDArray[np.complex64]


class RegistrationError(TextfuseError, ValueError):
    """The images do not tell the relative pose of the cameras; the message says what was found and what to try."""


class NotSureError(RegistrationError):
    """Something was found that cannot be relied on."""


@dataclass(frozen=True)
class Registration:
    """What was found, with what speaks for it.

    Args:
        homography: 3 x 3, takes a thermal pixel to the visible pixel that shows the same.
        residual: pixels of the visible camera; median of what parts of the images are still off, parallax included.
        spread: pixels of the visible camera; how far two estimates, each from one half of the image, lie apart.
        margin: agreement of the edges here, as a multiple of that at the best other place; infinite without one.
        agreement: of the edges, -1..1; 0 is chance.
    """

    homography: Matrix
    residual: float
    spread: float
    margin: float
    agreement: float

    @property
    def sure(self) -> bool:
        """Whether it can be relied on."""
        return self.agreement >= SMALLEST_AGREEMENT and self.margin >= SMALLEST_MARGIN and self.spread <= LARGEST_SPREAD

    def require_sure(self) -> None:
        """Raise NotSureError, with what was found and what to try, where it cannot be relied on."""
        if not self.sure:
            raise NotSureError(
                f"{self.summary()}. Try more pairs, of a scene with edges that both cameras see, a better guess of "
                "the scale, or a chessboard"
            )

    def summary(self) -> str:
        """One line for people."""
        residual = "unknown" if np.isnan(self.residual) else f"{self.residual:.1f} px"
        return (
            f"residual {residual}, halves of the image {self.spread:.1f} px apart (at most "
            f"{LARGEST_SPREAD:g}), agreement {self.agreement:.2f} (at least {SMALLEST_AGREEMENT:g}), {self.margin:.2f} "
            f"times that of the next best place (at least {SMALLEST_MARGIN:g})"
        )


def register(
    visible: Sequence[Grey],
    thermal: Sequence[Grey],
    scale: float | None = None,
    progress: Callable[[], object] = lambda: None,
) -> Registration:
    """Estimate scale, rotation and shift between two cameras from pairs of images.

    Args:
        visible: grey uint8 [H, W], all of the same size.
        thermal: their partners, grey uint8 [H, W], all of the same size, which may differ.
        scale: rough guess, visible pixels for each thermal pixel; None where both see about equally wide.
        progress: called STEPS times.

    Returns:
        The best found; whether it is `sure` is for the caller to look at.

    Raises:
        RegistrationError: there are no images, they are too small, or nothing in them can be compared.
    """
    if not visible or len(visible) != len(thermal):
        raise RegistrationError(f"{len(visible)} visible and {len(thermal)} thermal images: give at least one pair")
    for images, name in ((visible, "visible"), (thermal, "thermal")):
        if min(images[0].shape) < SMALLEST_SIDE or any(p.shape != images[0].shape for p in images):
            raise RegistrationError(f"the {name} images must have the same size, {SMALLEST_SIDE} pixels or more a side")
    scale = visible[0].shape[1] / thermal[0].shape[1] if scale is None else scale
    pyramid = [_Level(visible, thermal, width) for width, _ in LEVELS]
    found = _search(_Level(visible, thermal, SEARCH_WIDTH), scale, progress)
    places = _distinct(found, visible[0].shape[1])
    followed = []
    for _, homography in places:
        for level, (_, step) in zip(pyramid[:2], LEVELS[:2], strict=True):
            agreement, homography = level.climb(homography, step)
        followed.append((agreement, homography))
    followed.sort(key=lambda place: -place[0])
    best, *others = _distinct(followed, visible[0].shape[1])
    # Where all lead to one place, there is no other.
    margin = best[0] / max(others[0][0], 0.01) if others else float("inf")
    agreement, homography = pyramid[2].climb(best[1], LEVELS[2][1])
    halves = [pyramid[1].climb(homography, LEVELS[1][1], half)[1] for half in (0, 1)]
    spread = distance(halves[0], halves[1], visible[0].shape, thermal[0].shape)
    return Registration(homography, pyramid[2].residual(homography), spread, margin, agreement)


STEPS = len(SCALES)
"""How often `register` calls `progress`."""


def distance(a: Matrix, b: Matrix, visible_shape: tuple[int, ...], thermal_shape: tuple[int, ...]) -> float:
    """Mean distance in visible pixels of where two homographies put the thermal image, inside the visible one."""
    x, y = np.meshgrid(np.linspace(0, thermal_shape[1] - 1, 17), np.linspace(0, thermal_shape[0] - 1, 17))
    at = np.dstack([x, y]).reshape(-1, 1, 2)
    first, second = (cv2.perspectiveTransform(at, matrix).reshape(-1, 2) for matrix in (a, b))
    inside = ((second >= 0) & (second < [visible_shape[1], visible_shape[0]])).all(axis=1)
    apart = np.linalg.norm(first - second, axis=1)
    return float(apart[inside].mean()) if inside.any() else float(apart.mean())


class _Level:
    """All pairs at one width of the visible image; the thermal side is brought there by a homography."""

    def __init__(self, visible: Sequence[Grey], thermal: Sequence[Grey], width: int) -> None:
        height, full = visible[0].shape
        self.zoom = min(1.0, width / full)
        self.size = round(full * self.zoom), round(height * self.zoom)
        seen = cv2.resize(_content(visible), self.size, interpolation=cv2.INTER_AREA)
        self.mask = _erode(seen > 0.999)
        self.fields = [
            _orientation(cv2.resize(image, self.size, interpolation=cv2.INTER_AREA), self.mask) for image in visible
        ]
        self._thermal = thermal
        self._content = _content(thermal)

    def to_level(self, homography: Matrix) -> Matrix:
        return _zoom(self.zoom) @ homography

    def warped(self, homography: Matrix) -> tuple[list[Field], NDArray[np.float32]]:
        """Fields of the thermal images in the visible one's frame, and where there are any."""
        matrix = self.to_level(homography)
        scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        mask = _erode(cv2.warpPerspective(self._content, matrix, self.size) > 0.999)
        fields = []
        for image in self._thermal:
            if scale < 0.7:  # else the warp would skip pixels
                image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 / scale), np.uint8)
            fields.append(_orientation(cv2.warpPerspective(image, matrix, self.size), mask))
        return fields, mask

    def climb(self, homography: Matrix, step: float, half: int | None = None) -> tuple[float, Matrix]:
        """Follow the agreement uphill; returns it and the homography there.

        Args:
            homography: where to begin.
            step: pixels of this level, the first.
            half: 0 or 1 to look at one half of the visible image alone, the fields of a chessboard; None for all.
        """
        fields, mask = self.warped(homography)
        ours = self.mask if half is None else self.mask * _chessboard(self.mask.shape, half)
        first = [np.dstack([field.real, field.imag]) * ours[..., None] for field in self.fields]
        second = [np.dstack([field.real, field.imag]) for field in fields]
        first_energy = sum((field**2).sum(axis=2) for field in first)
        middle, radius = (np.array(self.size) - 1) / 2, max(self.size) / 2

        def change(x: NDArray) -> Matrix:
            """Of scale, rotation (both in pixels at the border) and shift."""
            size, angle = np.exp(x[0] / radius), x[1] / radius
            turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            return np.vstack([np.column_stack([turn, middle + x[2:] - turn @ middle]), [0, 0, 1]])

        def agreement(x: NDArray) -> float:
            matrix = change(x)[:2]
            there = cv2.warpAffine(mask, matrix, self.size)
            product = energy = 0.0
            for ours_field, theirs in zip(first, second, strict=True):
                moved = cv2.warpAffine(theirs, matrix, self.size)
                product += float(np.vdot(ours_field, moved))
                energy += float(np.vdot(moved * ours[..., None], moved))
            total = np.sqrt(float((first_energy * there).sum()) * energy) + 1e-9
            return product / total * float((there * ours).sum() / ours.sum()) ** OVERLAP_WEIGHT

        x = np.zeros(4)
        best = agreement(x)
        for size in (step, step / 2, step / 4, step / 8, step / 16):
            for _ in range(4):
                before = best
                for axis in np.eye(4) * size:
                    low, high = agreement(x - axis), agreement(x + axis)
                    bend = low - 2 * best + high
                    # The top of the parabola through three values, or the best of them.
                    top = np.clip(0.5 * (low - high) / bend, -1, 1) if bend < 0 else float(np.sign(high - low))
                    value = agreement(x + top * axis)
                    for candidate, at in ((value, top), (low, -1), (high, 1)):
                        if candidate > best:
                            best, moved_to = candidate, x + at * axis
                            break
                    else:
                        continue
                    x = moved_to
                if best - before < 1e-4:
                    break
        zoom = _zoom(self.zoom)
        return float(best), np.linalg.inv(zoom) @ change(x) @ zoom @ homography

    def residual(self, homography: Matrix, tile: int = 64, radius: int = 8) -> float:
        """Median displacement, in visible pixels, of tiles that find their partner clearly."""
        fields, mask = self.warped(homography)
        width, height = self.size
        displacements = []
        tile = min(tile, min(self.size) // 3)
        for top, left in itertools.product(
            range(radius, height - tile - radius + 1, tile // 2), range(radius, width - tile - radius + 1, tile // 2)
        ):
            if mask[top : top + tile, left : left + tile].mean() < 0.8:
                continue
            total = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
            for ours, theirs in zip(self.fields, fields, strict=True):
                area = ours[top - radius : top + tile + radius, left - radius : left + tile + radius]
                part = theirs[top : top + tile, left : left + tile]
                total += cv2.matchTemplate(
                    np.dstack([area.real, area.imag]), np.dstack([part.real, part.imag]), cv2.TM_CCORR
                )
            if total.max() - total.mean() > 3 * total.std():
                displacements.append(np.hypot(*(_peak(total) - radius)))
        return float(np.median(displacements)) / self.zoom if displacements else float("nan")


def _search(level: _Level, guess: float, progress: Callable[[], object]) -> list[tuple[float, Matrix]]:
    """The best shift at each scale and rotation, best first: agreement and homography."""
    width, height = level.size
    padded = cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width)
    pixels = width * height
    visible = [np.fft.fft2(field, padded) for field in level.fields]
    energy = np.fft.rfft2(sum(np.abs(field) ** 2 for field in level.fields), padded)
    there = np.fft.rfft2(level.mask, padded)
    reach_y, reach_x = int(height * LARGEST_SHIFT), int(width * LARGEST_SHIFT)

    def correlate(first: NDArray, second: NDArray) -> NDArray:
        """Real sum of first(x + shift) second(x), for all shifts."""
        return np.fft.irfft2(first * np.conj(np.fft.rfft2(second, padded)), padded)

    found = []
    for scale in guess * SCALES:
        for rotation in ROTATIONS:
            homography = _similarity(scale, rotation, level)
            fields, mask = level.warped(homography)
            spectrum = sum(
                np.conj(np.fft.fft2(field, padded)) * ours for field, ours in zip(fields, visible, strict=True)
            )
            product = np.fft.ifft2(spectrum).real
            own = correlate(there, np.asarray(sum(np.abs(field) ** 2 for field in fields)))
            other, overlap = correlate(energy, mask), correlate(there, mask) / pixels
            agreement = product / np.sqrt(np.maximum(own, 1) * np.maximum(other, 1))
            # Steeper than in the climb: here thousands of shifts compete, and the smallest overlaps vary most.
            agreement *= np.sqrt(np.maximum(overlap, 0))
            agreement[overlap < SMALLEST_OVERLAP] = -1
            near = np.roll(agreement, (reach_y, reach_x), (0, 1))[: 2 * reach_y + 1, : 2 * reach_x + 1]
            y, x = np.unravel_index(near.argmax(), near.shape)
            shift = np.array([[1, 0, x - reach_x], [0, 1, y - reach_y], [0, 0, 1]])
            zoom = _zoom(level.zoom)
            found.append((float(near[y, x]), np.linalg.inv(zoom) @ shift @ zoom @ homography))
        progress()
    if max(found, key=lambda place: place[0])[0] <= 0:
        raise RegistrationError("nothing in the images can be compared: they have no edges, or not in one place")
    return sorted(found, key=lambda place: -place[0])


def _similarity(scale: float, degrees: float, level: _Level) -> Matrix:
    """Thermal to visible pixels, centre on centre."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    thermal = (np.array(level._content.shape[::-1]) - 1) / 2
    visible = (np.array(level.size) / level.zoom - 1) / 2
    return np.vstack([np.column_stack([turn, visible - turn @ thermal]), [0, 0, 1]])


def _distinct(places: Sequence[tuple[float, Matrix]], width: int) -> list[tuple[float, Matrix]]:
    """The first CANDIDATES that are not near a better one."""
    kept: list[tuple[float, Matrix]] = []
    for agreement, homography in places:
        if all(_apart(homography, other, width) > DISTINCT for _, other in kept):
            kept.append((agreement, homography))
            if len(kept) == CANDIDATES:
                break
    return kept


def _apart(a: Matrix, b: Matrix, width: int) -> float:
    """Largest distance of where two homographies put a thermal image's corners, as a share of the width."""
    # In the thermal pixels that lie over the visible image.
    corners = np.array([[[0, 0]], [[width, 0]], [[0, width]], [[width, width]]], np.float64)
    moved = cv2.perspectiveTransform(corners, a @ np.linalg.inv(b))
    return float(np.linalg.norm(moved - corners, axis=2).max()) / width


def _orientation(grey: NDArray, mask: NDArray[np.float32]) -> Field:
    """Edge orientation, its angle doubled: complex, of length 0 (no edge) to 1."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    x, y = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    power = (x * x + y * y) * mask
    # An edge is one beside what is around it; the rest keeps sensor noise and compression from being edges.
    around = cv2.GaussianBlur(power, (0, 0), 12) / np.maximum(cv2.GaussianBlur(mask, (0, 0), 12), 1e-3)
    floor = power + 0.5 * around + 0.05 * power.mean() + 0.05
    return ((x * x - y * y + 2j * x * y) / floor * mask).astype(np.complex64)


def _content(images: Sequence[Grey]) -> NDArray[np.float32]:
    """1 where there is an image, 0 on borders that are black in all of them: letterboxes, or what a warp left."""
    black = np.all([image == 0 for image in images], axis=0).astype(np.uint8)
    black = cv2.morphologyEx(black, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels = cv2.connectedComponents(black, connectivity=4)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    border = np.isin(labels, rim[rim > 0])
    return np.asarray(cv2.erode((~border).astype(np.float32), np.ones((7, 7), np.uint8), borderValue=1), np.float32)


def _erode(there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Without the rim, where gradients see the border."""
    return np.asarray(cv2.erode(there.astype(np.float32), np.ones((5, 5), np.uint8), borderValue=1), np.float32)


def _chessboard(shape: tuple[int, ...], half: int) -> NDArray[np.float32]:
    rows, columns = np.indices(shape) // max(8, shape[1] // 8)
    return ((rows + columns) % 2 == half).astype(np.float32)


def _peak(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Row and column of the largest value, between pixels by a parabola each way."""
    row, column = np.unravel_index(values.argmax(), values.shape)
    place = np.array([row, column], np.float64)
    for axis, (line, at) in enumerate(((values[:, column], row), (values[row], column))):
        if 0 < at < len(line) - 1:
            low, top, high = line[at - 1 : at + 2].astype(float)
            place[axis] += 0.5 * (low - high) / min(low - 2 * top + high, -1e-9)
    return place


def _zoom(factor: float) -> Matrix:
    """Pixels of an image to those of the same image resized, centres on centres."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
