"""Visible, thermal and fused side by side: a video, and a contact sheet with a row for each prompt."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.drawing import CAPTION, PANEL, panel
from ros2_textfuse.recordings.video import check_video
from ros2_textfuse.runtime.output import write_whole


class SideBySide:
    """Writes triples of images to a video and remembers the last one under each prompt.

    Args:
        path: of the video.
        rate: frames a second of the video.
        simulated: say so over every thermal image.
    """

    def __init__(self, path: Path, rate: float, simulated: bool) -> None:
        self._size = (3 * PANEL[0], PANEL[1] + CAPTION)
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, self._size)
        if not self._writer.isOpened():
            raise OSError(f"{path} cannot be written: check the folder, and OpenCV's MPEG-4 encoder")
        self._path, self._written = path, 0
        self._names = ("visible (simulated night)", "thermal (simulated)") if simulated else ("visible", "thermal")
        self._rows: dict[str, NDArray[np.uint8]] = {}

    def add(self, visible: NDArray, thermal: NDArray, fused: NDArray, prompt: str) -> None:
        """Add one triple: visible and fused uint8 RGB, thermal uint8 [H, W]; under its prompt."""
        captions = (*self._names, f"fused: {prompt or 'no prompt'}")
        panels = [panel(image, caption) for image, caption in zip((visible, thermal, fused), captions, strict=True)]
        row = np.ascontiguousarray(np.hstack(panels)[..., ::-1])  # OpenCV writes BGR
        self._writer.write(row)
        self._written += 1
        self._rows[prompt] = row

    @property
    def whole(self) -> bool:
        """Whether there are triples before and after the prompt change."""
        return len(self._rows) > 1

    def write_sheet(self, path: Path) -> bool:
        """Write the last triple under each prompt, one below the other; False with fewer than two prompts."""
        if not self.whole:
            return False
        write_whole(path, image_files.encode(np.vstack(list(self._rows.values()))[..., ::-1], path.suffix))
        return True

    def close(self) -> None:
        """Finish the video; one without frames is removed, and one that is cut off, with an OSError."""
        self._writer.release()
        if self._written:
            check_video(self._path, self._written)
        else:
            self._path.unlink(missing_ok=True)
