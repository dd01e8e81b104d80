"""`textfuse drive`: a day from morning to night in one replay, fused by mode auto, with a report."""

import argparse
from dataclasses import replace
from pathlib import Path

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.degradations.drive import Drive
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.runtime.output import claim_folder

LONGEST = 600.0  # s of one stretch; there are ten


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("visible", nargs="?", default="", help="a video by day, or a folder of images; or a bag")
    parser.add_argument("thermal", nargs="?", default="", help="its thermal side; without both, a simulated scene")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of the ten stretches (default 4)")
    parser.add_argument("--out", type=Path, default=Path("runs/day"), help="folder to write into (default runs/day)")
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)


def run(args: argparse.Namespace) -> int:
    """Drive; returns 0 when all that was laid over the images was named."""
    if not 0 < args.seconds <= LONGEST:
        raise TextfuseError(f"--seconds is {args.seconds:g}: expected more than 0, at most {LONGEST:g}")
    sources = [path for path in (args.visible, args.thermal) if path]
    simulated = not sources
    if not simulated:  # before a folder is made for it
        find_recording(sources)
    claim_folder(args.out, "drive.html", "drive.json", "simulated")
    title = " + ".join(Path(path).name for path in sources)
    if simulated:
        from ros2_textfuse.recordings.simulated_scene import write_videos

        title = "simulated scene"
        sources = [*map(str, write_videos(args.out / "simulated", 15.0, day=True))]
    settings = fusion_arguments.settings(args)
    settings = replace(settings, modes=tuple(dict.fromkeys((*settings.modes, "auto"))))
    # Torch takes seconds, which help and a usage error need not wait for.
    from ros2_textfuse.evaluation.offline import drive as evaluation

    drive = Drive(find_recording(sources), args.seconds, gain_control=settings.gain_control())
    fuser, objects = fusion_arguments.fuser(args, settings)
    found = evaluation.evaluate(drive, settings, fuser, args.out, title, objects)
    for row in found["delays"]:
        named = "never named" if row["named"] is None else f"named after {row['named']} frames"
        print(f"{row['stretch']:24s} {row['condition']:16s} {named}")
    if found["own"]:
        print(f"the recording itself, with nothing laid over it, is read as {', '.join(found['own'])}")
    for name, frames in found["false_names"].items():
        print(f"{name} was named in {frames} frames without being there")
    flicker = found["flicker"]
    print(
        f"{flicker['flips']} conditions went out and came back; largest step of the mean level: visible "
        f"{flicker['visible_largest_step']:.1f}, fused {flicker['fused_largest_step']:.1f} grey levels of 255"
    )
    print(f"wrote {args.out / 'drive.html'}")
    return int(any(row["named"] is None for row in found["delays"]))
