"""Two folders of images."""

from collections.abc import Iterator
from pathlib import Path

from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.recordings.pairs import check_pair, pair_folders, read_image
from ros2_textfuse.recordings.types import RecordedImage, Recording, frame_at

FOLDER_RATE = 10.0  # pairs a second, since images in a folder have no time


class FolderRecording(Recording):
    """Two folders of images, played in the order of their names."""

    def __init__(self, visible: Path, thermal: Path) -> None:
        self._pairs = pair_folders(visible, thermal)
        check_pair(*next(iter(self._pairs.values())))
        self.counts = len(self._pairs), len(self._pairs)
        self.duration = len(self._pairs) / FOLDER_RATE

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """Visible and thermal of each name, one after the other."""
        first = frame_at(time, FOLDER_RATE)
        for number, pair in enumerate([*self._pairs.values()][first:], first):
            for camera, path in zip(CAMERAS, pair, strict=True):
                yield RecordedImage.from_pixels(camera, number / FOLDER_RATE, read_image(path, camera))
