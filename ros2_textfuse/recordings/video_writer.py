"""A video of fused images, whole as far as it goes whatever ends the work."""

import logging
import mmap
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.recordings.video import check_video
from ros2_textfuse.runtime import interrupts
from ros2_textfuse.runtime.output import OutputError

SUFFIXES = (".mp4", ".mkv", ".avi", ".mov")
SOUND = b"soun"  # the handler of a sound track in MP4 and MOV
MUXING = 600  # s that ffmpeg may take to copy

logger = logging.getLogger(__name__)


class VideoWriter:
    """Writes a video, in a `with` block; where that ends, also by Ctrl-C, the file is whole with all frames so far.

    Args:
        path: of the video, with one of SUFFIXES; it must not exist.
        rate: frames a second.

    Raises:
        OutputError: it exists, or has another suffix.
    """

    def __init__(self, path: Path, rate: float) -> None:
        check_video_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.frames = 0
        """Written so far."""
        self._path, self._rate = path, rate
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._writer is None:
            return
        with interrupts.ignored():  # a second Ctrl-C would leave a file without its index
            self._writer.release()
        check_video(self._path, self.frames)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Add a frame.

        Args:
            image: uint8 RGB [H, W, 3], each of the same size.

        Raises:
            RecordingError: its size is another one.
            OSError: the file cannot be written.
        """
        size = image.shape[1], image.shape[0]
        if self._writer is None:
            self._size = size
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._rate, size)
            if not self._writer.isOpened():
                raise OSError(f"{self._path} cannot be written: check the folder, and OpenCV's MPEG-4 encoder")
        if size != self._size:
            raise RecordingError(
                f"frame {self.frames} is {size[0]}x{size[1]}, those before {self._size}: one video has one size"
            )
        self._writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        self.frames += 1


def check_video_path(path: Path) -> None:
    """Check where a video is to be written, before the work.

    Raises:
        OutputError: it exists, or has none of SUFFIXES.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"{path} is no video: name one with {', '.join(SUFFIXES)}")
    if path.exists():
        raise OutputError(f"{path} exists and is not overwritten: name another file, or remove it")


def keep_sound(video: Path, source: Path, seconds: float) -> str:
    """Give a video the sound of another one, as far as the video goes, by ffmpeg where it is installed.

    Args:
        video: the file that gets the sound; without, where that fails.
        source: the file that has it.
        seconds: of the video; the sound may be shorter.

    Returns:
        What a person should know; empty where there is no sound, or all of it was kept.
    """
    if not _has_sound(source):
        return ""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return f"without the sound of {source}: ffmpeg, which would copy it, is not installed"
    whole = video.with_name(f"{video.stem}.sound{video.suffix}")
    tracks = ["-map", "0:v", "-map", "1:a?", "-c", "copy", "-t", f"{seconds:.3f}"]
    command = [ffmpeg, "-v", "error", "-nostdin", "-y", "-i", str(video), "-i", str(source), *tracks, str(whole)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=MUXING)
        whole.replace(video)
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        return f"without the sound of {source}: ffmpeg could not copy it ({lines[-1] if lines else error})"
    finally:
        whole.unlink(missing_ok=True)  # after Ctrl-C as well
    return ""


def _has_sound(path: Path) -> bool:
    """Whether a file has a sound track; of others than MP4 and MOV, which cannot be told, it is assumed."""
    if path.suffix.lower() not in (".mp4", ".mov", ".m4v"):
        return path.is_file()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(SOUND) >= 0
