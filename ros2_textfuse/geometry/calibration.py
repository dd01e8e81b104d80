"""The geometric relation of the two cameras: the calibration file, read, checked and written.

A file says which pixels of the two cameras show the same thing, by a homography or by intrinsics, distortion and
extrinsics at a working depth, and what the fused image is to show. docs/guides/alignment.md describes its keys;
config/calibration.yaml is an example.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.bounded_yaml import YamlError
from ros2_textfuse.runtime.output import write_whole

FIELDS_OF_VIEW = ("reference", "shared")
DISTORTION_MODELS = {"plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "equidistant": (4,)}
"""Model of sensor_msgs/CameraInfo -> how many coefficients it may have; none stands for no distortion."""

MOST_PIXELS = 1 << 24  # of a camera or of the fused image, 17 million; the maps take 100 bytes for each
LARGEST_SCALE = 50.0  # visible pixels for a thermal one; more or less is a slip of units or of direction

_TOP = {"reference", "field_of_view", "output", "homography", "extrinsics", *CAMERAS}
_CAMERA = {"image_width", "image_height", "camera_matrix", "distortion_model", "distortion_coefficients"}
# What else camera_calibration writes. It is about rectified images, and the cameras' images are not.
_CAMERA_UNUSED = {"camera_name", "rectification_matrix", "projection_matrix"}

Matrix = NDArray[np.float64]


class CalibrationError(TextfuseError, ValueError):
    """A calibration cannot be used; the message names file and key, and what was expected there."""


@dataclass(frozen=True)
class CameraModel:
    """One camera.

    Args:
        width: pixels.
        height: pixels.
        matrix: 3 x 3 intrinsics, in pixels; None where they are not known.
        distortion_model: `plumb_bob`, `rational_polynomial` or `equidistant`.
        distortion: its coefficients; empty for none.
    """

    width: int
    height: int
    matrix: Matrix | None = None
    distortion_model: str = "plumb_bob"
    distortion: tuple[float, ...] = ()


@dataclass(frozen=True)
class Extrinsics:
    """Where the thermal camera is: a point p of the visible camera's frame is at rotation p + translation in its own.

    Args:
        rotation: 3 x 3.
        translation: 3, in metres.
        depth: metres from the reference camera, along its optical axis, at which the images are to agree.
    """

    rotation: Matrix
    translation: Matrix
    depth: float


@dataclass(frozen=True)
class Calibration:
    """What a calibration file says.

    Args:
        source: the file, for messages.
        reference: the camera whose geometry the fused image has; the other one is warped onto it.
        cameras: by name; one may be missing from a file with extrinsics whose intrinsics come from elsewhere.
        homography: 3 x 3, takes a thermal pixel to the visible pixel that shows the same; None with extrinsics.
        extrinsics: None with a homography.
        field_of_view: `reference`, whatever the other camera sees of it, or `shared`, cropped to
            what both see.
        output: width and height of the fused image; None for the pixels of the reference camera.
    """

    source: str
    reference: str
    cameras: Mapping[str, CameraModel]
    homography: Matrix | None = None
    extrinsics: Extrinsics | None = None
    field_of_view: str = "reference"
    output: tuple[int, int] | None = None

    def require_size(self, camera: str, width: int, height: int) -> None:
        """Check an image size, in pixels, against the file.

        Raises:
            CalibrationError: the file is for another one.
        """
        known = self.cameras.get(camera)
        if known and (known.width, known.height) != (width, height):
            raise CalibrationError(
                f"{self.source}: {camera}.image_width and image_height are {known.width} and {known.height}, but the "
                f"{camera} images are {width}x{height}: calibrate for that size"
            )

    def missing_intrinsics(self) -> list[str]:
        """The cameras whose intrinsics the extrinsics need and the file does not have."""
        if self.extrinsics is None:
            return []
        return [name for name in CAMERAS if name not in self.cameras or self.cameras[name].matrix is None]

    def with_cameras(self, cameras: Mapping[str, CameraModel]) -> "Calibration":
        """The same with other cameras, as CameraInfo describes them; sizes that the file names must agree.

        Raises:
            CalibrationError: the file is for another size, or a message says what no calibrated camera does.
        """
        for name, camera in cameras.items():
            self.require_size(name, camera.width, camera.height)
            if not 0 < camera.width * camera.height <= MOST_PIXELS:
                raise CalibrationError(
                    f"CameraInfo of the {name} camera: it is for {camera.width}x{camera.height} pixels: expected the "
                    f"size of the images, {MOST_PIXELS} pixels at most; calibrate the camera, or correct its driver"
                )
            if camera.matrix is None or not _invertible(camera.matrix):
                raise CalibrationError(f"CameraInfo of the {name} camera: K is singular: the camera is not calibrated")
            if not np.isfinite(camera.distortion).all():
                raise CalibrationError(f"CameraInfo of the {name} camera: d is {camera.distortion}: expected numbers")
            expected = DISTORTION_MODELS.get(camera.distortion_model)
            if camera.distortion and (expected is None or len(camera.distortion) not in expected):
                raise CalibrationError(
                    f"CameraInfo of the {name} camera: distortion_model '{camera.distortion_model}' with "
                    f"{len(camera.distortion)} coefficients: expected {_models()}"
                )
        return replace(self, cameras={**self.cameras, **cameras})


def read_calibration(path: str | Path) -> Calibration:
    """Read and check a calibration file; ~ stands for the home folder, also in calibration:=~/rig.yaml.

    Raises:
        CalibrationError: it cannot be read; a key is missing, unknown or of the wrong shape; a matrix is singular.
    """
    path = Path(path).expanduser()
    try:
        tree = bounded_yaml.read(path)
    except YamlError as error:
        raise CalibrationError(f"{path} cannot be read as a calibration: {error}") from error
    return _Reader(str(path)).calibration(tree)


def write_calibration(calibration: Calibration, path: str | Path, comment: str = "") -> None:
    """Write a calibration that `read_calibration` reads; `comment` becomes its first lines.

    Raises:
        OSError: the file cannot be written.
    """
    tree: dict[str, Any] = {"reference": calibration.reference, "field_of_view": calibration.field_of_view}
    if calibration.output:
        tree["output"] = dict(zip(("width", "height"), calibration.output, strict=True))
    for name, camera in calibration.cameras.items():
        tree[name] = {"image_width": camera.width, "image_height": camera.height}
        if camera.matrix is not None:
            tree[name]["camera_matrix"] = camera.matrix.tolist()
            tree[name]["distortion_model"] = camera.distortion_model
            tree[name]["distortion_coefficients"] = list(camera.distortion)
    if calibration.homography is not None:
        tree["homography"] = calibration.homography.tolist()
    if calibration.extrinsics is not None:
        tree["extrinsics"] = {
            "rotation": calibration.extrinsics.rotation.tolist(),
            "translation": calibration.extrinsics.translation.tolist(),
            "depth": calibration.extrinsics.depth,
        }
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    write_whole(Path(path), lines + yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=120))


class _Reader:
    """Takes a parsed file apart; every complaint names the file and the key."""

    def __init__(self, source: str) -> None:
        self._source = source

    def calibration(self, tree: Any) -> Calibration:
        self._known_keys(tree, "", _TOP)
        if ("homography" in tree) == ("extrinsics" in tree):
            raise self._error("homography", "expected either homography or extrinsics, and not both")
        homography = extrinsics = None
        if "homography" in tree:
            homography = self._regular(tree, "", "homography")
        else:
            extrinsics = self._extrinsics(self._get(tree, "", "extrinsics"))
        # A homography is between pixels of images whose size must be known; CameraInfo may bring it for extrinsics.
        needed = CAMERAS if homography is not None else [name for name in CAMERAS if name in tree]
        cameras = {name: self._camera(self._get(tree, "", name), name) for name in needed}
        output = None
        if "output" in tree:
            self._known_keys(tree["output"], "output", {"width", "height"})
            output = self._count(tree["output"], "output", "width"), self._count(tree["output"], "output", "height")
            if output[0] * output[1] > MOST_PIXELS:
                raise self._error("output", f"is {output[0]}x{output[1]}: expected {MOST_PIXELS} pixels at most")
        if homography is not None:
            self._check_scale(homography, cameras["thermal"])
        return Calibration(
            self._source,
            self._choice(tree, "", "reference", CAMERAS),
            cameras,
            homography,
            extrinsics,
            self._choice(tree, "", "field_of_view", FIELDS_OF_VIEW, "reference"),
            output,
        )

    def _camera(self, tree: Any, key: str) -> CameraModel:
        self._known_keys(tree, key, _CAMERA, _CAMERA_UNUSED)
        width, height = self._count(tree, key, "image_width"), self._count(tree, key, "image_height")
        if width * height > MOST_PIXELS:
            raise self._error(f"{key}.image_width", f"makes {width}x{height}: expected {MOST_PIXELS} pixels at most")
        if "camera_matrix" not in tree:
            for name in ("distortion_model", "distortion_coefficients"):
                if name in tree:
                    raise self._error(f"{key}.{name}", "makes sense beside camera_matrix alone, which is missing")
            return CameraModel(width, height)
        matrix = self._regular(tree, key, "camera_matrix")
        if not np.array_equal(matrix * [[0, 1, 0], [1, 0, 0], [1, 1, 1]], [[0, 0, 0], [0, 0, 0], [0, 0, 1]]):
            shape = "[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
            raise self._error(f"{key}.camera_matrix", f"expected 3 x 3 numbers {shape}, not {matrix.tolist()}")
        model = self._choice(tree, key, "distortion_model", tuple(DISTORTION_MODELS), "plumb_bob")
        values = self._numbers(tree.get("distortion_coefficients", []), f"{key}.distortion_coefficients", None)
        if len(values) not in (0, *DISTORTION_MODELS[model]):
            raise self._error(f"{key}.distortion_coefficients", f"has {len(values)} numbers: expected {_models()}")
        return CameraModel(width, height, matrix, model, tuple(values.tolist()))

    def _check_scale(self, homography: Matrix, thermal: CameraModel) -> None:
        """Refuse a homography that makes a point of the thermal image, or a sky of one of its pixels."""
        depth = abs(float(homography[2] @ [thermal.width / 2, thermal.height / 2, 1.0]))
        # By how much a small square in the middle grows: the determinant of the projection's derivative.
        scale = float(np.sqrt(abs(np.linalg.det(homography)) / max(depth**3, np.finfo(float).tiny)))
        if not 1 / LARGEST_SCALE <= scale <= LARGEST_SCALE:
            raise self._error(
                "homography",
                f"makes {scale:.3g} visible pixels of a thermal one in the middle of the image: expected "
                f"{1 / LARGEST_SCALE:g} to {LARGEST_SCALE:g}; it goes from thermal to visible pixels",
            )

    def _extrinsics(self, tree: Any) -> Extrinsics:
        self._known_keys(tree, "extrinsics", {"rotation", "translation", "depth"})
        rotation = self._regular(tree, "extrinsics", "rotation")
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
            raise self._error("extrinsics.rotation", "is no rotation: expected 3 x 3, orthonormal, determinant 1")
        translation = self._numbers(self._get(tree, "extrinsics", "translation"), "extrinsics.translation", (3,))
        depth = self._numbers(self._get(tree, "extrinsics", "depth"), "extrinsics.depth", ())
        if depth <= 0:
            raise self._error("extrinsics.depth", f"is {depth:g}: expected metres, above 0")
        return Extrinsics(rotation, translation, float(depth))

    # Values ---------------------------------------------------------------------------------------------------------

    def _known_keys(self, tree: Any, key: str, known: set[str], unused: frozenset | set[str] = frozenset()) -> None:
        if not isinstance(tree, dict):
            raise self._error(key, f"expected keys and values ({', '.join(sorted(known))}), not {_short(tree)}")
        for name in tree:
            if name not in known | unused:
                raise self._error(_join(key, name), f"is unknown here: expected {', '.join(sorted(known))}")

    def _get(self, tree: dict, key: str, name: str) -> Any:
        if name not in tree:
            raise self._error(_join(key, name), "is missing")
        return tree[name]

    def _choice(self, tree: dict, key: str, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self._get(tree, key, name) if default is None else tree.get(name, default)
        if value not in choices:
            raise self._error(_join(key, name), f"is {_short(value)}: expected one of {', '.join(choices)}")
        return value

    def _count(self, tree: dict, key: str, name: str) -> int:
        value = self._get(tree, key, name)
        if type(value) is not int or not 1 <= value <= 16384:
            raise self._error(_join(key, name), f"is {_short(value)}: expected pixels, 1 to 16384")
        return value

    def _regular(self, tree: dict, key: str, name: str) -> Matrix:
        """A 3 x 3 matrix with an inverse."""
        matrix = self._numbers(self._get(tree, key, name), _join(key, name), (3, 3))
        if not _invertible(matrix):
            raise self._error(_join(key, name), f"is singular: expected 3 x 3 with an inverse, not {matrix.tolist()}")
        return matrix

    def _numbers(self, value: Any, key: str, shape: tuple[int, ...] | None) -> Matrix:
        """Finite numbers of a shape, nested lists or {rows, cols, data} as camera_calibration writes; None for any."""
        wanted = (
            "a list of numbers" if shape is None else f"{' x '.join(map(str, shape))} numbers" if shape else "a number"
        )
        try:
            if isinstance(value, dict):
                rows, columns = value["rows"], value["cols"]
                value = np.reshape(value["data"], (rows, columns) if shape and len(shape) == 2 else -1)
            array = np.array(value, np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(key, f"expected {wanted}, not {_short(value)}") from error
        if array.shape != shape if shape is not None else array.ndim != 1:
            raise self._error(key, f"expected {wanted}, not {_short(value)}")
        if not np.isfinite(array).all():
            raise self._error(key, f"expected {wanted}, all finite, not {_short(value)}")
        return array

    def _error(self, key: str, what: str) -> CalibrationError:
        return CalibrationError(f"{self._source}: {f'key {key} ' if key else ''}{what}")


def _invertible(matrix: Matrix) -> bool:
    """Whether a matrix has an inverse, its rows brought to one scale: pixels and ones stand beside each other."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return bool(np.isfinite(matrix).all() and norms.all() and abs(np.linalg.det(matrix / norms)) > 1e-12)


def _models() -> str:
    return "; ".join(f"{model}: {' or '.join(map(str, counts))}" for model, counts in DISTORTION_MODELS.items())


def _join(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
