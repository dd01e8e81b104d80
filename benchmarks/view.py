"""What the window costs: a graph at 30 Hz with nobody, one browser, and five viewers who look.

    python benchmarks/view.py [--rate 30] [--seconds 15] [--json F]

Chromium runs on the same machine and takes its share of it. For each: processor time of the view and the fusion
process, frames that the page painted, pairs fused and dropped, and with a browser the milliseconds from stamp
to paint.
"""

import argparse
import os
import re
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
from machine import describe_machine, spread, write

from ros2_textfuse.recordings.simulated_scene import write_videos
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import START_PATIENCE, NodeGraph

sys.path.insert(0, str(Path(__file__).parents[1]))  # the browser and the viewers are those of the tests
SETTLE = 3.0  # s, for subscriptions to come and go


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=30.0, help="pairs a second (default 30)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to measure each (default 15)")
    parser.add_argument("--json", type=Path, help="write the result here")
    args = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", "98")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    environment.prepare()
    result: dict = {"environment": describe_machine(), "size": "640x480", "rate_hz": args.rate, "runs": []}
    with tempfile.TemporaryDirectory() as folder, NodeGraph(Path(folder)) as nodes, watching() as graph:
        visible, thermal = map(str, write_videos(Path(folder) / "scene", args.rate))
        fusion = nodes.start("fusion", {"model": "auto"})
        view = nodes.start("view", {"port": 0})
        nodes.wait(lambda: "active: listening" in nodes.log("fusion"), START_PATIENCE, "fusion is not active")
        found = nodes.wait(lambda: re.search(r"open (http\S+) in", nodes.log("view")), 30.0, "the page is not served")
        nodes.start("player", {"visible": visible, "thermal": thermal, "rate": args.rate, "loop": True})
        nodes.wait(lambda: graph.pairs_fused > 30, 30.0, "nothing is fused")
        processes = {"view": psutil.Process(view.pid), "fusion": psutil.Process(fusion.pid)}

        def report(who: str, watch=lambda: {}) -> None:
            run = {"viewers": who, **measure(processes, graph, args.seconds, watch)}
            result["runs"].append(run)
            print(run)

        report("nobody")
        with looking(found[1]) as page:
            report("a browser", lambda: page(args.seconds))
        with many(int(re.search(r":(\d+)/", found[1])[1]), 5) as frames:
            report("five viewers", lambda: time.sleep(args.seconds) or {"frames": [len(seen) for seen in frames]})
    write(result, args.json)


def measure(processes: dict, graph, seconds: float, watch) -> dict:
    """Figures of a stretch of time, during which `watch` looks."""
    time.sleep(SETTLE)
    start = time.monotonic()
    before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    fused, dropped = graph.pairs_fused, graph.pairs_dropped
    seen = watch() or time.sleep(seconds) or {}
    passed = time.monotonic() - start
    cores = {name: sum(process.cpu_times()[:2]) - before[name] for name, process in processes.items()}
    return {
        **{f"{name}_cores": round(spent / passed, 3) for name, spent in cores.items()},
        "fused_hz": round((graph.pairs_fused - fused) / passed, 1),
        "dropped": graph.pairs_dropped - dropped,
        **seen,
        "load": os.getloadavg()[0],
    }


@contextmanager
def watching():
    """The counts of the fusion node's status, kept up to date."""
    from rclpy.node import Node
    from textfuse.msg import FusionStatus

    from ros2_textfuse.nodes.common.observer import observing

    seen = SimpleNamespace(pairs_fused=0, pairs_dropped=0)

    def take(status) -> None:
        seen.pairs_fused, seen.pairs_dropped = status.pairs_fused, status.pairs_dropped

    with observing(lambda context: Node("benchmark", namespace="textfuse", context=context)) as node:
        node.create_subscription(FusionStatus, "status", take, 10)
        yield seen


@contextmanager
def looking(address: str):
    """A headless Chromium on the page; gives a function that watches it for so many seconds."""
    from tests.helpers.chromium import Page, chromium

    with chromium() as browser, Page(browser, address) as page:
        page.frames(5)

        def watch(seconds: float) -> dict:
            first, end = int(page.page.evaluate("document.body.dataset.frames")), time.monotonic() + seconds
            latencies = []
            while time.monotonic() < end:
                page.page.wait_for_timeout(500)
                if latency := page.page.evaluate("document.body.dataset.latency"):
                    latencies.append(float(latency))
            frames = int(page.page.evaluate("document.body.dataset.frames")) - first
            return {"painted_hz": round(frames / seconds, 1), "stamp_to_paint_ms": spread(latencies)}

        yield watch


@contextmanager
def many(port: int, count: int):
    """Viewers without a browser, each in a thread; gives the frames of each."""
    from websockets.exceptions import ConnectionClosed

    from tests.helpers.page import Browser

    def look(viewer) -> None:
        with suppress(ConnectionClosed):
            while True:
                viewer.read()

    viewers = [Browser(SimpleNamespace(port=port)) for _ in range(count)]
    for viewer in viewers:
        threading.Thread(target=look, args=(viewer,), daemon=True).start()
    yield [viewer.frames for viewer in viewers]
    for viewer in viewers:
        viewer.socket.close()


if __name__ == "__main__":
    main()
