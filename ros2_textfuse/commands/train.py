"""`textfuse train`: train the fusion network, or fine-tune it on one's own cameras."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime.output import claim_folder

if TYPE_CHECKING:  # torch takes seconds, which help need not wait for
    from ros2_textfuse.training.train import Settings

FRESH = {"model": "nano", "steps": 8000, "rate": 1e-3, "isp": True, "hold_back": 0.0}
FINE_TUNING = {"steps": 1200, "rate": 2e-4, "isp": False, "hold_back": 0.2}  # about five minutes on two cores

EXAMPLES = """\
examples:
  textfuse train --data pairs --out runs/nano                          # from nothing, on folders with vi/ and ir/
  textfuse train --from nano --data drive_1 drive_2.mcap --out runs/mine --calibration rig.yaml
  textfuse train --from nano --video rgb.mp4 lwir.mp4 --out runs/mine  # about five minutes on two cores
  torchrun --nproc-per-node 4 -m ros2_textfuse.cli train --data pairs --out runs/nano    # four processes

The same command goes on with a run that was interrupted.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--data", nargs="+", default=[], metavar="SOURCE",
        help="folders with vi/NAME.* and ir/NAME.*, data sets of textfuse fleet mine, and bags",
    )  # fmt: skip
    parser.add_argument("--video", nargs=2, action="append", default=[], metavar=("VISIBLE", "THERMAL"),
                        help="two videos or two folders of frames; again for more")  # fmt: skip
    parser.add_argument("--out", type=Path, help="folder for checkpoint, log and weights; a run in it is resumed")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="WEIGHTS",
        help="fine-tune these, a name (nano, pico, nano-open) or a path, and show before and after",
    )
    parser.add_argument(
        "--spacing", type=float, default=0.5, help="seconds between two frames of a recording (%(default)s)"
    )
    parser.add_argument(
        "--hold-back",
        type=float,
        help="share of the recordings that is not trained on, to judge by: whole ones, or the end of each of few "
        "(0.2 with --from, else 0)",
    )
    fusion_arguments.add_topics(parser)
    fusion_arguments.add_calibration(parser)
    fusion_arguments.add_pairing(parser)
    fusion_arguments.add_parameters_file(parser)
    parser.add_argument(
        "--steps", type=int, help="length of the schedule, which a resumed run may change (8000; 1200 with --from)"
    )
    parser.add_argument("--until", type=int, help="stop after this step; a later call goes on from there")
    parser.add_argument("--batch", type=int, default=16, help="crops in a step, of all processes (%(default)s)")
    parser.add_argument("--crop", type=int, default=96, help="their size, a multiple of 16 (%(default)s)")
    parser.add_argument("--rate", type=float, help="peak learning rate (1e-3; 2e-4 with --from)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and crops (%(default)s)")
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument(
        "--isp",
        action=argparse.BooleanOptionalAction,
        help="train the ISP first (default: of a fresh network, not with --from)",
    )
    parser.add_argument(
        "--model", help="architecture: nano, pico, or textif, which needs --from (that of --from, or nano)"
    )
    parser.add_argument("--teacher", type=Path, help="weights of a trained network whose images the model is to match")
    parser.add_argument("--smoke", action="store_true", help="a run of seconds, on made-up pairs unless data is given")


def run(args: argparse.Namespace) -> int:
    """Train; returns 0, or 130 when it was interrupted and can be resumed."""
    from ros2_textfuse.training import processes
    from ros2_textfuse.training.log import LOG
    from ros2_textfuse.training.sources import FRAMES
    from ros2_textfuse.training.train import CHECKPOINT, train

    _check_device(args.device)
    named = tuple((source,) for source in args.data) + tuple(tuple(pair) for pair in args.video)
    if args.smoke:
        return _smoke(args, named)
    if missing := [option for option, given in (("--data", named), ("--out", args.out)) if not given]:
        raise TextfuseError(f"{' and '.join(missing)} missing; or try --smoke")
    if processes.is_first():
        claim_folder(args.out, CHECKPOINT, LOG, FRAMES, f"{FRAMES}.partial")
    return train(_settings(args, named))


def _settings(args: argparse.Namespace, named: tuple[tuple[str, ...], ...], **changed: Any) -> "Settings":
    """What is asked for; what is not said depends on whether the network is a fresh one."""
    from ros2_textfuse.networks.stored import find_weights
    from ros2_textfuse.networks.weights import load_network
    from ros2_textfuse.training.sources import Sources
    from ros2_textfuse.training.train import Settings

    given = {name: value for name, value in vars(args).items() if value is not None}
    if args.start:
        start = find_weights(args.start)
        own = {"start": start, "model": type(load_network(start)).__name__.lower()}
        given = {**FINE_TUNING, **own, **given, "start": start}
    given = {**FRESH, **given, **changed}
    asked = Sources(
        named,
        args.spacing,
        given["hold_back"],
        (args.visible_topic, args.thermal_topic),
        fusion_arguments.settings(argparse.Namespace(**{**vars(args), "model": None})),
    )
    return Settings(asked, **{name: given[name] for name in Settings.__dataclass_fields__ if name in given})


def _check_device(name: str) -> None:
    import torch

    try:
        torch.zeros(0, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter where torch was built without CUDA
        reason = str(error).splitlines()[0]
        raise TextfuseError(f"--device {name} cannot be used: {reason[:100]}; expected cpu or cuda") from error


def _smoke(args: argparse.Namespace, named: tuple[tuple[str, ...], ...]) -> int:
    """Whether training runs at all on this machine."""
    from ros2_textfuse.training.train import make_pairs, train

    with tempfile.TemporaryDirectory(prefix="textfuse-smoke-") as folder:
        scratch = Path(folder)
        named = named or ((str(make_pairs(scratch / "data")),),)
        short = {"steps": min(args.steps or 20, 20), "batch": 4, "crop": 48, "save_every": 10, "hold_back": 0.0}
        status = train(_settings(args, named, out=args.out or scratch / "out", **short))
    if not status:
        print("smoke run passed")
    return status
