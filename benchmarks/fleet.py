"""`textfuse fleet` at scale: workers over 40 recordings, a node killed in the middle, and 10,000 recordings.

    python benchmarks/fleet.py --json benchmarks/results/fleet.json [--only workers nodes many]

The 40 are simulated drives. Workers are timed once each has its engine: what a start costs is told by itself, since it
is the same for 40 recordings and for 10,000. The 10,000 files are stand-ins that are no bags, so that next to nothing
is computed and what is measured is the way there and back: scheduling, identities, a Parquet file for each, the driver.
"""

import argparse
import os
import threading
import time
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import psutil
import pyarrow.parquet as pq

os.environ.setdefault("RAY_worker_niceness", "0")

from machine import describe_machine, write

from ros2_textfuse.fleet.cluster import Cluster
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.recordings.bag_writer import write_bag
from ros2_textfuse.recordings.simulated_scene import SHOT, frames
from ros2_textfuse.recordings.types import RecordedImage
from ros2_textfuse.runtime import telemetry
from ros2_textfuse.settings import FusionSettings

SIZE = (160, 120)  # pixels, width and height of the simulated drives
WARM = 8  # drives of two frames, that every worker gets some of before it is timed
UNLIKE = ["fuse_ms", "stretches"]  # columns that differ from run to run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--frames", type=int, default=60, help="of each recording")
    parser.add_argument("--many", type=int, default=10_000, help="stand-ins")
    parser.add_argument("--only", nargs="*", choices=("workers", "nodes", "many"), default=("workers", "nodes", "many"))
    args = parser.parse_args()
    result = {"machine": describe_machine()}
    recipe = Recipe.read(FusionSettings())
    with TemporaryDirectory(prefix="textfuse-fleet-") as folder:
        root = Path(folder)
        if {"workers", "nodes"} & set(args.only):
            drives = simulated(root / "drives", args.recordings, args.frames)
            result["recordings"], result["frames"] = args.recordings, args.recordings * args.frames
            warm = simulated(root / "warm", WARM, 2)
            result["one process"] = seconds_of(drives, warm, recipe, root / "one", nullcontext(OneProcess()))
            print("one process", result["one process"])
        if "workers" in args.only:
            for count in (1, 2, 4):
                figures = seconds_of(drives, warm, recipe, root / f"workers{count}", Cluster(count=count))
                figures["same"] = content(root / f"workers{count}") == content(root / "one")
                result[f"{count} workers"] = figures
                print(count, "workers", figures)
        if "nodes" in args.only:
            result["node killed"] = killed(drives, recipe, root)
            print("node killed", result["node killed"])
        if "many" in args.only:
            result["many"] = many(root, recipe, args.many)
            print("many", result["many"])
    write(result, args.json)


def simulated(folder: Path, count: int, length: int) -> Path:
    """So many drives of simulated frames, each another part of the sequence."""
    folder.mkdir()
    small = [tuple(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA) for image in pair) for pair in frames(SHOT)]
    for number in range(count):
        pairs = [small[(3 * number + frame) % SHOT] for frame in range(length)]
        images = [
            RecordedImage.from_pixels(camera, frame / 30, image)
            for frame, pair in enumerate(pairs)
            for camera, image in zip(("visible", "thermal"), pair, strict=True)
        ]
        write_bag(images, folder / f"drive{number:03}", datetime(2026, 1, 1, 12, number))
    return folder


def seconds_of(drives: Path, warm: Path, recipe: Recipe, store: Path, workers) -> dict[str, float]:
    """What a run took: until each worker had its engine, and from then on, with nothing to load any more."""
    begin = time.perf_counter()
    with workers as crew:
        evaluate_fleet([str(warm)], recipe, f"{store}-warm", nullcontext(crew))
        ready = time.perf_counter()
        outcome = evaluate_fleet([str(drives)], recipe, str(store), nullcontext(crew))
        took = time.perf_counter() - ready
    assert outcome.whole, outcome.failed
    return {
        "start_s": round(ready - begin, 1),
        "seconds": round(took, 1),
        "recordings_s": round(outcome.stored / took, 3),
        "frames_s": round(outcome.frames / took, 1),
    }


def content(store: Path) -> dict[str, object]:
    """The rows of each recording, without what may differ."""
    return {path.name: pq.read_table(path).drop_columns(UNLIKE) for path in (store / "frames").iterdir()}


def killed(drives: Path, recipe: Recipe, root: Path) -> dict[str, object]:
    """Three nodes, as processes of this machine; one is killed when a quarter is done."""
    telemetry.switch_off()
    import ray
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    others = [nodes.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=nodes.address, log_to_driver=False)
    gone = []

    def progress(done, total, outcome):
        if outcome.stored >= outcome.found // 4 and not gone:
            gone.append(outcome.stored)
            nodes.remove_node(others[0], allow_graceful=False)

    begin = time.perf_counter()
    try:
        outcome = evaluate_fleet([str(drives)], recipe, str(root / "nodes"), Cluster(), progress)
    finally:
        ray.shutdown()
        nodes.shutdown()
    return {
        "seconds": round(time.perf_counter() - begin, 1),
        "killed_after": gone[0],
        "stored": outcome.stored,
        "failed": len(outcome.failed),
        "same": content(root / "nodes") == content(root / "one"),
    }


def many(root: Path, recipe: Recipe, count: int) -> dict[str, float]:
    """Stand-ins of many recordings, evaluated, listed, asked for again, and queried."""
    folder = root / "many"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.mcap").write_bytes(b"a stand-in %d" % number)
    store = root / "store"
    figures: dict[str, float] = {"recordings": count}
    with Watch() as watch, Cluster() as crew:
        for name in ("evaluate", "resume"):
            begin = time.perf_counter()
            outcome = evaluate_fleet([str(folder)], recipe, str(store), nullcontext(crew))
            figures[f"{name}_s"] = round(time.perf_counter() - begin, 1)
        assert outcome.done == count and outcome.stored == 0
    figures["recordings_s"] = round(count / figures["evaluate_s"], 1)
    figures["driver_mib"] = round((watch.most - watch.before) / 2**20, 1)
    for name, ask in (
        ("listing_s", lambda: Store.open(str(store)).keys()),
        ("query_s", lambda: connect(Store.open(str(store))).execute("select count(*) from recordings").fetchone()),
    ):
        begin = time.perf_counter()
        ask()
        figures[name] = round(time.perf_counter() - begin, 2)
    return figures


class Watch:
    """The most memory that this process takes meanwhile, in bytes."""

    def __enter__(self) -> "Watch":
        self._process, self._over = psutil.Process(), threading.Event()
        self.before = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, self._process.memory_info().rss)


if __name__ == "__main__":
    main()
