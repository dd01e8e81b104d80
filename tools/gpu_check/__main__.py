"""Checks what was asked for: `python -m tools.gpu_check`; 0 when something ran, and everything that ran was right."""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools import gpu_check

REQUIRED = {"torch": "torch", "numpy": "numpy", "cv2": "opencv-python-headless<5", "safetensors": "safetensors"}
REQUIRED |= {"yaml": "pyyaml"}
LEAST_PATIENCE = 60.0  # s of a case, where there is so much left
PACKAGES = ("triton", "tensorrt", "tensorrt-rtx", "tensorrt-rtx-cu13", "ultralytics", "safetensors")


def main(argv: list[str] | None = None) -> int:
    """Run it.

    Args:
        argv: the arguments; None for those of the process.
    """
    args = _parser().parse_args(argv)
    if missing := [name for name in REQUIRED if importlib.util.find_spec(name) is None]:
        needed = " ".join(f"'{REQUIRED[name]}'" for name in missing)
        print(f"{sys.executable} lacks {', '.join(missing)}: pip install {needed}", file=sys.stderr)
        return 2
    started = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)

    from ros2_textfuse.runtime.cache_folder import cache_dir
    from tools.gpu_check import cases, device, fusion, report
    from tools.gpu_check.worker import Worker

    detector = args.detector or cache_dir() / "yolo26n.pt"
    plan = cases.plan(args.models, args.engines, args.sizes, args.textif, detector if detector.is_file() else None)
    print(f"{device.describe()['device']}: {len(plan)} cases in at most {args.budget:.0f} s", flush=True)
    rows: list[dict[str, Any]] = []
    images: list[Any] = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TEXTFUSE_CACHE"] = cache  # the worker's as well
        worker = Worker(args.out / "gpu.log", args.seconds)
        for case in plan:
            left = args.budget - (time.monotonic() - started)
            image = None
            if lacking := cases.lacking(case):
                row = {"left_out": lacking}
            elif left <= 0:
                row = {"left_out": "no time was left"}
            else:
                row, image = worker.measure(case, min(left, max(left / 2, LEAST_PATIENCE)))
            about = asdict(case) | {"weights": None, "case": case.name, "size": f"{case.width}x{case.height}"}
            rows.append(about | row)
            images.append(image)
            print(report.line(rows[-1]), flush=True)
        worker.end()
    ratios = report.ratios(rows)
    for ratio in ratios:
        print("the paper's network takes {times} times as long as {model} ({engine} {precision})".format(**ratio))
    result = {"environment": environment(), "seconds": round(time.monotonic() - started), "rows": rows}
    (args.out / "gpu.json").write_text(json.dumps(result | {"ratios": ratios}, indent=1) + "\n", encoding="utf-8")

    import cv2

    inputs = fusion.pair(*map(int, args.sizes[0].split("x")))
    overview = report.overview(rows, images, inputs)
    cv2.imwrite(str(args.out / "gpu.png"), cv2.cvtColor(overview, cv2.COLOR_RGB2BGR))
    print(f"{args.out / 'gpu.json'}, {args.out / 'gpu.png'}; what the compilers printed: {args.out / 'gpu.log'}")
    ran = [row for row in rows if "left_out" not in row]
    return int(not ran or any("error" in row for row in ran))


def environment() -> dict[str, Any]:
    """The machine, the device and the versions."""
    from importlib.metadata import PackageNotFoundError, version

    from ros2_textfuse.runtime import machine
    from tools.gpu_check import device

    found: dict[str, Any] = {**machine.describe(), **device.describe()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _parser() -> argparse.ArgumentParser:
    from tools.gpu_check import cases

    parser = argparse.ArgumentParser(
        prog="gpu-check", description=gpu_check.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=list(cases.MODELS), help="names or files (default: the family)")
    parser.add_argument("--engines", nargs="+", default=list(cases.ENGINES), help="of fusion (default: all of a GPU)")
    parser.add_argument(
        "--sizes", nargs="+", default=list(cases.SIZES), help="WIDTHxHEIGHT (default 640x480 1280x1024)"
    )
    parser.add_argument("--textif", type=Path, help="a checkpoint of Text-IF (default: random weights)")
    parser.add_argument("--detector", type=Path, help="weights of the detector (default: yolo26n.pt of the cache)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing, each (default 2)")
    parser.add_argument(
        "--budget", type=float, default=480.0, help="seconds of all; the rest is left out (default 480)"
    )
    parser.add_argument("--out", type=Path, default=Path("gpu-check"), help="folder of gpu.json, gpu.png and gpu.log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
