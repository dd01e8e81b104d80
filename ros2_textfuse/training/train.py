"""The training run of a network of the family: seeded, resumable, with a log and weights at every checkpoint.

The ISP of nano and pico learns first and alone (training/isp.py), then the rest behind it; textif, which has none,
begins with the weights of its authors. Everything that a step draws depends on the
seed and the step, and the learning rate on the step, so that a run that was broken off and resumed is the unbroken run.
"""

import copy
import csv
import io
import json
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.networks.family import FusionNetwork
from ros2_textfuse.networks.folding import fold, unfold
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.prompt_input import PromptInput, prompt_input
from ros2_textfuse.networks.stored import ARCHITECTURES
from ros2_textfuse.networks.weights import load_network, make_network, save_weights
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.training.data import Batch, Crops, find_pairs
from ros2_textfuse.training.isp import train_isp
from ros2_textfuse.training.losses import Weights, fusion_loss, imitation_loss

PARTS = (
    "total",
    "intensity",
    "gradient",
    "grid",
    "colour",
    "complementarity",
    "fidelity",
    "separability",
    "faded",
    "taught",
)
OWN = 0.3  # weight of the losses on targets beside a teacher's
ISP_STEPS = 4000  # at most half as many as the run has
MODULES = ("network", "average", "optimizer")  # of a checkpoint
WARM_UP = 200  # steps, at most a twentieth of the run
CHECKPOINT, LOG = "checkpoint.pt", "log.csv"


class TrainingError(TextfuseError):
    """The run cannot start; the message says why and what to change."""


@dataclass
class Settings:
    """What a run is asked to do."""

    data: Path
    """Folder with vi/NAME.* and ir/NAME.*."""
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
    """Train, or go on with the run in `args.out`.

    Returns:
        The exit status: 0 when done, 130 when it was interrupted; the same call then goes on from there.

    Raises:
        DataError: the data cannot be trained on.
        TrainingError: the run cannot start with these settings.
        OSError: the folder cannot be written.
    """
    if args.crop % GuidedNetwork.MULTIPLE or args.crop <= 0:
        raise TrainingError(f"--crop {args.crop} is not a multiple of {GuidedNetwork.MULTIPLE}")
    if min(args.steps, args.batch, args.save_every) < 1:
        raise TrainingError("--steps, --batch and --save-every must be 1 or more")
    if not (args.isp or args.start):
        raise TrainingError("--no-isp keeps the ISP of other weights: name them by --start")
    if args.model not in ARCHITECTURES:
        raise TrainingError(f"--model {args.model} is none of {', '.join(ARCHITECTURES)}")
    crops = Crops(find_pairs(args.data, args.crop), args.batch, args.crop, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    state = _State(args, Weights())
    try:
        if state.fresh:
            state.train_isp(crops, min(ISP_STEPS, args.steps // 2))
    except KeyboardInterrupt:
        print("stopped before the first step; the same command begins anew", file=sys.stderr)
        return 130
    last = min(args.steps, args.until or args.steps)
    # One thread prepares the next crops while the network works on these.
    with (
        _Log(args.out / LOG, state.step) as log,
        ThreadPoolExecutor(1) as ahead,
        tqdm(total=last, initial=state.step, unit="step", desc="training", disable=None) as bar,
    ):
        try:
            upcoming = ahead.submit(crops, state.step)
            while state.step < last:
                batch = upcoming.result()
                upcoming = ahead.submit(crops, state.step + 1)
                log.add(state.advance(batch))
                bar.update()
                if state.step % args.save_every == 0 or state.step == last:
                    state.save(args)
                    bar.set_postfix(loss=f"{log.write(state.step, state.rate):.4f}")
        except KeyboardInterrupt:
            state.save(args)
            log.write(state.step, state.rate)
            bar.close()
            print(f"stopped at step {state.step}; the same command goes on from there", file=sys.stderr)
            return 130
    print(f"{args.export}: step {state.step} of {args.steps}")
    return 0


def _begin(args: Settings) -> FusionNetwork:
    """The network as it is before the first step.

    Raises:
        TrainingError: `start` is of another architecture, or missing where the model cannot begin without.
    """
    if args.start:
        network = load_network(args.start).train()
        found = type(network).__name__.lower()
        if found != args.model:
            raise TrainingError(f"--start {args.start} is a {found}, and --model is {args.model}: name the same")
        return network
    if args.model == "textif":
        raise TrainingError("--model textif needs the CLIP of a checkpoint of its authors: name one by --start")
    return make_network(args.model)


def _fused(network: FusionNetwork, reads: PromptInput, visible: Tensor, thermal: Tensor, request: Tensor) -> Tensor:
    """[B, 3, H, W], [B, 1, H, W] and [B, modes + 1] of a `Batch` -> fused [B, 3, H, W]."""
    modulation = network.modulation(reads.of_requests(request))
    return unfold(network.fuse(fold(visible), fold(thermal), modulation))


class _State:
    """What a checkpoint holds: the network, the average of its weights, which is exported, optimizer and step."""

    def __init__(self, args: Settings, weights: Weights) -> None:
        torch.manual_seed(args.seed)
        self.device = torch.device(args.device)
        self.settings = {name: getattr(args, name) for name in ("batch", "crop", "rate", "seed")}
        self.settings["loss"] = asdict(weights)
        self.weights, self.steps, self.peak = weights, args.steps, args.rate
        self.settings["start"] = args.start.name if args.start else ""
        self.settings |= {"model": args.model, "teacher": args.teacher.name if args.teacher else ""}
        self.network = _begin(args).to(self.device)
        self.reads = prompt_input(self.network)
        self.teacher = load_network(args.teacher).to(self.device) if args.teacher else None
        if self.teacher:
            self.teacher_reads = prompt_input(self.teacher)
            if isinstance(self.teacher, GuidedNetwork) and isinstance(self.network, GuidedNetwork):
                self.network.isp.load_state_dict(self.teacher.isp.state_dict())
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        trained = [p for name, p in self.network.named_parameters() if not name.startswith(("isp.", "text."))]
        self.optimizer = torch.optim.AdamW(trained, lr=args.rate, weight_decay=1e-4)
        self.step = 0
        self._resume(args.out / CHECKPOINT)
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
        """Leave the ISP as it is now; the rest learns behind it."""
        if not (isinstance(self.network, GuidedNetwork) and isinstance(self.average, GuidedNetwork)):
            return
        self.network.isp.requires_grad_(False)
        self.average.isp.load_state_dict(self.network.isp.state_dict())

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.step, self.steps, self.peak)

    def advance(self, batch: Batch) -> dict[str, Tensor]:
        """One step on one batch; returns the parts of its loss."""
        visible, thermal, request, clean, clean_thermal, objects = (torch.from_numpy(x).to(self.device) for x in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        fused = _fused(self.network, self.reads, visible, thermal, request)
        boxes = torch.Generator().manual_seed(self.settings["seed"] * 1_000_003 + self.step)
        parts = fusion_loss(fused, clean, clean_thermal, self.weights, boxes, request[:, -1], objects)
        if self.teacher:
            with torch.no_grad():
                taught = _fused(self.teacher, self.teacher_reads, visible, thermal, request)
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

    def _resume(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise TrainingError(f"{path}: cannot be read ({error}); remove it to begin anew") from error
        before = saved["settings"]
        changed = [f"{key} {before.get(key)} -> {now}" for key, now in self.settings.items() if before.get(key) != now]
        if changed:
            raise TrainingError(f"{path} is of a run with other settings ({'; '.join(changed)}); choose another --out")
        for name in MODULES:
            getattr(self, name).load_state_dict(saved[name])
        self.step = int(saved["step"])


class _Log:
    """The CSV of a run: mean losses between two checkpoints. Rows later than the step that is resumed are dropped."""

    def __init__(self, path: Path, step: int) -> None:
        rows = path.read_text().splitlines()[1:] if path.exists() and step else []
        self.file = path.open("w", newline="")
        self.rows = csv.writer(self.file)
        self.rows.writerow(("step", "seconds", "rate", *PARTS))
        self.rows.writerows(row.split(",") for row in rows if int(row.split(",")[0]) <= step)
        self.begun = time.monotonic()
        self.parts: list[dict[str, Tensor]] = []

    def add(self, parts: dict[str, Tensor]) -> None:
        self.parts.append(parts)

    def write(self, step: int, rate: float) -> float:
        """Write one row; returns the mean total loss since the last."""
        if not self.parts:
            return math.nan
        absent = torch.zeros(())  # of a run without a teacher
        means = {name: torch.stack([parts.get(name, absent) for parts in self.parts]).mean().item() for name in PARTS}
        seconds = time.monotonic() - self.begun
        self.rows.writerow([step, f"{seconds:.1f}", f"{rate:.3e}", *(f"{mean:.6f}" for mean in means.values())])
        self.file.flush()
        self.parts.clear()
        return means["total"]

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
