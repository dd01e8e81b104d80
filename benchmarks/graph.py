"""The whole graph over DDS: player, fusion and detection as processes, watched by a fourth that takes small messages.

    python benchmarks/graph.py [--model auto] [--rates 10 30 60] [--seconds 20] [--highest] [--json F] [--image F]

For each rate: pairs fused and dropped, detections, where each millisecond goes (the stages that the fusion node
measures on each pair and publishes in its status), camera stamp to detections, CPU and memory of each node, and the
slope of the memory over time. `--highest` looks for the highest rate that loses nothing in two of three runs, and says
fuse()'s own time of that run beside the machine's peak, so that runs on different machines compare.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import roofline
from machine import describe_machine, spread, write

from ros2_textfuse.recordings.simulated_scene import write_videos
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import NodeGraph

PATIENCE = 120.0  # s for the nodes to start, and for the first detections
WARM_UP = 3.0  # s of the graph that are not counted
STAGES = ("pairing_ms", "conversion_ms", "fusion_ms", "publish_ms", "latency_ms")
LOSS = 0.001  # share of the pairs that may be lost where nothing is; one in half a minute of 30 Hz
HOPELESS = 0.1  # share of the pairs that no other try will save
TOP = 120  # Hz, more than any camera's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[10.0, 30.0, 60.0], help="pairs a second")
    parser.add_argument("--size", default="640x480", help="WIDTHxHEIGHT of the images (default 640x480)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure each rate (default 20)")
    parser.add_argument("--highest", action="store_true", help="look for the highest rate that loses nothing")
    parser.add_argument("--model", default="nano", help="of the fusion node: a name, a file or auto (default nano)")
    parser.add_argument("--interval", type=int, default=1, help="of the detection node: detect in every n-th frame")
    parser.add_argument("--max-interval", type=int, default=3, help="of the detection node, where fusion drops pairs")
    parser.add_argument("--engine", default="auto", help="engine of the fusion node (default auto)")
    parser.add_argument("--threads", type=int, default=0, help="of each node's engine (default: the engine's choice)")
    parser.add_argument("--nice", type=int, default=10, help="of the detection node (default 10)")
    parser.add_argument("--prompt-changes", action="store_true", help="set another prompt every second")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--image", type=Path, help="draw the latencies here (.png, .svg)")
    args = parser.parse_args()
    result: dict = {"environment": describe_machine(), "size": args.size, "rates": []}
    # What the machine reaches beside this, so that runs on different ones compare.
    result["peak"] = asdict(roofline.measure({})[0])

    def measure(rate: float, seconds: float) -> dict:
        run, latencies = graph(rate, seconds, args)
        print_run(run)
        result["rates"].append(run)
        traces[rate] = latencies
        return run

    traces: dict[float, list[float]] = {}
    for rate in args.rates:
        measure(rate, args.seconds)
    if args.highest:
        result["highest"] = best = highest(measure, args.seconds)
        peak = ", ".join(f"{value:.0f} GFLOP/s {name}" for name, value in result["peak"]["gflops"].items())
        print(f"\nhighest rate without loss: {best['rate_hz']:g} Hz with {best['model']}")
        print(f"fuse() {best['fuse_ms']:.1f} ms there; the machine reaches {peak}")
    write(result, args.json)
    if args.image:
        draw(traces, args.image)


def highest(measure: Callable[[float, float], dict], seconds: float) -> dict:
    """The highest whole rate that holds, by halving; 0 when 5 Hz are too many."""
    good, bad = 4, TOP
    best = {"rate_hz": 0.0, "model": "", "fuse_ms": 0.0}
    while bad - good > 1:
        rate = (good + bad) // 2
        if run := held(measure, float(rate), seconds):
            fuse_ms = run["stages"]["fusion_ms"]["median"]
            good, best = rate, {"rate_hz": run["rate_hz"], "model": run["model"], "fuse_ms": fuse_ms}
        else:
            bad = rate
    return best


def held(measure: Callable[[float, float], dict], rate: float, seconds: float) -> dict | None:
    """A run that lost nothing, where two of at most three do: what else happens on the machine may spoil one."""
    good: list[dict] = []
    for tries in range(1, 4):
        run = measure(rate, seconds)
        if whole(run):
            good.append(run)
        if len(good) == 2:
            return run
        if tries - len(good) == 2 or not whole(run, HOPELESS):
            return None
    return None


def whole(run: dict, loss: float = LOSS) -> bool:
    """Whether a run lost no more than a share: images came at the rate, were fused, and got detections or tracks."""
    least = (1 - loss) * run["seconds"] * run["rate_hz"] - 2  # the ends of the time fall between two images
    return run["dropped"] <= loss * run["received"] and min(run["fused"], run["detections"]) >= least


def graph(rate: float, seconds: float, args: argparse.Namespace) -> tuple[dict, list[float]]:
    """One run; what was measured, and the latency of every pair whose status was seen."""
    environment.prepare()
    os.environ.setdefault("ROS_DOMAIN_ID", "99")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    from rclpy.node import Node
    from textfuse.msg import Detection2DArray, FusionStatus
    from textfuse.srv import SetPrompt

    from ros2_textfuse.nodes.common.observer import observing
    from ros2_textfuse.sync.pairing import stamp_ns

    class Watcher(Node):
        """Listens to small messages only, so that it does not load the graph with images."""

        def __init__(self, context: Any) -> None:
            super().__init__("benchmark", namespace="textfuse", context=context)
            self.statuses: list[FusionStatus] = []
            self.detections: list[float] = []
            self.create_subscription(FusionStatus, "status", self.statuses.append, 10)
            self.create_subscription(Detection2DArray, "detections", self.detect, 100)
            self.prompts = self.create_client(SetPrompt, "set_prompt")

        def detect(self, message: Detection2DArray) -> None:
            self.detections.append((self.get_clock().now().nanoseconds - stamp_ns(message)) / 1e6)

    with tempfile.TemporaryDirectory() as folder:
        width, height = map(int, args.size.split("x"))
        visible, thermal = (resized(path, width, height) for path in write_videos(folder, rate))
        with NodeGraph(Path(folder)) as nodes_graph, observing(Watcher) as watcher:
            fusion = {"model": args.model, "expected_rate": rate, "engine": args.engine, "threads": args.threads}
            expected = {"width": width, "height": height}  # of the player as well: its DDS profile has room for them
            detection = {"threads": args.threads, "nice": args.nice}
            detection |= {"interval": args.interval, "max_interval": args.max_interval}
            nodes = {
                "fusion": nodes_graph.start("fusion", fusion | expected),
                "detection": nodes_graph.start("detection", detection),
            }
            nodes_graph.wait(lambda: watcher.statuses and watcher.count_publishers("detections"), PATIENCE, "no nodes")
            play = {"visible": str(visible), "thermal": str(thermal), "loop": True, **expected}
            nodes["player"] = nodes_graph.start("player", play)
            nodes_graph.wait(lambda: watcher.detections, PATIENCE, "no detections")
            time.sleep(WARM_UP)
            before, first = watcher.statuses[-1], len(watcher.statuses)
            watcher.detections.clear()
            cpu = {name: cpu_seconds(process.pid) for name, process in nodes.items()}
            start = time.monotonic()
            memory: dict[str, list[float]] = {name: [] for name in nodes}
            while time.monotonic() < start + seconds:
                for name, process in nodes.items():
                    memory[name].append(resident_mib(process.pid))
                if args.prompt_changes:
                    sentence = f"fog over field {len(memory['fusion'])}, and a noisy thermal camera"
                    watcher.prompts.call_async(SetPrompt.Request(prompt=sentence))
                time.sleep(1.0)
            elapsed = time.monotonic() - start
            after, last = watcher.statuses[-1], len(watcher.statuses)
            detections = list(watcher.detections)
            used = {name: (cpu_seconds(process.pid) - cpu[name]) / elapsed for name, process in nodes.items()}
    measured = watcher.statuses[first:last]
    run = {
        "rate_hz": rate,
        "seconds": round(elapsed, 1),
        "model": after.model,
        "model_reason": after.model_reason,
        "engine": after.engine,
        "threads": args.threads,
        "detection_nice": args.nice,
        "received": min(after.visible_received, after.thermal_received)
        - min(before.visible_received, before.thermal_received),
        "fused": after.pairs_fused - before.pairs_fused,
        "dropped": after.pairs_dropped - before.pairs_dropped,
        "prompt_changes": after.prompt_changes - before.prompt_changes,
        "unpaired": after.visible_unpaired + after.thermal_unpaired - before.visible_unpaired - before.thermal_unpaired,
        "detections": len(detections),
        "stages": {stage: spread([getattr(status, stage) for status in measured]) for stage in STAGES},
        "stamp_to_detections_ms": spread(detections),
        "cpu_cores": {name: round(value, 2) for name, value in used.items()},
        "memory_mib": {name: trend(values) for name, values in memory.items()},
    }
    return run, [status.latency_ms for status in measured]


def resized(video: Path, width: int, height: int) -> Path:
    """The video with frames of another size, beside it; itself where they have it."""
    reader = cv2.VideoCapture(str(video))
    if (reader.get(cv2.CAP_PROP_FRAME_WIDTH), reader.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (width, height):
        return video
    path = video.with_stem(f"{video.stem}_{width}x{height}")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), (width, height))
    while (frame := reader.read()[1]) is not None:
        writer.write(cv2.resize(frame, (width, height)))
    writer.release()
    return path


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def trend(values: list[float]) -> dict[str, float]:
    """Last value, and slope per minute with its standard error, of values a second apart."""
    result = {"last": round(values[-1], 1)}
    if len(values) > 10:
        (slope, _), covariance = np.polyfit(np.arange(len(values)) / 60, values, 1, cov=True)
        result |= {"slope_per_minute": round(slope, 3), "standard_error": round(float(np.sqrt(covariance[0, 0])), 3)}
    return result


def print_run(run: dict) -> None:
    counts = ", ".join(f"{run[name]} {name}" for name in ("received", "fused", "dropped", "unpaired", "detections"))
    print(f"\n{run['rate_hz']:g} Hz, {run['seconds']:g} s, {run['model']} on {run['engine']}: {counts}")
    rows = {**run["stages"], "stamp to detections": run["stamp_to_detections_ms"]}
    for name, values in rows.items():
        label = name.removesuffix("_ms")
        print(f"  {label:<20} median {values['median']:7.2f} ms   p10 {values['p10']:7.2f}   p99 {values['p99']:7.2f}")
    for name, value in run["cpu_cores"].items():
        memory = run["memory_mib"][name]
        slope = f", {memory['slope_per_minute']:+.2f} a minute" if "slope_per_minute" in memory else ""
        print(f"  {name:<10} {value:.2f} cores, {memory['last']:.0f} MiB{slope}")


def draw(traces: dict[float, list[float]], path: Path) -> None:
    """Latency of the pairs at each rate, as a cumulative distribution."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for rate, latencies in sorted(traces.items()):
        axes.plot(sorted(latencies), np.linspace(0, 100, len(latencies)), label=f"{rate:g} Hz")
    axes.set(xlabel="camera stamp to fused published, ms", ylabel="% of the pairs", xlim=(0, 100), ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
