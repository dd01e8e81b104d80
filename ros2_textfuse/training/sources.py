"""What a run is trained on: folders of pairs, data sets, and frames taken from bags and videos.

Frames are taken once, as the fusion node would fuse them (paired, gain-controlled, aligned), and written as a data set
beside the checkpoint, so that a resumed run does not read terabytes again.
"""

import hashlib
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.batch.pairs import Pair as RecordedPair
from ros2_textfuse.batch.pairs import pairs as fused_pairs
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.recordings import dataset
from ros2_textfuse.recordings.dataset import MANIFEST, TEST, TRAIN, Sample, Splits
from ros2_textfuse.recordings.folder import FOLDER_RATE
from ros2_textfuse.recordings.frames import Tally, most_pairs
from ros2_textfuse.recordings.pairs import holds_pairs
from ros2_textfuse.recordings.source import find_recording
from ros2_textfuse.recordings.types import Recording, RecordingError
from ros2_textfuse.runtime.output import write_whole
from ros2_textfuse.settings import FusionSettings
from ros2_textfuse.training.data import CACHED_PAIRS, DataError, Pair, find_pairs

FRAMES = "frames"  # the data set in a run's folder
ASKED = "asked.json"  # beside its manifest: what its frames were taken from
MOST = CACHED_PAIRS  # frames of all recordings; of more, each would be seen too seldom to pay for being read


@dataclass(frozen=True)
class Sources:
    """What to train on."""

    named: tuple[tuple[str, ...], ...]
    """Each a folder of pairs, a data set or a bag; or a visible and a thermal video or folder."""
    spacing: float = 0.5
    """Seconds between two frames of a recording, at least."""
    hold_back: float = 0.0
    """Share that is not trained on, to judge by; that of a data set is what its manifest says."""
    topics: tuple[str, str] = ("", "")
    """Of the cameras in bags; empty to find them."""
    fusion: FusionSettings = field(default_factory=FusionSettings)
    """How images pair, gain control and calibration."""

    def check(self) -> None:
        """Check the numbers.

        Raises:
            DataError: one is out of its range, or nothing is named.
        """
        if not self.named:
            raise DataError("there is nothing to train on: name folders of pairs, bags or videos")
        if not 0 <= self.hold_back <= 0.9:
            raise DataError(f"--hold-back {self.hold_back:g}: it is a share from 0 to 0.9")
        if not (math.isfinite(self.spacing) and self.spacing > 0):
            raise DataError(f"--spacing {self.spacing:g}: it is above 0 seconds")

    def is_registered(self, source: Sequence[str]) -> bool:
        """Whether a source is a folder whose pairs are trained on as they are."""
        folder = Path(source[0])
        is_pairs = len(source) == 1 and holds_pairs(folder)
        return is_pairs and (not self.fusion.calibration or (folder / MANIFEST).exists())

    @property
    def recordings(self) -> list[tuple[str, ...]]:
        """The sources that frames are taken from."""
        return [source for source in self.named if not self.is_registered(source)]


@dataclass(frozen=True)
class Material:
    """Pairs to train on, and others of other moments to judge by."""

    train: list[Pair]
    held_back: list[Pair]

    def fingerprint(self) -> str:
        """Pairs in words, with a hash of their names and of the sizes of their files."""
        files = [(p.name, *(side.stat().st_size for side in (p.visible, p.thermal))) for p in self.train]
        digest = hashlib.sha256(repr(files).encode()).hexdigest()[:12]
        return f"{len(self.train)} to train on ({digest}), {len(self.held_back)} held back"


def take_frames(asked: Sources, out: Path, crop: int) -> None:
    """Write the frames of the recordings as a data set to out/frames, unless they are there already.

    Args:
        asked: what to train on.
        out: the run's folder.
        crop: pixels that a frame must have to a side.

    Raises:
        RecordingError: a recording cannot be read, or gives no frame to train on.
        CalibrationError, GainControlError: the cameras cannot be brought together so.
        DataError: the run's frames are of other sources or settings.
        OSError: the folder cannot be written.
    """
    folder, partial = out / FRAMES, out / f"{FRAMES}.partial"
    if not asked.recordings:
        if folder.exists():
            raise DataError(f"{folder} holds frames of recordings, and none is named: choose another --out")
        return
    wanted = _identity(asked)
    if folder.exists():
        _check_same(folder / ASKED, wanted)
        return
    shutil.rmtree(partial, ignore_errors=True)  # of a call that was interrupted
    opened = {_name(source): find_recording(source, *asked.topics) for source in asked.recordings}
    if len(opened) < len(asked.recordings):
        raise RecordingError("a recording is named twice: name each once")
    samples = _write_frames(asked, opened, partial, crop)
    if not any(sample.split == TRAIN for sample in samples):
        raise RecordingError(
            f"the recordings leave nothing to train on: {len(samples)} frames, all held back; name more, or lower "
            "--spacing or --hold-back"
        )
    write_whole(partial / ASKED, wanted)
    dataset.write_manifest(partial, samples)
    partial.rename(folder)


def read_material(asked: Sources, out: Path, crop: int) -> Material:
    """All pairs of the sources, those of recordings from what `take_frames` has written.

    Raises:
        DataError: a folder cannot be trained on, or nothing is left to train on.
        RecordingError: a manifest cannot be read.
    """
    folders = [Path(source[0]) for source in asked.named if asked.is_registered(source)]
    folders += [out / FRAMES] if asked.recordings else []
    found = [(folder, pair, sample) for folder in folders for pair, sample in _samples(folder, crop, asked.hold_back)]
    held_back = [pair for _, pair, sample in found if sample.split == TEST]
    moments: dict[str, list[tuple[Path, float]]] = defaultdict(list)  # held back, by recording
    for folder, _, sample in found:
        if sample.split == TEST:
            moments[sample.recording].append((folder, sample.time))
    for_training = [one for one in found if one[2].split == TRAIN]
    train = [
        pair for folder, pair, sample in for_training if not _is_near(folder, sample.time, moments[sample.recording])
    ]
    if left_out := len(for_training) - len(train):
        print(f"left out: {left_out} pairs of moments that another data set holds back")
    if not train:
        raise DataError(
            f"nothing is left to train on: {len(held_back)} pairs are held back, {left_out} are of their moments"
        )
    return Material(train, held_back)


def _samples(folder: Path, crop: int, share: float) -> Iterable[tuple[Pair, Sample]]:
    """The pairs of a folder, and what each is for; without a manifest, names are taken to be in the order of time."""
    found = find_pairs(folder, crop)
    if (folder / MANIFEST).exists():
        samples = dataset.read_manifest(folder)
        if unknown := [pair.name for pair in found if pair.name not in samples]:
            raise DataError(
                f"{folder / MANIFEST} does not know {', '.join(unknown[:5])}: whether to train on it must be said"
            )
        return [(pair, samples[pair.name]) for pair in found]
    name, times = str(folder.absolute()), [number / FOLDER_RATE for number in range(len(found))]
    splits = Splits({name: len(found) / FOLDER_RATE}, share)
    return [
        (pair, Sample(pair.name, name, time, splits.of(name, time))) for pair, time in zip(found, times, strict=True)
    ]


def _is_near(folder: Path, time: float, held_back: Iterable[tuple[Path, float]]) -> bool:
    """Whether a moment is one that another folder holds back, as where a data set was mined of a recording."""
    return any(other != folder and abs(at - time) < dataset.GAP for other, at in held_back)


def _write_frames(asked: Sources, opened: dict[str, Recording], folder: Path, crop: int) -> list[Sample]:
    durations = {name: recording.duration for name, recording in opened.items()}
    spacing = max(asked.spacing, sum(durations.values()) / MOST)
    splits = Splits(durations, asked.hold_back)
    fuser = Fuser(alignment=asked.fusion.alignment())
    samples: list[Sample] = []
    seen: dict[bytes, str] = {}
    with tqdm(
        total=sum(most_pairs(recording, asked.fusion) for recording in opened.values()),
        desc="taking frames",
        unit="pair",
        disable=None,
    ) as bar:
        for number, (name, recording) in enumerate(opened.items()):
            tally, before, doubled = Tally.from_recording(recording), len(samples), 0
            for pair in _spaced(recording, asked.fusion, fuser, tally, spacing, bar):
                if min(pair.thermal.shape) < crop:
                    height, width = pair.thermal.shape
                    raise RecordingError(f"{name}: its frames of {width}x{height} are smaller than the crop of {crop}")
                if seen.setdefault(_digest(pair.visible), name) != name:
                    doubled += 1
                    continue
                if split := splits.of(name, pair.time):
                    stem = f"{number:03}_{pair.number:06}"
                    dataset.write_pair(folder, stem, pair.visible, pair.thermal)
                    samples.append(Sample(stem, name, pair.time, split))
            _tell(name, len(samples) - before, doubled, tally)
    return samples


def _spaced(
    recording: Recording, settings: FusionSettings, fuser: Fuser, tally: Tally, spacing: float, bar: tqdm
) -> Iterable[RecordedPair]:
    """Pairs of a recording, so many seconds apart."""
    last = -math.inf
    for pair in fused_pairs(recording, settings, fuser, tally):
        bar.update()
        if pair.time >= last + spacing - 1e-3:
            last = pair.time
            yield pair


def _tell(name: str, frames: int, doubled: int, tally: Tally) -> None:
    """Say what was taken of a recording.

    Raises:
        RecordingError: nothing, for other reasons than that another recording holds the same.
    """
    reasons = [*(f"{count} × {reason}" for reason, count in tally.excluded.items()), *filter(None, [tally.damage])]
    if doubled:
        reasons.append(f"{doubled} × frame that another recording holds as well")
    if not frames and not doubled:
        raise RecordingError(f"{name} gives no pair to train on: {'; '.join(reasons) or 'it is too short'}")
    tqdm.write(f"{name}: {frames} frames" + (f"; left out: {'; '.join(reasons)}" if reasons else ""))


def _digest(image: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def _name(source: Sequence[str]) -> str:
    return " + ".join(str(Path(path).absolute()) for path in source)


def _identity(asked: Sources) -> str:
    """What the frames depend on, as JSON: the recordings' places, sizes and times, and the settings."""
    files = [*(path for source in asked.recordings for path in source), *filter(None, [asked.fusion.calibration])]
    found = {
        "spacing": asked.spacing,
        "hold_back": asked.hold_back,
        "topics": asked.topics,
        "fusion": asdict(asked.fusion),
        "files": [_stat(Path(path)) for path in files],
    }
    return json.dumps(found, indent=1) + "\n"


def _stat(path: Path) -> list[str | int]:
    if not path.exists():
        raise RecordingError(f"{path} does not exist")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    return [str(path.absolute()), sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)]


def _check_same(path: Path, wanted: str) -> None:
    """Check that a run's frames are those that are asked for.

    Raises:
        DataError: they are not.
    """
    try:
        before, now = json.loads(path.read_text(encoding="utf-8")), json.loads(wanted)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); choose another --out") from error
    if changed := [name for name in now if before.get(name) != now[name]]:
        raise DataError(f"{path.parent} holds frames of other {', '.join(changed)}: choose another --out")
