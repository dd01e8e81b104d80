"""`textfuse train`: train the fusion network."""

import argparse
import tempfile
from pathlib import Path

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime.output import claim_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--data", type=Path, help="folder with vi/NAME.* and ir/NAME.*")
    parser.add_argument("--out", type=Path, help="folder for checkpoint, log and weights; a run in it is resumed")
    parser.add_argument(
        "--steps", type=int, default=8000, help="length of the schedule, which a resumed run may change (%(default)s)"
    )
    parser.add_argument("--until", type=int, help="stop after this step; a later call goes on from there")
    parser.add_argument("--batch", type=int, default=16, help="crops in a step (%(default)s)")
    parser.add_argument("--crop", type=int, default=96, help="their size, a multiple of 16 (%(default)s)")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and crops (%(default)s)")
    parser.add_argument("--save-every", type=int, default=500, help="steps between checkpoints (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument("--start", type=Path, help="weights to begin with in place of a fresh network")
    parser.add_argument(
        "--isp",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="train the ISP first, as by default; --no-isp keeps that of --start",
    )
    parser.add_argument(
        "--model", default="nano", help="architecture: nano, pico, or textif, which needs --start (%(default)s)"
    )
    parser.add_argument("--teacher", type=Path, help="weights of a trained network whose images the model is to match")
    parser.add_argument(
        "--smoke", action="store_true", help="a run of seconds, on made-up pairs unless --data is given"
    )


def run(args: argparse.Namespace) -> int:
    """Train; returns 0, or 130 when it was interrupted and can be resumed."""
    # Torch takes seconds, which help need not wait for.
    from ros2_textfuse.training.train import CHECKPOINT, LOG, Settings, train

    given = {name: value for name, value in vars(args).items() if name in Settings.__dataclass_fields__}
    _check_device(args.device)
    if args.smoke:
        return _smoke(given)
    if missing := [f"--{name}" for name in ("data", "out") if given[name] is None]:
        raise TextfuseError(f"{' and '.join(missing)} missing; or try --smoke")
    claim_folder(args.out, CHECKPOINT, LOG)
    return train(Settings(**given))


def _check_device(name: str) -> None:
    import torch

    try:
        torch.zeros(0, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter where torch was built without CUDA
        reason = str(error).splitlines()[0]
        raise TextfuseError(f"--device {name} cannot be used: {reason[:100]}; expected cpu or cuda") from error


def _smoke(given: dict) -> int:
    """Whether training runs at all on this machine."""
    from ros2_textfuse.training.train import Settings, make_pairs, train

    with tempfile.TemporaryDirectory(prefix="textfuse-smoke-") as folder:
        scratch = Path(folder)
        given |= {"steps": min(given["steps"], 20), "batch": 4, "crop": 48, "save_every": 10}
        given["out"] = given["out"] or scratch / "out"
        given["data"] = given["data"] or make_pairs(scratch / "data")
        status = train(Settings(**given))
    if not status:
        print("smoke run passed")
    return status
