"""`textfuse fuse`: image files or folders, without ROS."""

import argparse
from pathlib import Path

from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.pairs import check_pair, pair_folders, read_image
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime.output import claim_file, refuse_inputs, write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("visible", type=Path, help="an RGB image, or a folder of them")
    parser.add_argument(
        "thermal", type=Path, help="its thermal image, registered and of the same size, or a folder of them"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="the fused image, or a folder for them")
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)


def run(args: argparse.Namespace) -> int:
    """Fuse; returns 0."""
    pairs = _pairs(args.visible, args.thermal, args.out)
    check_pair(*pairs[0][:2])
    settings = fusion_arguments.settings(args)
    fuser = Fuser.from_settings(settings, settings.alignment())
    print(fuser.prompt.summary())
    for visible, thermal, out in tqdm(pairs, unit="pair", disable=len(pairs) == 1):
        try:
            fused = fuser.fuse(read_image(visible, "visible"), read_image(thermal, "thermal"))
        except ImageError as error:
            raise ImageError(f"{visible} and {thermal}: {error}") from error
        write_whole(out, image_files.encode(fused, out.suffix))
    print(f"wrote {args.out}")
    return 0


def _pairs(visible: Path, thermal: Path, out: Path) -> list[tuple[Path, Path, Path]]:
    """The files to read, and the one that each pair is written to."""
    for path in (visible, thermal):
        if not path.exists():
            raise RecordingError(f"{path} does not exist")
    if visible.is_dir() != thermal.is_dir():
        raise RecordingError(f"{visible} and {thermal} must be two images or two folders")
    if visible.is_dir():
        pairs = [(*pair, out / f"{name}.png") for name, pair in pair_folders(visible, thermal).items()]
    else:
        pairs = [(visible, thermal, out)]
    # Before the first image is fused: nothing is worse than half of an hour's work on top of somebody's images.
    refuse_inputs(
        [out, *(pair[2] for pair in pairs)], [visible, thermal, *(path for pair in pairs for path in pair[:2])]
    )
    image_files.check_suffix(pairs[0][2])
    for _, _, path in pairs:
        claim_file(path, image_files.is_ours)
    return pairs
