"""Builds, checks and times the engines of an NVIDIA GPU in one go: `make gpu-check`.

For each model, engine and image size: how long it takes to build and to load from the cache, how far its image is from
eager float32's on the CPU, fuse() from host arrays and from tensors on the device, the first image after a prompt
change, memory of the GPU. What fails is a row with its reason, and the rest goes on. Nothing is fetched, and the
user's cache stays as it is.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ros2_textfuse import Fuser
from ros2_textfuse.engines.verification import check_pair, difference
from ros2_textfuse.runtime import machine

ENGINES = ("tensorrt", "compile")
SIZES = ("640x480", "1280x1024")


def check(model: str, engine: str, width: int, height: int, seconds: float) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """One row of the result, and the fused image; a failure is in the row as `error`.

    Args:
        model: name or weights file.
        engine: one of `engines.ENGINES`.
        width: of the images, pixels.
        height: of the images, pixels.
        seconds: how long to time fuse().
    """
    row: dict[str, Any] = {"model": model, "engine": engine, "width": width, "height": height}
    visible, thermal = check_pair(height, width)
    fused = np.zeros_like(visible)
    try:
        fuser = Fuser(model, engine)
        row["build_s"] = _seconds(lambda: fuser.prepare(height, width))
        row["runs"] = fuser.engine_name
        fuser.fuse(visible, thermal, out=fused)
        mean, tail = difference(fused, Fuser(model, "eager").fuse(visible, thermal))
        row |= {"levels_mean": mean, "levels_p999": tail}
        times = []
        end = time.perf_counter() + seconds
        while len(times) < 20 or time.perf_counter() < end:
            times.append(_seconds(lambda: fuser.fuse(visible, thermal, out=fused)))
        row |= {"median_ms": 1e3 * float(np.median(times)), "p99_ms": 1e3 * float(np.percentile(times, 99))}
        if torch.cuda.is_available():
            row["device_ms"] = 1e3 * _on_device(fuser, visible, thermal, fused)
        fuser.set_prompt(modes=["low_light"], severity=0.8)
        row["first_after_prompt_ms"] = 1e3 * _seconds(lambda: fuser.fuse(visible, thermal))
        row["load_s"] = _seconds(lambda: Fuser(model, engine).prepare(height, width))
        if torch.cuda.is_available():
            row["gpu_mb"] = (torch.cuda.mem_get_info()[1] - torch.cuda.mem_get_info()[0]) >> 20
    except Exception as error:  # compilers raise whatever comes, and the other rows are worth having
        row["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return row, fused


def _on_device(fuser: Fuser, visible: NDArray[np.uint8], thermal: NDArray[np.uint8], fused: NDArray[np.uint8]) -> float:
    """Median seconds of a pair that lies on the device; ValueError where its image differs from that of the arrays."""
    tensors = torch.from_numpy(visible).cuda(), torch.from_numpy(thermal).cuda()
    out = torch.empty_like(tensors[0])

    def run() -> None:
        fuser.fuse_on_device(*tensors, out)
        torch.cuda.synchronize()

    times = [_seconds(run) for _ in range(30)]
    mean, tail = difference(out.cpu().numpy(), fused)
    if tail > 1:  # kernels may round by another order
        raise ValueError(f"from tensors on the device comes another image than from arrays: {mean:.2f} levels apart")
    return float(np.median(times))


def summary(row: dict[str, Any]) -> str:
    """A row for people."""
    what = f"{row['model']} {row['engine']} {row['width']}x{row['height']}: "
    if "error" in row:
        return what + f"FAILED: {row['error']}"
    on_device = f"from tensors on the device {row['device_ms']:.2f}, " if "device_ms" in row else ""
    return what + (
        f"fuse() {row['median_ms']:.2f} ms (99 %: {row['p99_ms']:.2f}), "
        f"{on_device}after a prompt {row['first_after_prompt_ms']:.2f}, "
        f"{row['levels_mean']:.2f} levels from eager, built in {row['build_s']:.0f} s, loaded in {row['load_s']:.1f} s"
    )


def _seconds(run: Any) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main(argv: list[str] | None = None) -> int:
    """Check what was asked for; 0 when every engine was built, agrees with eager and was loaded again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["nano", "pico"], help="names or files (default nano pico)")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES))
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), help="WIDTHxHEIGHT")
    parser.add_argument("--seconds", type=float, default=3.0, help="of timing, for each (default 3)")
    parser.add_argument("--out", type=Path, default=Path("gpu-check"), help="folder for gpu.json and gpu.png")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
    print(f"{device}, torch {torch.__version__}")
    rows, images = [], []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TEXTFUSE_CACHE"] = cache
        for model in args.models:
            for size in args.sizes:
                for engine in args.engines:
                    row, fused = check(model, engine, *map(int, size.split("x")), args.seconds)
                    rows.append(row)
                    images.append(cv2.resize(fused, (640, 480)))
                    print(summary(row), flush=True)
    result = {"device": device, "machine": machine.describe(), "rows": rows}
    (args.out / "gpu.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    cv2.imwrite(str(args.out / "gpu.png"), cv2.cvtColor(np.vstack(images), cv2.COLOR_RGB2BGR))
    return int(any("error" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
