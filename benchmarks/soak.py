"""A long run in which something is always going wrong: does the graph come back each time, and stay as small as it was?

    python benchmarks/soak.py [--minutes 20] [--rate 30] [--seed 0] [--bag BAG] [--json F] [--image F]

Player, fusion and detection as processes, watched by a fourth that takes small messages. A schedule drawn from the
seed spoils the images of one camera after the other (every kind of faults.py once before any comes again), now and
then deactivates fusion for a while, or ends detection and starts it anew; prompts change all the time. The exit code is
0 when

- fusion said OK again within 3 s of the end of each fault, and went on to fuse,
- no process ended by itself, none wrote a traceback, all ended with exit code 0, and every prompt change was answered,
- after warm-up, the memory of no process grew by more than SLOPE, nor did its open files and threads.

Memory is what a process holds for itself: of the shared memory of DDS, whose segments have fixed sizes, pages count as
resident from when they are first touched, also those of other processes. Its slope is Theil and Sen's, the median over
all pairs of samples, which a few steps do not move. Samples of a process that was started anew are compared with each
other only.

Fusion's slope is taken where it holds no image: right after each of its deactivations, which hand free memory back to
the system. In between, up to queue_size images wait for a partner, and the allocator keeps what they leave, in pieces:
that may breathe by ROOM. Memory is judged only where every fault of a camera has come within half of the run, as in 20
minutes: what an image of another kind needs is allocated when it comes first, and kept.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import describe_machine, write
from tqdm import tqdm

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.recordings.faults import KINDS
from ros2_textfuse.recordings.simulated_scene import write_videos
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import GraphError, NodeGraph
from ros2_textfuse.runtime.processes import PATIENCE

START = 120.0  # s for the nodes to start
RECOVERY = 3.0  # s from the end of a fault to OK
DETECTION_START = 60.0  # s from the start of detection to its first message, while fusion goes on
LENGTHS = 0.5, 5.0  # s of a fault
PAUSES = 4.0, 12.0  # s between two, more than a recovery takes
SENTENCES = (
    "it is dark",
    "fog over the field and a noisy thermal camera",
    "the sun blinds the camera",
    "show me the person at night",
    "the thermal image has stripes",
)
PROMPTS = 2.0, 8.0  # s between two calls of set_prompt
SAMPLES = 5.0  # s between two looks at the processes
YOUNG = 30.0  # s in which a process that was started anew is still growing
SLOPE = 0.2  # MiB a minute
ROOM = 16.0  # MiB, from the first to the last third after warm-up, of what breathes
CAMERA_FAULTS = [f"{camera} {name}" for name, kind in KINDS.items() for camera in kind.cameras]
DEACTIVATE, RESTART = "fusion deactivated", "detection started anew"


@dataclass
class Event:
    """Something that goes wrong: "CAMERA KIND", DEACTIVATE or RESTART; seconds of playing."""

    what: str
    start: float
    end: float
    states: list[str] = field(default_factory=list)
    """What fusion said while it lasted."""
    recovered_after: float | None = None
    said: str = ""
    """What fusion was last not well for, where it did not recover."""


@dataclass(frozen=True)
class Status:
    """The part of a FusionStatus that tells whether fusion is well."""

    at: float
    state: str
    fused: int
    message: str = ""


@dataclass(frozen=True)
class Sample:
    """What a process holds."""

    at: float
    pid: int
    rss_mib: float
    heap_mib: float
    """Of these, what no file and no shared memory is behind; DDS touches its shared memory bit by bit."""
    pss_mib: float
    files: int
    threads: int


def schedule(seconds: float, seed: int) -> list[Event]:
    """What goes wrong in so many seconds, the same for the same seed; the last one has time to recover."""
    draw = random.Random(seed)
    deck: list[str] = []
    events, at = [], draw.uniform(*PAUSES)
    while True:
        if not deck:
            deck = draw.sample(CAMERA_FAULTS, len(CAMERA_FAULTS))
        kind = draw.choices(("camera", DEACTIVATE, RESTART), (0.85, 0.1, 0.05))[0]
        end = at + (0.0 if kind == RESTART else draw.uniform(*LENGTHS))
        if end + PAUSES[0] > seconds:
            return events
        events.append(Event(deck.pop() if kind == "camera" else kind, round(at, 2), round(end, 2)))
        at = end + draw.uniform(*PAUSES)


def warm_up(events: Sequence[Event], seconds: float) -> float:
    """Seconds that do not count for memory, files and threads: until all faults of cameras have come, or half a run."""
    ends = [event.end for event in events if event.what in CAMERA_FAULTS]
    return min([*ends[len(CAMERA_FAULTS) - 1 :][:1], seconds / 2])


def recovery(statuses: Sequence[Status], end: float) -> float | None:
    """Seconds from the end of a fault to the status from which on all say OK; None when it does not fuse by then."""
    well: list[Status] = []
    for status in statuses:
        if end < status.at <= end + RECOVERY:
            well = [*well, status] if status.state == "OK" else []
    return round(well[0].at - end, 2) if well and well[-1].fused > well[0].fused else None


def complaint(statuses: Sequence[Status], end: float) -> str:
    """The last state that was not OK, and its message, in the time to recover after a fault."""
    unwell = [status for status in statuses if end < status.at <= end + RECOVERY and status.state != "OK"]
    return f"{unwell[-1].state}: {unwell[-1].message}" if unwell else "OK, but nothing was fused"


def slope(samples: Sequence[Sample]) -> float:
    """MiB a minute, after Theil and Sen, over pairs of samples of one and the same process."""
    first, second = np.triu_indices(len(samples), 1)
    at, mib, pid = (np.array([getattr(sample, name) for sample in samples]) for name in ("at", "heap_mib", "pid"))
    same = pid[first] == pid[second]
    first, second = first[same], second[same]
    return float(np.median((mib[second] - mib[first]) / (at[second] - at[first]))) * 60


def grown_up(samples: Sequence[Sample], after: float) -> list[Sample]:
    """The samples after the warm-up, without those of processes that have just been started anew."""
    old = {sample.pid: sample.at + YOUNG for sample in reversed(samples)} | {samples[0].pid: after}
    return [sample for sample in samples if sample.at >= max(after, old[sample.pid])]


def judge(samples: Sequence[Sample], after: float, idle: Sequence[Sample] | None = None) -> dict[str, Any]:
    """Figures of a process, after warm-up and at the end, and what of it is not flat.

    Args:
        samples: of all its time.
        after: seconds of the warm-up.
        idle: samples for the slope, of when it held no image; all of them by default.
    """
    counted = grown_up(samples, after) if samples else []
    compared = counted if idle is None else [sample for sample in idle if sample.at >= after]
    if any(len({sample.pid for sample in part}) == len(part) for part in (counted, compared)):
        return {"not_flat": ["too few samples"]}
    third = max(1, len(counted) // 3)  # medians, since a builder or a fault comes and goes

    def ends(name: str) -> list[float]:
        parts = counted[:third], counted[-third:]
        return [round(statistics.median(getattr(sample, name) for sample in part), 1) for part in parts]

    result: dict[str, Any] = {
        "rss_mib": ends("rss_mib"),
        "heap_mib": ends("heap_mib"),
        "pss_mib": ends("pss_mib"),
        "most_mib": round(max(sample.heap_mib for sample in counted), 1),
        "mib_per_minute": round(slope(compared), 3),
        "files": ends("files"),
        "threads": ends("threads"),
    }
    result["not_flat"] = [name for name in ("files", "threads") if result[name][1] > result[name][0]]
    if result["mib_per_minute"] > SLOPE or result["heap_mib"][1] - result["heap_mib"][0] > ROOM:
        result["not_flat"].append("memory")
    return result


class CrashError(RuntimeError):
    """A process has ended that should not have."""


class TooSlowError(RuntimeError):
    """The graph was not well before anything was spoiled."""


class Soak:
    """One run: plays, watches, and notes."""

    def __init__(self, seconds: float, rate: float, seed: int, bag: str | None, logs: Path) -> None:
        self.seconds, self.rate, self.bag, self.logs = seconds, rate, bag, logs
        self.events = schedule(seconds, seed)
        self.warm_up = warm_up(self.events, seconds)
        self.long_enough = self.warm_up < seconds / 2
        self.random = random.Random(seed)
        self.samples: dict[str, list[Sample]] = {"fusion": [], "detection": [], "player": []}
        self.idle: list[Sample] = []
        """Of fusion, each time after it was deactivated."""
        self.statuses: list[Status] = []
        self.detections = 0
        self.detection_starts: list[float] = []
        self.prompts: dict[str, Any] = {"asked": 0, "answered": 0, "slowest_ms": 0.0}
        self.failures: list[str] = []
        self._running: dict[str, subprocess.Popen] = {}
        self._began = 0.0  # on the clock of time.monotonic: the first image
        self._restarted: float | None = None  # when detection was, until it is heard of
        self._next_sample, self._next_prompt = 0.0, PROMPTS[0]

    def execute(self) -> None:
        """Run to the end, or until a process ends that should not."""
        environment.prepare()
        os.environ.setdefault("ROS_DOMAIN_ID", "98")
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

        from ros2_textfuse.nodes.common.observer import observing

        self.logs.mkdir(parents=True, exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.unlink()
        with (
            tempfile.TemporaryDirectory() as folder,
            NodeGraph(self.logs) as self._graph,
            observing(self._make_node) as self.node,
        ):
            try:
                self._start_graph(folder)
                self._follow_schedule()
            except (
                CrashError,
                TooSlowError,
                GraphError,
                TimeoutError,
                subprocess.TimeoutExpired,
                psutil.Error,
            ) as error:
                self.failures.append(str(error))
        codes = self._graph.processes.exit_codes()
        self.failures += [f"{name} ended with exit code {code}" for name, code in codes.items() if code]
        self.failures += [f"traceback in {log}" for log in self.logs.glob("*.log") if "Traceback" in log.read_text()]

    def result(self) -> dict[str, Any]:
        """Figures, and all that failed."""
        idle = {"fusion": self.idle}
        processes = {name: judge(samples, self.warm_up, idle.get(name)) for name, samples in self.samples.items()}
        not_flat = [
            f"{name}: {what} not flat"
            for name, found in processes.items()
            for what in found["not_flat"]
            if what != "memory" or self.long_enough
        ]
        recovered = [event.recovered_after for event in self.events if event.recovered_after is not None]
        unanswered = self.prompts["asked"] - self.prompts["answered"]
        return {
            "failures": [
                *self.failures,
                *not_flat,
                *([f"{unanswered} prompts not answered"] if unanswered else []),
            ],
            "warm_up_s": self.warm_up,
            "memory_judged": self.long_enough,
            "events": len(self.events),
            "recovered": len(recovered),
            "recovered_after_s": {"median": statistics.median(recovered), "most": max(recovered)}
            if recovered
            else None,
            "detection_heard_after_s": self.detection_starts,
            "pairs_fused": sum(
                after.fused - (before.fused if after.fused >= before.fused else 0)  # activation counts from zero
                for before, after in pairwise(self.statuses)
            ),
            "detections": self.detections,
            "prompts": self.prompts,
            "processes": processes,
            "schedule": [asdict(event) for event in self.events],
            "memory": {
                name: [[round(s.at), s.heap_mib, s.rss_mib] for s in samples]
                for name, samples in {**self.samples, "fusion idle": self.idle}.items()
            },
        }

    # The graph ------------------------------------------------------------------------------------------------------

    def _make_node(self, context: Any) -> Any:
        """It listens to small messages only, so that it does not load the graph with images."""
        from lifecycle_msgs.srv import ChangeState
        from rclpy.node import Node
        from rclpy.qos import qos_profile_sensor_data
        from sensor_msgs.msg import Image
        from textfuse.msg import Detection2DArray, FusionStatus
        from textfuse.srv import SetPrompt

        node = Node("soak", namespace="textfuse", context=context)
        node.create_subscription(FusionStatus, "status", self._see_status, 10)
        node.create_subscription(Detection2DArray, "detections", self._see_detections, 100)
        self._set_prompt = node.create_client(SetPrompt, "set_prompt")
        self._change_state = node.create_client(ChangeState, "fusion/change_state")
        self._first_image = node.create_subscription(
            Image, "/visible/image_raw", self._see_image, qos_profile_sensor_data, raw=True
        )
        return node

    def _start_graph(self, folder: str) -> None:
        self._start("fusion", model="auto")
        self._start("detection")
        self._graph.wait(
            lambda: self.statuses and self.node.count_publishers("detections"), START, "the nodes did not start"
        )
        if self.bag:
            source = {"bag": self.bag}
        else:
            visible, thermal = write_videos(folder, self.rate)
            source = {"visible": str(visible), "thermal": str(thermal)}
        faults = [f"{e.what} {e.start} {e.end}" for e in self.events if e.what in CAMERA_FAULTS]
        self._start("player", **source, rate=self.rate, loop=True, faults=faults)
        self._graph.wait(lambda: self._began, START, "no image came")
        self.node.destroy_subscription(self._first_image)

    def _start(self, name: str, **parameters: Any) -> None:
        number = len(list(self.logs.glob(f"{name}_*")))
        self._running[name] = self._graph.start(name, parameters, log=f"{name}_{number}")

    def _now(self) -> float:
        """Seconds of playing; below 0 before."""
        return time.monotonic() - self._began if self._began else -1.0

    def _see_image(self, message: bytes) -> None:
        self._began = self._began or time.monotonic()

    def _see_status(self, message: Any) -> None:
        self.statuses.append(Status(self._now(), message.state, message.pairs_fused, message.message))

    def _see_detections(self, message: Any) -> None:
        self.detections += 1
        if self._restarted is not None:
            self.detection_starts.append(round(self._now() - self._restarted, 1))
            self._restarted = None

    # The schedule ---------------------------------------------------------------------------------------------------

    def _follow_schedule(self) -> None:
        with tqdm(total=round(self.seconds), unit="s", disable=None) as bar:
            self._pass_time(self.events[0].start if self.events else 0, bar)
            self._check_rate()
            for event in self.events:
                self._pass_time(event.start, bar)
                self._begin(event)
                self._pass_time(event.end, bar)
                self._end(event)
                self._pass_time(event.end + RECOVERY + 0.1, bar)
                event.states = list(dict.fromkeys(s.state for s in self.statuses if event.start < s.at <= event.end))
                event.recovered_after = recovery(self.statuses, event.end)
                if event.recovered_after is None:
                    event.said = complaint(self.statuses, event.end)
                tqdm.write(line := describe(event))
                if event.recovered_after is None:
                    self.failures.append(line.strip())
            self._pass_time(self.seconds, bar)

    def _check_rate(self) -> None:
        """Whether the machine holds the rate before anything is spoiled; else nothing could ever be OK again."""
        if (last := self.statuses[-1]).state != "OK":
            raise TooSlowError(
                f"before the first fault the state was {last.state} ({last.message}): choose a --rate that this "
                "machine holds with detection beside it"
            )

    def _pass_time(self, until: float, bar: tqdm) -> None:
        """Look at the processes and change the prompt, until it is time for something else."""
        while (now := self._now()) < until:
            bar.update(int(now) - bar.n)
            if ended := self._graph.processes.ended():
                raise CrashError(f"{ended[0]} ended by itself after {now:.0f} s")
            if self._restarted is not None and now > self._restarted + DETECTION_START:
                raise TimeoutError(f"detection was not heard of within {DETECTION_START:g} s")
            if now >= self._next_sample:
                self._next_sample += SAMPLES
                for name, process in self._running.items():
                    self.samples[name].append(look(process.pid, now))
            if self._next_prompt <= now < self.seconds - RECOVERY:
                self._next_prompt = now + self.random.uniform(*PROMPTS)
                self._change_prompt()
            time.sleep(0.05)

    def _begin(self, event: Event) -> None:
        if event.what == DEACTIVATE:
            self._ask_transition("TRANSITION_DEACTIVATE")
            self.idle.append(look(self._running["fusion"].pid, self._now()))
        elif event.what == RESTART:
            process = self._running["detection"]
            process.send_signal(signal.SIGINT)
            if code := process.wait(PATIENCE):
                self.failures.append(f"detection ended with exit code {code} on SIGINT")
            self._start("detection")
            event.end = self._restarted = round(self._now(), 2)

    def _end(self, event: Event) -> None:
        if event.what == DEACTIVATE:
            self._ask_transition("TRANSITION_ACTIVATE")
            event.end = round(self._now(), 2)

    def _ask_transition(self, name: str) -> None:
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        request = ChangeState.Request(transition=Transition(id=getattr(Transition, name)))
        future = self._change_state.call_async(request)
        self._graph.wait(future.done, START, f"fusion did not answer to {name}")
        if not future.result().success:
            self.failures.append(f"{name} failed after {self._now():.0f} s")

    def _change_prompt(self) -> None:
        from textfuse.srv import SetPrompt

        number = self.prompts["asked"] = self.prompts["asked"] + 1
        sentence = SetPrompt.Request(prompt=f"{self.random.choice(SENTENCES)}, {number}")
        modes = SetPrompt.Request(modes=[self.random.choice(list(MODES))], severity=self.random.uniform(0.1, 1.0))
        asked = time.monotonic()

        def note(future: Any) -> None:
            answer = future.result()
            self.prompts["answered"] += 1
            self.prompts["slowest_ms"] = max(self.prompts["slowest_ms"], round((time.monotonic() - asked) * 1e3, 1))
            if not answer.success:
                self.failures.append(f"prompt refused: {answer.message}")

        request = self.random.choice((sentence, modes, SetPrompt.Request()))
        self._set_prompt.call_async(request).add_done_callback(note)


def look(pid: int, at: float) -> Sample:
    """What a process holds now."""
    process = psutil.Process(pid)
    memory = process.memory_full_info()
    rss, heap, pss = (size / 2**20 for size in (memory.rss, memory.rss - memory.shared, memory.pss))
    return Sample(at, pid, rss, heap, pss, process.num_fds(), process.num_threads())


def describe(event: Event) -> str:
    """An event and what came of it, in a line."""
    length = f" for {event.end - event.start:.1f} s" if event.what != RESTART else ""
    recovered = event.recovered_after is not None
    after = f"OK after {event.recovered_after:.1f} s" if recovered else f"NOT RECOVERED, {event.said}"
    return f"{event.start:6.1f} s  {event.what}{length} ({', '.join(event.states)}): {after}"


def report(result: dict[str, Any]) -> None:
    for name, found in result["processes"].items():
        if "heap_mib" in found:
            memory, files, threads = (
                " to ".join(f"{value:g}" for value in found[key]) for key in ("heap_mib", "files", "threads")
            )
            print(
                f"{name:<10} {memory} MiB ({found['mib_per_minute']:+.3f} a minute), {files} files, {threads} threads"
            )
    if not result["memory_judged"]:
        print("memory was not judged: not every fault has come within half of the run; 20 minutes are enough")
    print(f"{result['recovered']} of {result['events']} faults recovered from, {result['pairs_fused']} pairs fused")
    print("\n".join(f"failed: {failure}" for failure in result["failures"]) or "flat, and nothing failed")


def plot(run: Soak, path: Path) -> None:
    """Memory of each process over time, and the faults."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for event in run.events:
        colour = "0.85" if event.recovered_after is not None else "red"
        axes.axvspan(event.start / 60, max(event.end, event.start + 0.2) / 60, color=colour, linewidth=0)
    for name, samples in run.samples.items():
        axes.plot([sample.at / 60 for sample in samples], [sample.heap_mib for sample in samples], label=name)
    axes.plot([s.at / 60 for s in run.idle], [s.heap_mib for s in run.idle], "k.", label="fusion, deactivated")
    axes.axvline(run.warm_up / 60, color="0.5", linestyle=":")
    axes.set(xlabel="minutes; grey: faults; dotted: end of warm-up", ylabel="memory, MiB", ylim=(0, None))
    axes.set_xlim(0, run.seconds / 60)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long, from the first image on (default 20)")
    parser.add_argument("--rate", type=float, default=30.0, help="pairs a second (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="of the schedule (default 0)")
    parser.add_argument("--bag", help="a rosbag2 bag to loop (default: the simulated scene)")
    parser.add_argument("--logs", type=Path, default=Path("runs/soak"), help="what the nodes print (default runs/soak)")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--image", type=Path, help="draw the memory over time here (.png, .svg)")
    args = parser.parse_args()
    machine = describe_machine()
    run = Soak(args.minutes * 60, args.rate, args.seed, args.bag, args.logs)
    run.execute()
    asked = {"minutes": args.minutes, "rate_hz": args.rate, "seed": args.seed, "bag": args.bag}
    result = {"environment": machine, **asked, **run.result()}
    report(result)
    write(result, args.json)
    if args.image:
        plot(run, args.image)
    return int(bool(result["failures"]))


if __name__ == "__main__":
    raise SystemExit(main())
