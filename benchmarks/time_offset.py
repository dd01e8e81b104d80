"""How well `estimate` finds a known time offset on pairs of real videos.

    python benchmarks/time_offset.py --data FOLDER [--lens] [--seconds S] [--seed N]

FOLDER holds videos that were recorded together, NAME_vi.mp4 and NAME_ir.mp4. Thermal stamps are shifted by -0.5..0.5 s
at random; the thermal camera keeps 30, 15 or 9 Hz of its frames, from a random one on. With --lens it also gets another
field of view (0.55 to 1.4 times as wide), is turned by up to 3 degrees, moved by up to 5 % of the width, inverted and
reduced to 160x120. With --seconds, a part of so many seconds of the video is taken at random. Frames of one number need
not have been taken at one time: `own` is the estimate on the whole video as it is, `error_to_own` the error against
that, both in milliseconds. Every answer for two cameras that did not see the same is wrong: thermal videos that are
played backwards, or are of another scene.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ros2_textfuse.sync.time_offset import Motion, TimeOffset, estimate

RATES = (30.0, 15.0, 9.0)  # Hz, of the thermal camera
WRONG = 50.0  # ms

Frames = list[NDArray[np.uint8]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with NAME_vi.mp4 and NAME_ir.mp4")
    parser.add_argument("--count", type=int, default=20, help="shifts for each video and rate (default 20)")
    parser.add_argument("--seconds", type=float, help="take parts of the videos of this length")
    parser.add_argument("--lens", action="store_true", help="another thermal field of view, turned, inverted, small")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    names = sorted(path.name.removesuffix("_vi.mp4") for path in args.data.glob("*_vi.mp4"))
    if not names:
        print(f"skipped: {args.data} has no NAME_vi.mp4; name a folder of videos by --data")
        return 0
    videos = {name: (frames(args.data / f"{name}_vi.mp4"), frames(args.data / f"{name}_ir.mp4")) for name in names}
    random = np.random.default_rng(args.seed)
    own = {
        name: found(visible, stamps(visible), thermal, stamps(thermal)) for name, (visible, thermal) in videos.items()
    }
    rows, unrelated = [], []
    with tqdm(total=len(names) * len(RATES) * args.count, unit="shift") as bar:
        for name, (visible, thermal) in videos.items():
            for rate in RATES:
                for _ in range(args.count):
                    shift = random.uniform(-0.5, 0.5)
                    part = cut(visible, args.seconds, random)
                    kept = thinned(part, rate, random)
                    lens = random_lens(random, thermal[0].shape) if args.lens else None
                    images = [changed(thermal[number], lens) for number in kept]
                    answer = found([visible[number] for number in part], part / 30, images, kept / 30 - shift)
                    error = 1e3 * (answer.offset - shift)
                    rows.append((rate, answer.sure, error, error - 1e3 * own[name].offset, 1e3 * answer.spread))
                    bar.update()
            others = [frames for other, (_, frames) in videos.items() if other != name]
            for other in [thermal[::-1], *others]:
                for _ in range(args.count):
                    part = cut(visible[: len(other)], args.seconds, random)
                    kept = thinned(part, random.choice(RATES), random)
                    shift = random.uniform(-0.5, 0.5)
                    answer = found([visible[n] for n in part], part / 30, [other[n] for n in kept], kept / 30 - shift)
                    unrelated.append(answer.sure)
    print(
        json.dumps(
            {
                "settings": {"count": args.count, "seconds": args.seconds, "lens": args.lens, "seed": args.seed},
                "own_ms": {name: round(1e3 * one.offset, 1) for name, one in own.items()},
                "all": summary(rows),
                **{f"{rate:g}_hz": summary([row for row in rows if row[0] == rate]) for rate in RATES},
                "unrelated": {"recordings": len(unrelated), "answered": sum(unrelated)},
            },
            indent=2,
        )
    )
    return 0


def summary(rows: Sequence[tuple[float, bool, float, float, float]]) -> dict[str, float]:
    """Errors in milliseconds, of those that were answered."""
    sure = np.array([row[1:] for row in rows if row[1]], np.float64).reshape(-1, 4)
    if not len(sure):
        return {"recordings": len(rows), "answered": 0.0}
    error, to_own, spread = np.abs(sure[:, 1]), np.abs(sure[:, 2]), sure[:, 3]
    figures = {
        "recordings": len(rows),
        "answered": len(sure) / len(rows),
        "median_error": np.median(error),
        "largest_error": error.max(),
        "median_error_to_own": np.median(to_own),
        "largest_error_to_own": to_own.max(),
        "within_its_spread": np.mean(error <= spread),
        "wrong": int((error > WRONG).sum()),
    }
    return {name: round(float(value), 2) for name, value in figures.items()}


def found(visible: Frames, visible_stamps: NDArray, thermal: Frames, thermal_stamps: NDArray) -> TimeOffset:
    cameras = []
    for camera, images, times in (("visible", visible, visible_stamps), ("thermal", thermal, thermal_stamps)):
        motion = Motion(camera)
        for stamp, image in zip(times, images, strict=True):
            motion.add(float(stamp), image)
        cameras.append(motion)
    return estimate(*cameras)


def stamps(images: Frames) -> NDArray[np.float64]:
    return np.arange(len(images)) / 30


def cut(images: Frames, seconds: float | None, random: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of the frames of a part."""
    count = len(images) if seconds is None else min(len(images), round(30 * seconds))
    start = int(random.integers(0, len(images) - count + 1))
    return np.arange(start, start + count)


def thinned(part: NDArray[np.int64], rate: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of the frames that a camera of another rate keeps, the nearest ones."""
    return part[np.arange(random.integers(0, round(30 / rate)), len(part) - 1, 30 / rate).round().astype(int)]


def random_lens(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    middle = (np.array(shape[::-1]) - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle.tolist(), random.uniform(-3, 3), 1 / random.uniform(0.55, 1.4))
    matrix[:, 2] += random.uniform(-0.05, 0.05, 2) * shape[1]
    return matrix


def changed(image: NDArray[np.uint8], lens: NDArray[np.float64] | None) -> NDArray[np.uint8]:
    if lens is None:
        return image
    warped = cv2.warpAffine(image, lens, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    return 255 - cv2.resize(warped, (160, 120), interpolation=cv2.INTER_AREA)


def frames(path: Path) -> Frames:
    """Grey frames of a video of 30 Hz."""
    capture, images = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        images.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY))
    return images


if __name__ == "__main__":
    sys.exit(main())
