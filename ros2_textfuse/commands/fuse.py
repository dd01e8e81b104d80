"""`textfuse fuse`: images, folders, videos or a bag, without ROS."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.imaging import image_files
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.imaging.encodings import ImageError
from ros2_textfuse.recordings.bag_reader import Bag
from ros2_textfuse.recordings.bag_topics import find_cameras
from ros2_textfuse.recordings.pairs import (
    IMAGE_SUFFIXES,
    check_pair,
    find_sides,
    holds_pairs,
    pair_folders,
    read_image,
)
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime.output import claim_file, refuse_inputs, write_whole

if TYPE_CHECKING:  # torch takes seconds, which a usage error need not wait for
    from ros2_textfuse.batch.pairs import Pair
    from ros2_textfuse.batch.streams import Written

EXAMPLES = """\
examples:
  textfuse fuse rgb.png lwir.png -o fused.png
  textfuse fuse rgb/ lwir/ -o fused/ --prompt "it is dark"
  textfuse fuse pairs -o fused/                   # a folder with vi/ and ir/
  textfuse fuse rgb.mp4 lwir.mp4 -o fused.mp4 --prompt "bring out the people"
  textfuse fuse drive -o drive_fused              # a bag, copied with /textfuse/fused added

Ctrl-C ends a video or a bag early; what is written until then is whole.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "visible", type=Path, help="an RGB image, a folder of them, or a video; or a bag, or a folder with vi/ and ir/"
    )
    parser.add_argument(
        "thermal", type=Path, nargs="?", help="its thermal side, of the same kind, registered and of the same size"
    )
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="the fused image or video, or a folder for images or the bag"
    )
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    fusion_arguments.add_pairing(parser)
    fusion_arguments.add_topics(parser)
    parser.add_argument(
        "--topic", default="/textfuse/fused", help="of the fused images in the new bag (default %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Fuse; returns 0."""
    if args.thermal is None and holds_pairs(args.visible):
        args.visible, args.thermal = find_sides(args.visible)
    if args.thermal is None:
        return _fuse_bag(args)
    for path in (args.visible, args.thermal):
        if not path.exists():
            raise RecordingError(f"{path} does not exist")
    if args.visible.is_dir() or args.visible.suffix.lower() in IMAGE_SUFFIXES:
        return _fuse_images(args)
    from ros2_textfuse.batch.streams import fuse_videos

    fuser, objects = fusion_arguments.fuser(args)
    fuse = partial(fuse_videos, args.visible, args.thermal, args.out)
    return _tell(args.out, fuse(fuser, fusion_arguments.settings(args), objects, _progress))


def _fuse_images(args: argparse.Namespace) -> int:
    pairs = _pairs(args.visible, args.thermal, args.out)
    check_pair(*pairs[0][:2])
    fuser, objects = fusion_arguments.fuser(args)
    settings = fusion_arguments.settings(args)
    for visible, thermal, out in tqdm(pairs, unit="pair", disable=len(pairs) == 1):
        fuser.gain_control = settings.gain_control()  # images of a folder need not follow each other
        try:
            prepared = fuser.prepare_pair(read_image(visible, "visible"), read_image(thermal, "thermal"))
        except ImageError as error:
            raise ImageError(f"{visible} and {thermal}: {error}") from error
        if fuser.heeds_images:
            fuser.look(*prepared)
        fused = fuser.fuse_prepared(*prepared)
        if objects:
            objects.bring_out(fused, *prepared)
        write_whole(out, image_files.encode(fused, out.suffix))
    print(f"wrote {args.out}")
    return 0


def _fuse_bag(args: argparse.Namespace) -> int:
    if not args.visible.exists():
        raise RecordingError(f"{args.visible} does not exist")
    bag = Bag(args.visible)
    cameras = find_cameras(bag, args.visible_topic, args.thermal_topic)
    for name, camera in zip(CAMERAS, cameras, strict=True):
        print(f"{name}: {camera}")
    topics = cameras[0].topic, cameras[1].topic
    from ros2_textfuse.batch.streams import fuse_bag

    fuser, objects = fusion_arguments.fuser(args)
    fuse = partial(fuse_bag, bag, topics, args.out, args.topic)
    return _tell(args.out, fuse(fuser, fusion_arguments.settings(args), objects, _progress))


def _progress(pairs: "Iterator[Pair]", total: int) -> "Iterator[Pair]":
    return iter(tqdm(pairs, total=total, unit="pair", mininterval=0.5))


def _tell(out: Path, written: "Written") -> int:
    """Say what became of a recording; raises KeyboardInterrupt where it was interrupted."""
    for line in (*written.tally.left_out(), *filter(None, [written.note])):
        print(line)
    if not written.frames:
        raise RecordingError("no pair of images could be fused" + (f"; {out} has none" if out.exists() else ""))
    early = " until it was interrupted" if written.interrupted else ""
    print(f"wrote {out}: {written.frames} fused images{early}")
    if written.interrupted:
        raise KeyboardInterrupt(written.interrupted)
    return 0


def _pairs(visible: Path, thermal: Path, out: Path) -> list[tuple[Path, Path, Path]]:
    """The files to read, and the one that each pair is written to."""
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
