"""The core alone, uint8 to uint8: engines and rivals, at several image sizes, in one run.

    python benchmarks/core.py [--sizes 640x480 ...] [--rounds 3] [--json F] [--image F]

All contenders of a size take turns, round after round, so that what else happens on the machine falls on all of them;
every figure also stands as a ratio to eager PyTorch of the same run. A contender that the machine lacks is named.
"""

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine, spread, write

from ros2_textfuse.engines import ENGINES, EngineConfig, build_engine
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.verification import check_pair, difference
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.networks.weights import load_network

Fuse = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
RUNS = 20  # timed runs of a contender in a round, after WARM_UP that are not
WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="a network's name or weights file (default nano)")
    parser.add_argument("--sizes", nargs="+", default=["320x256", "640x480", "1280x1024"], help="WIDTHxHEIGHT")
    parser.add_argument("--rounds", type=int, default=3, help=f"rounds of {RUNS} runs (default 3)")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--image", type=Path, help="draw the medians here (.png, .svg)")
    args = parser.parse_args()
    result: dict = {"environment": describe_machine(), "model": args.model, "sizes": {}, "prompt_ms": prompt()}
    print(f"{result['environment']['processor']}; GPU: {result['environment']['gpu']}")
    print(f"a new prompt, once: {result['prompt_ms']['median']} ms")
    for size in args.sizes:
        width, height = map(int, size.split("x"))
        result["sizes"][size] = rows = measure(EngineConfig(load_network(args.model), height, width), args.rounds)
        print(f"\n{size}")
        for name, row in rows.items():
            if "absent" in row:
                print(f"  {name:<16} {row['absent'][:120]}")
            else:
                print(f"  {name:<16} {row['fuse_ms']['median']:8.2f} ms  p99 {row['fuse_ms']['p99']:8.2f}  "
                      f"{row['of_eager']:.2f} of eager  first {row['build_s']:.2f} s, again {row['again_s']:.2f} s  "
                      f"differs by {row['mean_difference']:.2f}, 99.9 %: {row['tail_difference']:g}")  # fmt: skip
    write(result, args.json)
    if args.image:
        draw(result, args.image)


def contenders() -> dict[str, Callable[[EngineConfig], tuple[str, Fuse]]]:
    engines = {name: lambda config, name=name: of_engine(name, config) for name in reversed(ENGINES)}
    return {**engines, "PyTorch bf16": bf16, "ONNX Runtime": onnx_runtime}


def of_engine(name: str, config: EngineConfig) -> tuple[str, Fuse]:
    engine, _ = build_engine(name, config)
    return engine.name, engine.run


def bf16(config: EngineConfig) -> tuple[str, Fuse]:
    """Eager PyTorch on the CPU, all in bf16, channels last."""
    graph = ImageGraph.on(torch.device("cpu"), torch.bfloat16, config).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def fuse(visible, thermal, modulation, out):
        out[...] = graph(*(torch.tensor(array) for array in (visible, thermal, modulation))).numpy()

    return "PyTorch bf16", fuse


def onnx_runtime(config: EngineConfig) -> tuple[str, Fuse]:
    """ONNX Runtime on the CPU, float32, with its own choice of threads."""
    import onnxruntime

    graph = ImageGraph(config.network, config.height, config.width).eval()
    model = io.BytesIO()
    torch.onnx.export(graph, graph.example(), model, dynamo=False, input_names=["visible", "thermal", "modulation"])
    session = onnxruntime.InferenceSession(model.getvalue(), providers=["CPUExecutionProvider"])

    def fuse(visible, thermal, modulation, out):
        inputs = {"visible": visible, "thermal": thermal, "modulation": modulation}
        out[...] = session.run(None, inputs)[0]

    return "ONNX Runtime", fuse


def measure(config: EngineConfig, rounds: int) -> dict[str, dict]:
    rows: dict[str, dict] = {}
    fuses: dict[str, Fuse] = {}
    with tempfile.TemporaryDirectory() as cache, torch.inference_mode():
        os.environ["TEXTFUSE_CACHE"] = cache  # empty, so that the first build is one
        for name, make in contenders().items():
            try:
                start = time.perf_counter()
                label, fuses[name] = make(config)
                first = time.perf_counter() - start
                start = time.perf_counter()
                make(config)
                rows[name] = {"engine": label, "build_s": round(first, 2)}
                rows[name]["again_s"] = round(time.perf_counter() - start, 2)
            except Exception as error:  # whatever a missing package or device raises
                rows[name] = {"absent": " ".join(str(error).split())}
        del os.environ["TEXTFUSE_CACHE"]
        visible, thermal = check_pair(config.height, config.width)
        modulation = config.network.modulation(torch.full((1, config.network.config.inputs), 0.2)).numpy()
    images = {name: np.empty_like(visible) for name in fuses}
    times: dict[str, list[float]] = {name: [] for name in fuses}
    for _ in range(rounds):
        for name, fuse in fuses.items():
            for number in range(WARM_UP + RUNS):
                start = time.perf_counter()
                fuse(visible, thermal, modulation, images[name])
                if number >= WARM_UP:
                    times[name].append((time.perf_counter() - start) * 1e3)
    for name, values in times.items():
        mean, tail = difference(images[name], images["eager"])
        rows[name] |= {
            "fuse_ms": spread(values),
            "of_eager": round(float(np.median(values) / np.median(times["eager"])), 3),
            "mean_difference": round(mean, 3),
            "tail_difference": tail,
        }
    return rows


def prompt() -> dict[str, float]:
    """Milliseconds of a prompt change, another prompt each time: understanding one again is a look-up."""
    fuser = Fuser()
    fuser.set_prompt("it is dark and the thermal camera is noisy")  # loads the sentence encoder
    times = []
    for number in range(30):
        start = time.perf_counter()
        fuser.set_prompt(f"fog over field {number}")
        times.append((time.perf_counter() - start) * 1e3)
    return spread(times)


def draw(result: dict, path: Path) -> None:
    """Median of every contender at every size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sizes = result["sizes"]
    figure, axes = plt.subplots(1, len(sizes), figsize=(4 * len(sizes), 2.6), layout="constrained", squeeze=False)
    for plot, (size, rows) in zip(axes[0], sizes.items(), strict=True):
        present = {row["engine"]: row["fuse_ms"] for row in rows.values() if "fuse_ms" in row}
        medians = [values["median"] for values in present.values()]
        bars = plot.barh(list(present), medians, color="#d9822b")
        plot.bar_label(bars, fmt="%.1f", padding=3)
        plot.set(title=size, xlabel="ms a pair", xlim=(0, max(medians) * 1.2))
        plot.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
