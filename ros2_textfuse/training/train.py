"""The training run of a network of the family: seeded, resumable, with a log and weights at every checkpoint.

The ISP of nano and pico learns first and alone (training/isp.py), then the rest behind it; textif, which has none,
begins with the weights of its authors. Everything that is drawn depends on the seed, the step and the row of the batch,
and the learning rate on the step, so that a run that was broken off and resumed, or shared by several processes, is the
unbroken run of one.
"""

import copy
import hashlib
import io
import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.stored import ARCHITECTURES, find_weights
from ros2_textfuse.networks.weights import load_network, make_network, save_weights
from ros2_textfuse.runtime import interrupts
from ros2_textfuse.runtime.machine import version
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.training import processes
from ros2_textfuse.training.before_after import FRAMES, compare, table
from ros2_textfuse.training.data import Batch, Crops, Pair
from ros2_textfuse.training.fusing import Fusing
from ros2_textfuse.training.isp import train_isp
from ros2_textfuse.training.log import Log
from ros2_textfuse.training.losses import Weights, fusion_loss, imitation_loss
from ros2_textfuse.training.sources import Material, Sources, read_material, take_frames

OWN = 0.3  # weight of the losses on targets beside a teacher's
ISP_STEPS = 4000  # at most half as many as the run has
MODULES = ("network", "average", "optimizer")  # of a checkpoint
ALIKE = ("steps", "until", "batch", "crop", "rate", "seed", "save_every", "isp", "model")  # in all processes
WARM_UP = 200  # steps, at most a twentieth of the run
CHECKPOINT = "checkpoint.pt"


class TrainingError(TextfuseError):
    """The run cannot start; the message says why and what to change."""


@dataclass
class Settings:
    """What a run is asked to do."""

    sources: Sources
    """Folders of pairs, data sets, bags and videos."""
    out: Path
    """Folder for checkpoint, log and weights; a run in it is resumed."""
    steps: int = 8000
    """Length of the schedule, which a resumed run may change."""
    until: int | None = None
    """Stop after this step; a later call goes on from there."""
    batch: int = 16
    """Crops in a step."""
    crop: int = 96
    """Their height and width in pixels, a multiple of 16."""
    rate: float = 1e-3
    """Peak learning rate."""
    seed: int = 0
    """Of weights and crops."""
    save_every: int = 500
    """Steps between checkpoints."""
    device: str = "cpu"
    """cpu or cuda."""
    start: Path | None = None
    """Weights to begin with in place of a fresh network."""
    isp: bool = True
    """Train the ISP first; false keeps that of `start`."""
    model: str = "nano"
    """Architecture, one of ARCHITECTURES; textif needs `start`, which brings CLIP."""
    teacher: Path | None = None
    """Weights of the network to learn from; None to learn from the targets alone."""

    @property
    def export(self) -> Path:
        """Where the weights go."""
        return self.out / f"{self.model}.safetensors"

    def check(self) -> None:
        """Check what can be checked before anything is read.

        Raises:
            DataError, TrainingError: something is out of its range, or does not fit the rest.
        """
        if self.crop % GuidedNetwork.MULTIPLE or self.crop <= 0:
            raise TrainingError(f"--crop {self.crop} is not a multiple of {GuidedNetwork.MULTIPLE}")
        if min(self.steps, self.batch, self.save_every) < 1:
            raise TrainingError("--steps, --batch and --save-every must be 1 or more")
        if not (self.isp or self.start):
            raise TrainingError("--no-isp keeps the ISP of other weights: name them by --from")
        if self.model not in ARCHITECTURES:
            raise TrainingError(f"--model {self.model} is none of {', '.join(ARCHITECTURES)}")
        self.sources.check()


def make_pairs(folder: Path, count: int = 4, size: tuple[int, int] = (96, 128), seed: int = 0) -> Path:
    """Write made-up pairs (a lit ground with boxes, some of them warm) to vi/ and ir/; returns the folder."""
    rng = np.random.default_rng(seed)
    height, width = size
    for side in ("vi", "ir"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        ramp = np.linspace(60, 190, height, dtype=np.float32)[:, None, None]
        visible = np.uint8(np.clip(ramp + rng.normal(0, 6, (height, width, 3)), 0, 255))
        thermal = np.full((height, width), 40, np.uint8)
        for _ in range(8):
            x, y, w, h = (int(rng.integers(4, limit)) for limit in (width, height, width // 3, height // 3))
            colour = tuple(int(c) for c in rng.integers(0, 255, 3))
            cv2.rectangle(visible, (x, y), (x + w, y + h), colour, -1)
            cv2.rectangle(thermal, (x, y), (x + w, y + h), int(rng.integers(20, 255)), -1)
        cv2.imwrite(str(folder / "vi" / f"{index:03}.png"), visible)
        cv2.imwrite(str(folder / "ir" / f"{index:03}.png"), thermal)
    return folder


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up, then a cosine to 1 % of the peak."""
    progress = min(1.0, step / max(1, steps))
    warm_up = max(1, min(WARM_UP, steps // 20))
    return peak * min(1.0, (step + 1) / warm_up) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(args: Settings) -> int:
    """Train, or go on with the run in `args.out`; as one of several processes where torchrun started this one.

    Returns:
        The exit status: 0 when done, 130 when it was interrupted; the same call then goes on from there.

    Raises:
        DataError, RecordingError: the data cannot be trained on.
        TrainingError: the run cannot start with these settings.
        ProcessesError: the processes cannot train together.
        OSError: the folder cannot be written.
    """
    args.check()
    with processes.joined(torch.device(args.device)):
        rows = processes.own_rows(args.batch)
        material = _gather(args)
        crops = Crops(material.train, args.batch, args.crop, args.seed, rows)
        status, step = _run(args, crops)
        if args.start and step == args.steps and processes.is_first():
            _show_change(args, args.start, material.held_back)
    return status


def _gather(args: Settings) -> Material:
    """The pairs to train on, the same in all processes."""
    if processes.is_first_here():
        args.out.mkdir(parents=True, exist_ok=True)
        processes.by_each(lambda: take_frames(args.sources, args.out, args.crop))
    else:
        processes.by_each(lambda: None)  # until they are there
    material = processes.by_each(lambda: read_material(args.sources, args.out, args.crop))
    alike = {name: str(getattr(args, name)) for name in ALIKE}
    for name, path in (("--from", args.start), ("--teacher", args.teacher)):
        alike[name] = hashlib.sha256(find_weights(path).read_bytes()).hexdigest()[:12] if path else "none"
    alike["the data"] = material.fingerprint()
    alike["the version"] = f"textfuse {version()} with torch {torch.__version__}"
    processes.agree(alike)
    return material


def _show_change(args: Settings, start: Path, held_back: list[Pair]) -> None:
    """Say what fine-tuning has changed, on what it has not seen."""
    if not held_back:
        print("nothing was held back, so nothing says whether that is better: see --hold-back")
        return
    changes = compare(start, args.export, held_back, args.crop, args.out)
    print(table(changes, min(len(held_back), FRAMES)))
    print(f"wrote {args.out}/before_after.jpg and before_after.json")


def _run(args: Settings, crops: Crops) -> tuple[int, int]:
    """Train; returns the exit status and the last step."""
    state = _State(args, Weights())
    try:
        if state.fresh:
            state.train_isp(crops, min(ISP_STEPS, args.steps // 2))
    except KeyboardInterrupt:
        print("stopped before the first step; the same command begins anew", file=sys.stderr)
        return 130, 0
    last = min(args.steps, args.until or args.steps)
    first = processes.is_first()
    # One thread prepares the next crops while the network works on these.
    with (
        Log(args.out, state.step) as log,
        ThreadPoolExecutor(1) as ahead,
        tqdm(total=last, initial=state.step, unit="step", desc="training", disable=None if first else True) as bar,
        interrupts.deferred() as signals,  # a step is whole or was not begun, in all processes
    ):
        upcoming = ahead.submit(crops, state.step)
        while state.step < last:
            batch = upcoming.result()
            upcoming = ahead.submit(crops, state.step + 1)
            log.add(state.advance(batch))
            bar.update()
            stopped = processes.any_of(bool(signals))
            if state.step % args.save_every == 0 or state.step == last or stopped:
                loss = log.write(state.step, state.rate)
                processes.from_first(lambda: state.save(args))
                bar.set_postfix(loss=f"{loss:.4f}")
            if stopped and state.step < last:
                bar.close()
                if first:
                    print(f"stopped at step {state.step}; the same command goes on from there", file=sys.stderr)
                return 130, state.step
    if first:
        print(f"{args.export}: step {state.step} of {args.steps}")
    return 0, state.step


def _begin(args: Settings) -> FusionNetwork:
    """The network as it is before the first step.

    Raises:
        TrainingError: `start` is of another architecture, or missing where the model cannot begin without.
    """
    if args.start:
        network = load_network(args.start).train()
        found = type(network).__name__.lower()
        if found != args.model:
            raise TrainingError(f"--from {args.start} is a {found}, and --model is {args.model}: name the same")
        return network
    if args.model == "textif":
        raise TrainingError("--model textif needs the CLIP of a checkpoint of its authors: name one by --from")
    return make_network(args.model)


class _State:
    """What a checkpoint holds: the network, the average of its weights, which is exported, optimizer and step."""

    def __init__(self, args: Settings, weights: Weights) -> None:
        torch.manual_seed(args.seed)
        self.device = processes.own_device(args.device)
        self.settings = {name: getattr(args, name) for name in ("batch", "crop", "rate", "seed")}
        self.settings["loss"] = asdict(weights)
        self.weights, self.steps, self.peak = weights, args.steps, args.rate
        self.settings["start"] = args.start.name if args.start else ""
        self.settings |= {"model": args.model, "teacher": args.teacher.name if args.teacher else ""}
        self.network = _begin(args).to(self.device)
        self.teacher = load_network(args.teacher).to(self.device) if args.teacher else None
        if self.teacher:
            self.teaching = Fusing(self.teacher)
            if isinstance(self.teacher, GuidedNetwork) and isinstance(self.network, GuidedNetwork):
                self.network.isp.load_state_dict(self.teacher.isp.state_dict())
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        trained = [p for name, p in self.network.named_parameters() if not name.startswith(("isp.", "text."))]
        self.optimizer = torch.optim.AdamW(trained, lr=args.rate, weight_decay=1e-4)
        self.step = 0
        self._resume(processes.from_first(lambda: self._checkpoint(args.out / CHECKPOINT)))
        taught = isinstance(self.teacher, GuidedNetwork)  # brings its ISP along
        self.fresh = not self.step and args.isp and not taught and isinstance(self.network, GuidedNetwork)
        if not self.fresh:
            self.freeze_isp()

    def train_isp(self, crops: Crops, steps: int) -> None:
        """Train the ISP alone, and leave it so."""
        assert isinstance(self.network, GuidedNetwork)
        train_isp(self.network.isp, crops, steps)
        self.freeze_isp()

    def freeze_isp(self) -> None:
        """Leave the ISP as it is now, if there is one; the rest learns behind it."""
        if isinstance(self.network, GuidedNetwork) and isinstance(self.average, GuidedNetwork):
            self.network.isp.requires_grad_(False)
            self.average.isp.load_state_dict(self.network.isp.state_dict())
        self.fusing = processes.shared(Fusing(self.network))

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.step, self.steps, self.peak)

    def advance(self, batch: Batch) -> dict[str, Tensor]:
        """One step on one batch; returns the parts of its loss."""
        visible, thermal, request, clean, clean_thermal, objects = (torch.from_numpy(x).to(self.device) for x in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        fused = self.fusing(visible, thermal, request)
        boxes = torch.Generator().manual_seed(self.settings["seed"] * 1_000_003 + self.step)
        parts = fusion_loss(fused, clean, clean_thermal, self.weights, boxes, request[:, -1], objects)
        if self.teacher:
            with torch.no_grad():
                taught = self.teaching(visible, thermal, request)
            parts["taught"] = imitation_loss(fused, taught, self.weights)
            parts["total"] = parts["taught"] + OWN * parts["total"]
        self.optimizer.zero_grad(set_to_none=True)
        parts["total"].backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(0.999, self.step / (self.step + 50))
        with torch.no_grad():
            for mean, parameter in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(parameter, 1 - decay)
        return {name: part.detach() for name, part in parts.items()}

    def save(self, args: Settings) -> None:
        """Write the checkpoint and export the averaged weights."""
        modules = {name: getattr(self, name).state_dict() for name in MODULES}
        checkpoint = io.BytesIO()  # a disk that is full is an OSError then, and a run that dies here can be resumed
        torch.save({"step": self.step, "settings": self.settings, **modules}, checkpoint)
        write_whole(args.out / CHECKPOINT, checkpoint.getvalue())
        save_weights(args.export, self.average, {"step": str(self.step), "settings": json.dumps(self.settings)})

    def _checkpoint(self, path: Path) -> dict[str, Any] | None:
        """What the run has saved; None where it begins."""
        if not path.exists():
            return None
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise TrainingError(f"{path}: cannot be read ({error}); remove it to begin anew") from error
        before = saved["settings"]
        changed = [f"{key} {before.get(key)} -> {now}" for key, now in self.settings.items() if before.get(key) != now]
        if changed:
            raise TrainingError(f"{path} is of a run with other settings ({'; '.join(changed)}); choose another --out")
        return saved

    def _resume(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        for name in MODULES:
            getattr(self, name).load_state_dict(saved[name])
        self.step = int(saved["step"])
