"""Where each millisecond of the graph goes: player, fusion and detection as processes over DDS.

    python benchmarks/stages.py [--rate 15] [--seconds 20] [--engine auto] [--json benchmarks/results/stages.json]

The stages are those that the fusion node measures on each pair and publishes in its status; latency to fused and to
detections is seen from outside, by another node. The core's engines are timed in the same run, alone, as ratios to
eager PyTorch.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from ros2_textfuse import environment
from ros2_textfuse.detector import Detector
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.processes import Processes, node_command
from ros2_textfuse.simulated_scene import frames, write_videos

WARM_UP = 3.0  # s of the graph that are not counted
STAGES = ("pairing_ms", "conversion_ms", "fusion_ms", "publish_ms", "latency_ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=15.0, help="pairs a second (default 15)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure (default 20)")
    parser.add_argument("--engine", default="auto", help="engine of the fusion node (default auto)")
    parser.add_argument("--threads", type=int, default=0, help="of each node's engine (default: the engine's choice)")
    parser.add_argument("--json", type=Path, help="write the result here")
    args = parser.parse_args()
    result = {
        "environment": describe_machine(),
        "core_640x480": {engine: core(engine) for engine in ("eager", "openvino")},
        "detector_640x480": detector(),
        "graph_640x480": graph(args.rate, args.seconds, args.engine, args.threads),
    }
    print_table(result)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=2) + "\n")


def describe_machine() -> dict:
    import openvino
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "openvino": openvino.get_version(),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, 10th and 99th percentile of milliseconds."""
    low, high = np.percentile(values, (10, 99))
    return {"median": round(statistics.median(values), 2), "p10": round(low, 2), "p99": round(high, 2)}


def core(engine: str, count: int = 60) -> dict:
    """`Fuser.fuse` alone, uint8 to uint8."""
    fuser = Fuser(engine=engine)
    pairs = list(frames(20))
    out = np.empty_like(pairs[0][0])
    times = []
    for number in range(10 + count):
        start = time.perf_counter()
        fuser.fuse(*pairs[number % 20], out=out)
        times.append((time.perf_counter() - start) * 1e3)
    start = time.perf_counter()
    fuser.set_prompt("it is dark and the thermal camera is noisy")
    first = (time.perf_counter() - start) * 1e3  # loads the sentence encoder
    words = []
    for number in range(20):  # texts of their own: understanding a text again is a look-up
        start = time.perf_counter()
        fuser.set_prompt(f"fog over field {number} with {engine}")
        words.append((time.perf_counter() - start) * 1e3)
    return {
        "engine": fuser.engine_name,
        "fuse_ms": spread(times[10:]),
        "first_words_ms": round(first, 1),
        "new_words_ms": spread(words),
    }


def detector(count: int = 60) -> dict:
    """`Detector.detect` alone."""
    yolo = Detector()
    pictures = [visible for visible, _ in frames(20)]
    times = []
    for number in range(10 + count):
        start = time.perf_counter()
        yolo.detect(pictures[number % 20])
        times.append((time.perf_counter() - start) * 1e3)
    return {"engine": yolo.engine_name, "detect_ms": spread(times[10:])}


def graph(rate: float, seconds: float, engine: str, threads: int) -> dict:
    """The nodes as processes, watched from outside."""
    environment.prepare()
    os.environ.setdefault("ROS_DOMAIN_ID", "99")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from textfuse.msg import Detection2DArray, FusionStatus

    from ros2_textfuse.pairing import stamp_ns

    class Watcher(Node):
        """Listens to small messages only, so that it does not load the graph with pictures."""

        def __init__(self) -> None:
            super().__init__("benchmark", namespace="textfuse")
            self.statuses: list[FusionStatus] = []
            self.detections: list[float] = []
            self.create_subscription(FusionStatus, "status", self.statuses.append, 10)
            self.create_subscription(Detection2DArray, "detections", self.detect, 10)

        def detect(self, message: Detection2DArray) -> None:
            self.detections.append((self.get_clock().now().nanoseconds - stamp_ns(message)) / 1e6)

    with tempfile.TemporaryDirectory() as folder, rclpy.init(args=[]), Processes() as processes:
        visible, thermal = write_videos(folder, rate)
        watcher = Watcher()
        executor = SingleThreadedExecutor()
        executor.add_node(watcher)
        thread = threading.Thread(target=executor.spin)
        thread.start()
        try:
            nodes = {
                "fusion": processes.start(
                    "fusion", node_command("fusion", parameters={"engine": engine, "threads": threads})
                ),
                "detection": processes.start("detection", node_command("detection", parameters={"threads": threads})),
            }
            wait(lambda: watcher.statuses and watcher.count_publishers("detections"))
            play = {"visible": str(visible), "thermal": str(thermal), "loop": True}
            nodes["player"] = processes.start("player", node_command("player", parameters=play))
            wait(lambda: watcher.detections)
            time.sleep(WARM_UP)
            before, first = watcher.statuses[-1], len(watcher.statuses)
            watcher.detections.clear()
            cpu = {name: cpu_seconds(process.pid) for name, process in nodes.items()}
            start = time.monotonic()
            time.sleep(seconds)
            elapsed = time.monotonic() - start
            used = {name: (cpu_seconds(process.pid) - cpu[name]) / elapsed for name, process in nodes.items()}
            memory = {name: resident_mib(process.pid) for name, process in nodes.items()}
            time.sleep(1.0)
            after = watcher.statuses[-1]
        finally:
            executor.shutdown()
            thread.join()
    measured = watcher.statuses[first:]
    return {
        "rate_hz": rate,
        "seconds": round(elapsed, 1),
        "engine": after.engine,
        "threads": threads,
        "fused": after.pairs_fused - before.pairs_fused,
        "dropped": after.pairs_dropped - before.pairs_dropped,
        "alone": after.visible_alone + after.thermal_alone - before.visible_alone - before.thermal_alone,
        "detections": len(watcher.detections),
        "stages": {stage: spread([getattr(status, stage) for status in measured]) for stage in STAGES},
        "stamp_to_detections_ms": spread(watcher.detections),
        "cpu_cores": {name: round(value, 2) for name, value in used.items()},
        "memory_mib": memory,
    }


def wait(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the nodes did not start")
        time.sleep(0.1)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def print_table(result: dict) -> None:
    machine, cores, flow = result["environment"], result["core_640x480"], result["graph_640x480"]
    print(f"\n{machine['cpu']}, {machine['cores']} cores, load before {machine['load_before']:.1f}")
    reference = cores["eager"]["fuse_ms"]["median"]
    for row in cores.values():
        median = row["fuse_ms"]["median"]
        print(f"  fuse() on {row['engine']:<14} {median:6.1f} ms   {median / reference:.2f} of eager")
        print(f"  new words                    {row['new_words_ms']['median']:6.1f} ms")
    yolo = result["detector_640x480"]
    print(f"  detect() on {yolo['engine']:<12} {yolo['detect_ms']['median']:6.1f} ms")
    print(f"graph at {flow['rate_hz']:g} Hz: {flow['fused']} fused, {flow['dropped']} dropped, {flow['alone']} alone, "
          f"{flow['detections']} detections")  # fmt: skip
    rows = {**flow["stages"], "stamp to detections": flow["stamp_to_detections_ms"]}
    for name, values in rows.items():
        label = name.removesuffix("_ms")
        print(f"  {label:<20} median {values['median']:7.2f} ms   p10 {values['p10']:7.2f}   p99 {values['p99']:7.2f}")
    for name, value in flow["cpu_cores"].items():
        print(f"  {name:<10} {value:.2f} cores, {flow['memory_mib'][name]} MiB")


if __name__ == "__main__":
    main()
