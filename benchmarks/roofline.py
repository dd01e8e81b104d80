"""How near each engine comes to what this machine can do, and, for OpenVINO, each layer.

    python benchmarks/roofline.py [--models nano pico rain] [--size 640x480] [--threads 0] [--layers 15] [--json F]

What the machine can do is measured in the same run on the same threads: a plain matrix product in float32 and in
bf16, and a plain copy of memory. An engine or a layer is bounded by whichever takes longer, its arithmetic at that
peak or its bytes at that bandwidth; its share is that bound divided by the time that it takes. Engines, products and
copies take turns, so that what else happens on the machine falls on all of them.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine, write
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from ros2_textfuse.engines import EngineConfig, build_engine
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.selection import candidates
from ros2_textfuse.engines.verification import check_pair
from ros2_textfuse.networks.source import network_of
from ros2_textfuse.networks.stored import CLEARED, read_clearing
from ros2_textfuse.networks.weights import load_network

ROUNDS = 30
PRODUCT = 1536  # rows and columns of the matrices; three of them in float32 are 28 MB
COPY = 64 << 20  # bytes, more than a cache holds
LOW = 0.5  # share of the bound below which a layer is marked


@dataclass(frozen=True)
class Peak:
    """What a plain product and a plain copy reach."""

    gflops: dict[str, float]
    """Floating point operations a nanosecond, by precision."""
    gbytes: float
    """Bytes a nanosecond, read and written."""

    def bound(self, flops: float, moved: float, precision: str) -> float:
        """Milliseconds that so much arithmetic, or so many bytes, take at least."""
        return max(flops / self.gflops[precision], moved / self.gbytes) / 1e6


@dataclass(frozen=True)
class Layer:
    """One executed layer of OpenVINO's."""

    name: str
    kind: str
    precision: str
    ms: float
    flops: float
    moved: float
    """Bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--models", nargs="+", default=["nano", "pico", *CLEARED], help="names or weights files, or what is cleared"
    )
    parser.add_argument("--size", default="640x480", help="WIDTHxHEIGHT (default 640x480)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for all (default)")
    parser.add_argument("--layers", type=int, default=15, help="slowest layers to print (default 15)")
    parser.add_argument("--json", type=Path, help="write the result here")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    threads = args.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    networks = {
        model: network_of(read_clearing(model)) if model in CLEARED else load_network(model) for model in args.models
    }
    configs = {model: EngineConfig(network, height, width, threads) for model, network in networks.items()}
    runs: dict[tuple[str, str], Callable[[], object]] = {}
    absent = {}
    for model, config in configs.items():
        for name in candidates():
            try:
                engine, _ = build_engine(name, config)
            except Exception as error:  # whatever a missing package or device raises
                absent[name] = " ".join(str(error).split())
            else:
                runs[model, engine.name] = _fusing(engine, config)
    peak, times = measure(runs)
    print(", ".join(f"{value:.0f} GFLOP/s {name}" for name, value in peak.gflops.items()), end="")
    print(f", {peak.gbytes:.1f} GB/s, {threads} threads, {args.size}")
    result: dict = {"environment": describe_machine(), "peak": asdict(peak), "threads": threads, "size": args.size}
    result |= {"engines": [], "layers": {}, "absent": absent}
    for (model, engine), ms in times.items():
        flops, moved = cost(configs[model])
        precision = "bf16" if "bf16" in engine else "float32"
        share = peak.bound(flops, 0, precision) / ms
        result["engines"].append(
            {"model": model, "engine": engine, "ms": round(ms, 2), "gflop": round(flops / 1e9, 2)}
            | {"mbytes_unfused": round(moved / 1e6, 1), "share_of_peak": round(share, 3)}
        )
        print(f"{model:<13} {engine:<16} {ms:8.2f} ms  {flops / 1e9:5.2f} GFLOP  {moved / 1e6:6.1f} MB unfused  "
              f"{share:.2f} of the {precision} peak")  # fmt: skip
    for model, config in configs.items():
        if any("openvino" in engine for of, engine in runs if of == model):
            layers = openvino_layers(config)
            result["layers"][model] = [asdict(layer) | {"share": share_of(layer, peak)} for layer in layers]
            show(model, layers, peak, args.layers)
    for name, reason in absent.items():
        print(f"absent: {name}: {reason[:120]}")
    write(result, args.json)


def _fusing(engine, config: EngineConfig) -> Callable[[], object]:
    visible, thermal = check_pair(config.height, config.width)
    with torch.inference_mode():
        modulation = config.network.modulation(torch.zeros(1, config.network.config.inputs)).numpy()
    out = np.empty_like(visible)
    return lambda: engine.run(visible, thermal, modulation, out)


def measure(runs: dict[tuple[str, str], Callable[[], object]]) -> tuple[Peak, dict[tuple[str, str], float]]:
    """Let all take turns; returns what the machine reached, and milliseconds of each: a fifth were faster."""
    factors = {
        name: torch.ones(PRODUCT, PRODUCT, dtype=dtype)
        for name, dtype in (("float32", torch.float32), ("bf16", torch.bfloat16))
    }
    source, target = torch.zeros(COPY, dtype=torch.uint8), torch.empty(COPY, dtype=torch.uint8)
    turns: dict[object, Callable[[], object]] = {
        **{name: lambda factor=factor: factor @ factor for name, factor in factors.items()},
        "copy": lambda: target.copy_(source),
        **runs,
    }
    spent: dict[object, list[float]] = {name: [] for name in turns}
    for number in range(ROUNDS + 2):
        for name, run in turns.items():
            start = time.perf_counter()
            run()
            if number >= 2:  # after a warm-up
                spent[name].append((time.perf_counter() - start) * 1e3)
    best = {name: float(np.percentile(values, 20)) for name, values in spent.items()}
    gflops = {name: round(2 * PRODUCT**3 / best[name] / 1e6, 1) for name in factors}
    return Peak(gflops, round(2 * COPY / best["copy"] / 1e6, 2)), {name: best[name] for name in runs}


class _Moved(TorchDispatchMode):
    """Counts the bytes that each operator reads and writes where none is fused with the next."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = [x for x in (*args, *(result if isinstance(result, (tuple, list)) else (result,)))]
            self.bytes += sum(x.nbytes for x in tensors if isinstance(x, torch.Tensor))
        return result


def cost(config: EngineConfig) -> tuple[float, float]:
    """Floating point operations of a frame, and bytes that PyTorch's operators move one by one."""
    graph = ImageGraph(config.network, config.height, config.width).eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        graph(*graph.example())
    with torch.inference_mode(), _Moved() as moved:
        graph(*graph.example())
    return float(counter.get_total_flops()), float(moved.bytes)


def openvino_layers(config: EngineConfig) -> list[Layer]:
    """The executed layers of OpenVINO's graph, timed over ROUNDS frames, slowest first."""
    from ros2_textfuse.engines.openvino import converted
    from ros2_textfuse.runtime.openvino_core import compile_options, core

    options = {**compile_options(config.threads), "PERF_COUNT": True}
    compiled = core().compile_model(converted(config), "CPU", options)
    request = compiled.create_infer_request()
    inputs = [x.numpy() for x in ImageGraph(config.network, config.height, config.width).example()]
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        request.infer(inputs)
        for info in request.get_profiling_info():
            times.setdefault(info.node_name, []).append(info.real_time.total_seconds() * 1e3)
    layers = []
    for op in compiled.get_runtime_model().get_ops():
        about = {key: str(op.get_rt_info()[key].astype(str)) for key in ("layerType", "runtimePrecision")}
        ms = float(np.percentile(times.get(op.get_friendly_name(), [0.0]), 20))
        if ms:
            layers.append(
                Layer(op.get_friendly_name(), about["layerType"], about["runtimePrecision"], ms, _flops(op), _bytes(op))
            )
    return sorted(layers, key=lambda layer: -layer.ms)


def _flops(op) -> float:
    """Of a convolution or a matrix product, two for each multiplication; 0 of what else there is."""
    kind = str(op.get_rt_info()["layerType"].astype(str))
    if kind not in ("Convolution", "FullyConnected", "MatMul"):
        return 0.0
    weights = list(op.input(1).get_partial_shape().to_shape())
    return 2.0 * prod(op.output(0).shape) * prod(weights[1:])


def _bytes(op) -> float:
    ends = [*op.inputs(), *op.outputs()]
    return float(sum(prod(end.get_partial_shape().to_shape()) * end.get_element_type().size for end in ends))


def share_of(layer: Layer, peak: Peak) -> float:
    """Bound over time, at most 1: what lies in a cache is moved faster than memory."""
    precision = "bf16" if layer.precision == "bf16" else "float32"
    return round(min(1.0, peak.bound(layer.flops, layer.moved, precision) / layer.ms), 3)


def show(model: str, layers: list[Layer], peak: Peak, count: int) -> None:
    whole = sum(layer.ms for layer in layers)
    low = sum(layer.ms for layer in layers if share_of(layer, peak) < LOW)
    print(
        f"\n{model} on OpenVINO: {len(layers)} layers, {whole:.2f} ms; {low / whole:.0%} of it below {LOW} of its bound"
    )
    for layer in layers[:count]:
        share = share_of(layer, peak)
        print(f"  {layer.ms:6.3f} ms {layer.ms / whole:4.0%}  {share:4.2f}{' low' if share < LOW else '    '}  "
              f"{layer.flops / 1e6:7.1f} MFLOP {layer.moved / 1e6:5.1f} MB  {layer.precision:<4} {layer.kind:<12} "
              f"{layer.name[-48:]}")  # fmt: skip


if __name__ == "__main__":
    main()
