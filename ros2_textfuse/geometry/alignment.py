"""Two cameras brought into one geometry: a calibration applied as one precomputed remap.

The image of the reference camera keeps its pixels (or is cropped); the other one is warped onto it. The two are
sampled anew both only where the output has a size of its own. Nothing is rectified: the fused image has the
distortion of the reference camera, and its CameraInfo says so.

Source of the warp by extrinsics: the homography of a plane at the working depth (Hartley & Zisserman, Multiple View
Geometry, 2nd ed., eq. 13.2), with the lens distortion of both cameras around it. It is right at that depth; what is
nearer or further is off by parallax, about focal length x baseline x |1/depth - 1/actual depth| pixels.
"""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.geometry.calibration import Calibration, CalibrationError, CameraModel
from ros2_textfuse.imaging.cameras import other_camera
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.imaging.padding import Shares, shares_of_mean

GRID = 4  # pixels; the shared field of view is cropped to whole multiples of it
SMALLEST = 32  # pixels, width and height of a field of view that is worth fusing
LENS_ERROR = 0.5  # pixels; where distortion cannot be undone to within so much, its model ends

DIRECTION = "check the homography, from thermal to visible pixels, or the extrinsics, from visible to thermal frame"

Pixels = NDArray[np.float64]  # [H, W, 2], x and y; NaN where there is none


class Alignment:
    """Bring pairs into the geometry of the fused image.

    Args:
        calibration: whose intrinsics are complete, where it has extrinsics.

    Raises:
        CalibrationError: intrinsics are missing, or the cameras share no field of view.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        if missing := calibration.missing_intrinsics():
            raise CalibrationError(
                f"{calibration.source}: key {missing[0]}.camera_matrix is missing: extrinsics need the intrinsics of "
                "both cameras (3 x 3), in the file or from CameraInfo (parameter camera_info)"
            )
        reference = calibration.cameras[calibration.reference]
        view = 0, 0, reference.width, reference.height
        if calibration.field_of_view == "shared":
            view = self._shared_view()
        self._view = view  # left, top, right, bottom in the reference camera's image
        left, top, right, bottom = view
        self.size = calibration.output or (right - left, bottom - top)
        """Width and height of the fused image."""
        resampled = self.size != (right - left, bottom - top)
        fits = self.size[0] / (right - left), self.size[1] / (bottom - top)
        self._scale = max(fits) if calibration.field_of_view == "shared" else min(fits)
        middle = ((left + right - 1) / 2, (top + bottom - 1) / 2)
        self._offset = [(size - 1) / 2 - self._scale * at for size, at in zip(self.size, middle, strict=True)]
        x, y = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in self.size))
        at_reference = (np.dstack([x, y]) - self._offset) / self._scale
        # Beyond its border by less than half a pixel an image still has the value of its last one.
        limits = np.array([reference.width, reference.height]) - 0.5
        at_reference[((at_reference < -0.5) | (at_reference > limits)).any(axis=2)] = np.nan
        other = other_camera(calibration.reference)
        at_other = self._other_pixels(at_reference)
        if np.isnan(at_other).all():
            raise CalibrationError(
                f"{calibration.source}: the {other} camera sees nothing of the {calibration.reference} image: "
                f"{DIRECTION}"
            )
        warps = {calibration.reference: at_reference, other: at_other}
        self._warps = {
            camera: None if camera == calibration.reference and not resampled else _Remap(pixels)
            for camera, pixels in warps.items()
        }
        # A part of the image that thermal does not see is not dark there: it is to count for nothing.
        self._thermal_of_pairs = self._warps["thermal"] and _Remap(warps["thermal"], fading=True)

    def __call__(
        self, visible: NDArray[np.uint8], thermal: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Align one pair.

        Args:
            visible: uint8 RGB [H, W, 3], of the size in the calibration.
            thermal: uint8 [H, W], of its own size in the calibration; after gain control, since what fills the part
                that a camera does not see would be taken for counts.

        Returns:
            The two in the fused image's geometry, C-contiguous; the image of the reference camera itself where
            nothing is to be done to it. Beyond its own view, thermal fades to its mean; visible is black.

        Raises:
            ImageError: an image has a different size than the calibration is for.
        """
        self.check(thermal=thermal)
        warp = self._thermal_of_pairs
        return self.align("visible", visible), self.align("thermal", thermal) if warp is None else warp(thermal)

    def align(self, camera: str, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Align the image of one camera.

        Args:
            camera: `visible` or `thermal`.
            image: as in a pair.

        Returns:
            uint8, as `image`, in the fused image's geometry, black where the camera does not see, C-contiguous; the
            image itself where nothing is to be done to it.

        Raises:
            ImageError: the image has a different size than the calibration is for.
        """
        self.check(**{camera: image})
        warp = self._warps[camera]
        if warp is not None:
            return warp(image)
        left, top, right, bottom = self._view
        return np.ascontiguousarray(image[top:bottom, left:right])  # the image itself where the view is all of it

    def check(self, **images: NDArray) -> None:
        """Check the sizes of images, by the names of their cameras; their pixels are not touched.

        Raises:
            ImageError: the calibration is for others.
        """
        try:
            for camera, image in images.items():
                self.calibration.require_size(camera, image.shape[1], image.shape[0])
        except CalibrationError as error:
            raise ImageError(str(error)) from error

    def fused_camera(self, reference: CameraModel | None = None) -> CameraModel | None:
        """The camera of the fused image: the reference camera, cropped or scaled; None where K is not known.

        Args:
            reference: the reference camera as its CameraInfo describes it, where the calibration has no intrinsics.
        """
        own = self.calibration.cameras[self.calibration.reference]
        known = own if own.matrix is not None else reference
        if known is None or known.matrix is None:
            return None
        matrix = self.pixel_change() @ known.matrix
        return replace(known, width=self.size[0], height=self.size[1], matrix=matrix)

    def pixel_change(self) -> NDArray[np.float64]:
        """3 x 3, takes a pixel of the reference camera's image to the fused image's."""
        return np.array([[self._scale, 0, self._offset[0]], [0, self._scale, self._offset[1]], [0, 0, 1]])

    def _shared_view(self) -> tuple[int, int, int, int]:
        reference = self.calibration.cameras[self.calibration.reference]
        x, y = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in (reference.width, reference.height)))
        seen = np.isfinite(self._other_pixels(np.dstack([x, y]))).all(axis=2)
        left, top, right, bottom = _largest_rectangle(seen)
        if min(right - left, bottom - top) < SMALLEST:
            raise CalibrationError(
                f"{self.calibration.source}: the two cameras share {right - left}x{bottom - top} pixels: expected "
                f"{SMALLEST}x{SMALLEST} at least; {DIRECTION}"
            )
        return left, top, right, bottom

    def _other_pixels(self, at: Pixels) -> Pixels:
        """Where the other camera sees what is at pixels of the reference camera; NaN where it does not."""
        calibration = self.calibration
        to_thermal = calibration.reference == "visible"
        other = calibration.cameras[other_camera(calibration.reference)]
        if calibration.homography is not None:
            matrix = np.linalg.inv(calibration.homography) if to_thermal else calibration.homography
            points = np.dstack([at, np.ones(at.shape[:2])]) @ matrix.T
            # A homography has no sign of its own: what the image shows lies before the camera.
            pixels = _project(points * np.sign(np.nanmedian(points[..., 2])))
        else:
            assert calibration.extrinsics is not None
            rotation, translation = calibration.extrinsics.rotation, calibration.extrinsics.translation
            if not to_thermal:
                rotation, translation = rotation.T, -rotation.T @ translation
            points = _rays(calibration.cameras[calibration.reference], at) * calibration.extrinsics.depth
            pixels = _distort(other, _project(points @ rotation.T + translation))
        outside = ~((pixels >= -0.5) & (pixels <= np.array([other.width, other.height]) - 0.5)).all(axis=2)
        pixels[outside] = np.nan
        return pixels


class _Remap:
    """One camera's remap.

    Precomputed maps are two to three times as fast as cv2.warpPerspective, and know lenses; fixed-point ones are a
    little faster than float ones and take less memory. An image that is reduced by more than half is first averaged
    over whole pixels: the remap looks at four pixels only, and what it skips would flicker.

    Args:
        pixels: where the camera sees each pixel of the result.
        fading: what it does not see fades from the levels next to it to the image's mean, and is black otherwise: a
            level that goes on and on would be taken for heat, or light, that is not there.
    """

    def __init__(self, pixels: Pixels, fading: bool = False) -> None:
        step = np.nanmedian(np.linalg.norm(np.diff(pixels, axis=1), axis=2)) if pixels.shape[1] > 1 else 1.0
        self._reduction = max(1, int(step)) if np.isfinite(step) else 1
        source = (pixels + 0.5) / self._reduction - 0.5
        self._shares: Shares | None = None
        unseen = ~np.isfinite(source).all(axis=2)
        if fading and unseen.any():
            distance, places = cv2.distanceTransformWithLabels(
                np.uint8(unseen), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
            )
            nearest = np.empty((places.max() + 1, 2))
            nearest[places[~unseen]] = source[~unseen]
            source = nearest[places]
            self._shares = shares_of_mean(np.float32(distance))
        source = np.where(np.isfinite(source), source, -10.0).astype(np.float32)  # outside: black
        self._whole, self._fraction = cv2.convertMaps(source[..., 0], source[..., 1], cv2.CV_16SC2)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._reduction > 1:
            size = image.shape[1] // self._reduction, image.shape[0] // self._reduction
            whole = image[: size[1] * self._reduction, : size[0] * self._reduction]
            image = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
        border = cv2.BORDER_REPLICATE if self._shares else cv2.BORDER_CONSTANT
        seen = cv2.remap(image, self._whole, self._fraction, cv2.INTER_LINEAR, borderMode=border)
        if self._shares:
            seen = cv2.blendLinear(seen, np.full_like(seen, round(cv2.mean(image)[0])), *self._shares)
        return np.asarray(seen, np.uint8)


def _project(points: NDArray[np.float64]) -> Pixels:
    """[H, W, 3] to [H, W, 2] by the third coordinate; NaN behind the camera."""
    depth = np.where(points[..., 2:] > 1e-9, points[..., 2:], np.nan)
    return points[..., :2] / depth


def _rays(camera: CameraModel, pixels: Pixels) -> NDArray[np.float64]:
    """Directions [H, W, 3] with third coordinate 1; NaN where distortion cannot be undone."""
    assert camera.matrix is not None
    flat = np.nan_to_num(pixels.reshape(-1, 1, 2), nan=0.0)
    ideal: Any
    if not camera.distortion:
        ideal = cv2.perspectiveTransform(flat, np.linalg.inv(camera.matrix))
    elif camera.distortion_model == "equidistant":
        ideal = cv2.fisheye.undistortPoints(flat, camera.matrix, np.array(camera.distortion))
    else:
        precise = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-6)
        coefficients = np.array(camera.distortion)
        ideal = cv2.undistortPointsIter(flat, camera.matrix, coefficients, np.eye(3), np.eye(3), precise)
    ideal = ideal.reshape(pixels.shape)
    # Far outside, the polynomial folds back, or its inversion does not end.
    wrong = ~(np.linalg.norm(_lens(camera, ideal) - pixels, axis=2) <= LENS_ERROR)
    ideal[wrong] = np.nan
    return np.dstack([ideal, np.ones(pixels.shape[:2])])


def _distort(camera: CameraModel, ideal: Pixels) -> Pixels:
    """Pixels of directions x/z, y/z; NaN where the lens model does not lead back to them."""
    pixels = _lens(camera, ideal)
    if camera.distortion:
        pixels[~((pixels > -1) & (pixels < [camera.width, camera.height])).all(axis=2)] = np.nan
        assert camera.matrix is not None
        focal = camera.matrix[[0, 1], [0, 1]]
        back = _rays(camera, pixels)[..., :2]
        pixels[~(np.abs(back - ideal) * focal <= 4 * LENS_ERROR).all(axis=2)] = np.nan
    return pixels


def _lens(camera: CameraModel, ideal: Pixels) -> Pixels:
    assert camera.matrix is not None
    there = np.isfinite(ideal).all(axis=2).reshape(-1)
    flat = np.ascontiguousarray(ideal.reshape(-1, 2)[there])
    zero = np.zeros(3)
    pixels = np.full((len(there), 2), np.nan)
    if not len(flat):
        return pixels.reshape(ideal.shape)
    if camera.distortion and camera.distortion_model == "equidistant":
        found = cv2.fisheye.distortPoints(flat[:, None], camera.matrix, np.array(camera.distortion))
    else:
        points = np.column_stack([flat, np.ones(len(flat))])
        found, _ = cv2.projectPoints(points, zero, zero, camera.matrix, np.array(camera.distortion or (0.0,) * 4))
    pixels[there] = found.reshape(-1, 2)
    return pixels.reshape(ideal.shape)


def _largest_rectangle(seen: Any) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the largest rectangle of true pixels, bool [H, W], on whole multiples of GRID."""
    height, width = (side // GRID for side in seen.shape)
    cells: Any = seen[: height * GRID, : width * GRID].reshape(height, GRID, width, GRID).all(axis=(1, 3))
    best, heights = (0, 0, 0, 0, 0), np.zeros(width + 1, int)
    for bottom in range(height):
        heights[:width] = np.where(cells[bottom], heights[:width] + 1, 0)
        rising: list[tuple[int, int]] = []  # left, height: columns of growing height
        for right, tall in enumerate(heights.tolist()):
            left = right
            while rising and rising[-1][1] >= tall:
                left, last = rising.pop()
                area = (right - left) * last
                if area > best[0]:
                    best = area, left, bottom + 1 - last, right, bottom + 1
            rising.append((left, tall))
    return best[1] * GRID, best[2] * GRID, best[3] * GRID, best[4] * GRID
