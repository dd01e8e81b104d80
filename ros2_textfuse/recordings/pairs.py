"""Registered pairs of images in two folders, paired by name; and their files, read.

A folder of pairs holds `vi/NAME.*` (RGB) and `ir/NAME.*` (thermal).
"""

from pathlib import Path

from numpy.typing import NDArray

from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.sides import check_sides
from ros2_textfuse.recordings.types import RecordingError

SIDES = ("vi", "ir")
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def holds_pairs(folder: Path) -> bool:
    """Whether a folder has both sides, vi/ and ir/."""
    return all((folder / side).is_dir() for side in SIDES)


def find_sides(folder: Path) -> tuple[Path, Path]:
    """The visible and the thermal side of a folder of pairs.

    Raises:
        RecordingError: one is missing.
    """
    visible, thermal = (folder / side for side in SIDES)
    for side in (visible, thermal):
        if not side.is_dir():
            raise RecordingError(f"{side} does not exist: registered pairs are vi/NAME.* and ir/NAME.*")
    return visible, thermal


def pair_folders(visible: Path, thermal: Path) -> dict[str, tuple[Path, Path]]:
    """Pair the images of two folders by name, whatever their suffix.

    Returns:
        The visible and the thermal file of each name, sorted by name.

    Raises:
        RecordingError: a folder holds no images, two of its images have one name, or an image has no partner.
    """
    folders = [_by_name(folder) for folder in (visible, thermal)]
    unpaired = sorted(folders[0].keys() ^ folders[1].keys())
    if unpaired:
        some = ", ".join(unpaired[:5])
        raise RecordingError(f"{len(unpaired)} images have no partner of their name in the other folder: {some}")
    return {name: (folders[0][name], folders[1][name]) for name in sorted(folders[0])}


def read_image(path: Path, camera: str) -> NDArray:
    """Read an image file as its camera delivers it.

    Args:
        path: PNG, JPEG, BMP or TIFF.
        camera: `visible` or `thermal`.

    Returns:
        uint8 RGB [H, W, 3] for visible; uint8, uint16 or float32 [H, W] for thermal.

    Raises:
        RecordingError: the file cannot be read as an image, or not as one of a camera.
    """
    try:
        return image_files.decode(path.read_bytes(), colour=camera == "visible")
    except (ImageError, OSError) as error:
        raise RecordingError(f"{path} cannot be read as an image: {error}") from error


def check_pair(visible: Path, thermal: Path) -> None:
    """Warn where the two files look swapped; what cannot be read is for `read_image` to say."""
    try:
        images = [image_files.decode(path.read_bytes(), colour=True) for path in (visible, thermal)]
    except (ImageError, OSError):  # 16 bits have no colours
        return
    check_sides(images[0], images[1], (visible, thermal))


def _by_name(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            if path.stem in found:
                raise RecordingError(
                    f"{folder} holds {found[path.stem].name} and {path.name}: pairs go by name without its suffix, so "
                    "rename or remove one of the two"
                )
            found[path.stem] = path
    if not found:
        raise RecordingError(f"{folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return found
