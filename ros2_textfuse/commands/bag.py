"""`textfuse bag`: two videos or two folders of images to a rosbag2 bag."""

import argparse
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from ros2_textfuse.recordings.bag_writer import FORMATS, STORAGES, write_bag
from ros2_textfuse.recordings.source import open_recording

EXAMPLE = """\
example:
  textfuse bag rgb.mp4 lwir.mp4 -o drive          # the bag drive/, in mcap
  textfuse bag rgb.mp4 lwir.mp4 -o drive --compress jpeg
  ros2 bag info drive && ros2 bag play drive
  textfuse eval drive --out runs/drive
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLE
    parser.add_argument("visible", type=Path, help="the RGB video, or a folder of images (10 a second)")
    parser.add_argument("thermal", type=Path, help="its thermal side, frame by frame or name by name")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the bag; an existing one is refused")
    parser.add_argument("--storage", choices=tuple(STORAGES), default="mcap", help="file format (default mcap)")
    parser.add_argument(
        "--compress",
        choices=FORMATS,
        default="",
        help="CompressedImage on image_raw/compressed: the visible images as JPEG or PNG, the thermal ones as PNG",
    )
    parser.add_argument(
        "--start",
        type=_time,
        metavar="TIME",
        help="when the recording began, as 2026-03-01T21:30:00+01:00 (default: when the visible side was last changed, "
        "the best that its file tells)",
    )


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: expected one as 2026-03-01T21:30:00+01:00") from error


def run(args: argparse.Namespace) -> int:
    """Write the bag; returns 0."""
    recording = open_recording(visible=str(args.visible), thermal=str(args.thermal))
    start = (args.start or datetime.fromtimestamp(args.visible.stat().st_mtime)).astimezone()
    images = tqdm(recording, total=recording.images, unit="image", disable=None)
    write_bag(images, args.out, start, args.storage, args.compress)
    source = "" if args.start else " (the time of the visible file: name another by --start)"
    print(f"wrote {args.out}: {recording.pairs} pairs from {start.isoformat(timespec='seconds')} on{source}")
    return 0
