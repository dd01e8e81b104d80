"""From the start of the nodes to the first fused pair and the first detections, and the memory that they take.

    python benchmarks/startup.py [--model auto nano pico] [--rounds 2] [--json F]

The cameras run already, as on a robot. The first start of a model finds an empty cache, but for the detector's
weights: engines are built and the detector is exported. The others find what the first one left. `--launch` starts them
by `ros2 launch textfuse fusion.launch.py`, from the command on, where launch and ros2cli can be imported: in turns with
starts of the nodes themselves, so that the difference is launch's own.
"""

import argparse
import contextlib
import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from graph import resident_mib
from machine import describe_machine, write

from ros2_textfuse.detection.weights import find_weights
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import NodeGraph

DRIVER = Path(__file__).parents[1] / "tests" / "helpers" / "plain_cameras.py"
PATIENCE = 180.0  # s for a first start
SETTLING = 10.0  # s until memory is read
LAUNCH = ("ros2cli", "ros2launch", "launch_ros")  # modules of a distribution; they are not on PyPI
ROS2 = "import sys; from ros2cli.cli import main; sys.exit(main())"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["auto"], help="of the fusion node (default auto)")
    parser.add_argument("--rate", type=float, default=30.0, help="pairs a second of the cameras (default 30)")
    parser.add_argument("--rounds", type=int, default=2, help="starts with a cache (default 2)")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--launch", action="store_true", help="in turns with starts by ros2 launch")
    args = parser.parse_args()
    missing = [name for name in LAUNCH if importlib.util.find_spec(name) is None] if args.launch else []
    if missing:
        print(f"ros2 launch is left out: {', '.join(missing)} cannot be imported; source a distribution of ROS")
    environment.prepare()
    os.environ.setdefault("ROS_DOMAIN_ID", "99")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    weights = find_weights()
    result: dict = {"environment": describe_machine(), "size": "640x480", "rate_hz": args.rate, "starts": []}
    ways = ["nodes", "ros2 launch"] if args.launch and not missing else ["nodes"]
    for model in args.model:
        with contextlib.ExitStack() as stack:
            caches = {way: stack.enter_context(tempfile.TemporaryDirectory()) for way in ways}
            for cache in caches.values():
                shutil.copy(weights, cache)
            for number, way in itertools.product(range(1 + args.rounds), ways):
                os.environ["TEXTFUSE_CACHE"] = caches[way]
                run = {"model": model, "cache": "warm" if number else "cold", "by": way, "load": os.getloadavg()[0]}
                run |= start(model, args.rate, way == "ros2 launch")
                result["starts"].append(run)
                print(run, flush=True)
    write(result, args.json)


def start(model: str, rate: float, launched: bool = False) -> dict:
    """One start: seconds to the first results, and of each node its memory and whether torch is loaded.

    By `ros2 launch`, if `launched`: then the params file says what rate is expected, and the nodes are not looked at.
    """
    from rclpy.node import Node
    from sensor_msgs.msg import Image
    from textfuse.msg import Detection2DArray

    from ros2_textfuse.nodes.common.observer import observing

    class Watcher(Node):
        """Notes when something came first."""

        def __init__(self, context: Any) -> None:
            super().__init__("benchmark", namespace="textfuse", context=context)
            self.first: dict[str, float] = {}
            topics = {"visible": "/visible/image_raw", "thermal": "/thermal/image_raw", "fused": "fused"}
            # The first image of each is enough: all of them would load the machine.
            self.images = {
                name: self.create_subscription(Image, topic, partial(self.image, name), 1)
                for name, topic in topics.items()
            }
            self.create_subscription(Detection2DArray, "detections", lambda _: self.note("detections"), 10)

        def image(self, name: str, _: Image) -> None:
            self.note(name)
            if subscription := self.images.pop(name, None):
                self.destroy_subscription(subscription)

        def note(self, what: str) -> None:
            self.first.setdefault(what, time.monotonic())

    with tempfile.TemporaryDirectory() as folder, NodeGraph(Path(folder)) as graph, observing(Watcher) as watcher:
        driver = [sys.executable, str(DRIVER), str(rate), str(2 * PATIENCE), "reliable", "640", "480"]
        graph.processes.start("cameras", driver, log=Path(folder) / "cameras.log")
        graph.wait(lambda: {"visible", "thermal"} <= watcher.first.keys(), PATIENCE, "no cameras")
        began = time.monotonic()
        if launched:
            command = [sys.executable, "-c", ROS2, "launch", "textfuse", "fusion.launch.py", f"model:={model}"]
            graph.processes.start("launch", command, log=Path(folder) / "launch.log")
            graph.wait(lambda: len(watcher.first) == 4, PATIENCE, "no fused image or no detections")
            return first_results(watcher.first, began)
        parameters = {"fusion": {"model": model, "expected_rate": rate}, "detection": {}}
        nodes = {name: graph.start(name, values) for name, values in parameters.items()}
        graph.wait(lambda: len(watcher.first) == 4, PATIENCE, "no fused image or no detections")
        time.sleep(SETTLING)
        return {
            **first_results(watcher.first, began),
            "memory_mib": {name: round(resident_mib(process.pid)) for name, process in nodes.items()},
            "torch": {name: "libtorch" in Path(f"/proc/{process.pid}/maps").read_text()
                      for name, process in nodes.items()},
        }  # fmt: skip


def first_results(first: dict[str, float], began: float) -> dict[str, float]:
    """Seconds from `began` on."""
    return {f"first_{name}_s": round(first[name] - began, 2) for name in ("fused", "detections")}


if __name__ == "__main__":
    main()
