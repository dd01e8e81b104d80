"""`textfuse eval --live`: watch the running graph, or one that a scenario starts, and judge it."""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.evaluation.live.observations import Watch, measure
from ros2_textfuse.evaluation.live.process_usage import NotFoundError, find_process, read_usage
from ros2_textfuse.evaluation.live.scenario import LONGEST, Scenario, ScenarioError, load_scenario
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.processes import Processes, node_command

if TYPE_CHECKING:
    from ros2_textfuse.evaluation.live.watcher import LiveWatcher

DISCOVERY = 2.0  # s, within which nodes that run already are seen
START_PATIENCE = 180.0  # s: the first start may fetch the detector's weights and build engines
PATIENCE = 30.0  # s until the first fused image
USAGE_PERIOD = 0.5  # s
SIMULATED_RATE = 15.0  # pairs a second
STAYS = 1.0  # s after the end, for what is on its way

Found = dict[str, int | str]
"""Node -> process id, or why it is not known."""


class LiveError(RuntimeError):
    """The graph cannot be watched; the message says what is missing and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of --live."""
    group = parser.add_argument_group("live")
    group.add_argument("--live", action="store_true", help="watch the running graph instead of a recording")
    group.add_argument("--scenario", type=Path, help="YAML file: what to start, and what must and must not happen")
    group.add_argument("--seconds", type=float, help="how long to watch (default 20, or what the scenario says)")
    group.add_argument("--namespace", help="namespace of the nodes, without a scenario (default textfuse)")
    group.add_argument("--no-images", action="store_true", help="listen to small messages only")
    group.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")


def run(args: argparse.Namespace) -> int:
    """Watch and judge; returns 0, 1 when an expectation was not met, 2 when there was nothing to judge."""
    out = args.out or Path("runs") / "live"
    try:
        if args.source:
            raise LiveError("--live takes no SOURCE: play it by `textfuse play`, or let a scenario do so")
        environment.prepare()
        scenario = _scenario(args)
        out.mkdir(parents=True, exist_ok=True)
        watch = _run(scenario, args.use_sim_time, out)
        # Here and not above: it brings torch, and until now that would have taken memory beside the nodes.
        from ros2_textfuse.evaluation.live.report import assess, write_results

        text = args.scenario.read_text(encoding="utf-8") if args.scenario else ""
        result = assess(scenario, watch, ["textfuse", *sys.argv[1:]], text)
        write_results(out, result, watch)
    except (LiveError, ScenarioError, OSError) as error:
        print(f"textfuse eval: {error}", file=sys.stderr)
        return 2
    _print(result, out)
    return 0 if result["passed"] else 1


def _run(scenario: Scenario, use_sim_time: bool, out: Path) -> Watch:
    """Start what is to be started and watch for as long as the scenario says."""
    # What needs rclpy is imported after the environment is prepared.
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    from ros2_textfuse.evaluation.live.watcher import LiveWatcher

    # Signals are ours: rclpy's handlers shut down under the thread that spins.
    with rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO), Processes() as processes:
        watcher = LiveWatcher(scenario, use_sim_time)
        executor = SingleThreadedExecutor()
        executor.add_node(watcher)
        spinning = threading.Thread(target=executor.spin)
        spinning.start()
        try:
            found = _start(watcher, scenario, processes, out)
            try:
                _watch(watcher, scenario, processes, found)
            except KeyboardInterrupt:
                if scenario.expect:  # half a scenario is no verdict
                    raise
        finally:
            executor.shutdown()
            spinning.join()
    start = watcher.first_fused or 0.0
    watch = watcher.watch.counted_from(start)
    return replace(watch, seconds=min(scenario.seconds, max(0.1, watcher.now() - start)))


def _scenario(args: argparse.Namespace) -> Scenario:
    """The scenario of the file, or none but to watch; arguments win."""
    from ros2_textfuse.nodes.common.parameters import NODES

    if args.seconds is not None and not 1.0 <= args.seconds <= LONGEST:
        raise ScenarioError(f"--seconds is {args.seconds:g}; it is from 1 to {LONGEST:g}")
    names = {node: [parameter.name for parameter in table] for node, table in NODES.items()}
    scenario = load_scenario(args.scenario, names) if args.scenario else Scenario()
    given: dict[str, Any] = {
        "seconds": args.seconds,
        "namespace": args.namespace and args.namespace.strip("/"),
        "visible_topic": args.visible_topic,
        "thermal_topic": args.thermal_topic,
        "images": False if args.no_images else None,
    }
    if args.scenario and args.namespace:
        raise ScenarioError(f"--namespace goes without a scenario: {args.scenario} says it by itself")
    if args.scenario and args.seconds is not None and args.seconds < scenario.seconds:
        raise ScenarioError(f"--seconds is {args.seconds:g}, and {args.scenario} needs {scenario.seconds:g}")
    return replace(scenario, **{name: value for name, value in given.items() if value not in (None, "")})


# Starting -----------------------------------------------------------------------------------------------------------


def _start(watcher: "LiveWatcher", scenario: Scenario, processes: Processes, out: Path) -> Found:
    """Start what the scenario wants, and wait for the first fused image; returns the processes to read."""
    found: Found = {"evaluation": os.getpid()}
    started = scenario.start
    deadline = time.monotonic() + DISCOVERY
    while time.monotonic() < deadline and not watcher.count_publishers("status"):
        time.sleep(0.05)
    running = watcher.count_publishers("status")
    where = f"/{scenario.namespace}/status in DDS domain {os.environ.get('ROS_DOMAIN_ID') or 0}"
    if running > (0 if "fusion" in started.nodes else 1):
        raise LiveError(
            f"{running} nodes publish {where} already: stop them, or set another ROS_DOMAIN_ID or namespace"
        )
    if not running and "fusion" not in started.nodes:
        raise LiveError(f"nobody publishes {where}: start `textfuse up`, or let a scenario start what it needs")
    config = environment.share_dir() / "config" / "fusion.yaml"
    cameras = {"/visible/image_raw": scenario.visible_topic, "/thermal/image_raw": scenario.thermal_topic}
    for node, parameters in started.nodes.items():
        print(f"starting {node}")
        command = node_command(node, scenario.namespace, parameters, cameras if node == "fusion" else {}, config)
        found[node] = processes.start(node, command, out / f"{node}.log").pid
    _wait(
        lambda: watcher.watch.statuses and ("detection" not in started.nodes or watcher.count_publishers("detections")),
        START_PATIENCE if started.nodes else PATIENCE,
        lambda: "the nodes are not ready",
        processes,
        out,
    )
    watcher.ask_slop()
    if started.player is not None:
        if watcher.first_fused is not None:
            raise LiveError("images are fused already, before the scenario's player: stop what sends them")
        parameters = dict(started.player)
        if started.simulated:
            parameters = _simulated(out / "simulated", parameters.get("rate") or SIMULATED_RATE) | parameters
        command = node_command("player", scenario.namespace, parameters, cameras)
        found["player"] = processes.start("player", command, out / "player.log").pid
    _wait(lambda: watcher.first_fused is not None, PATIENCE, lambda: _nothing_fused(watcher), processes, out)
    for node in ("fusion", "detection", "player"):
        if node not in found:
            try:
                found[node] = find_process(node, scenario.namespace)
            except NotFoundError as error:
                found[node] = str(error)
    if not watcher.count_publishers("detections"):
        watcher.watch.unknown["detections"] = "nobody publishes detections"
    return found


def _simulated(folder: Path, rate: float) -> dict[str, Any]:
    from ros2_textfuse.recordings.simulated_scene import write_videos

    print("playing a simulated scene (a photograph, darkened; the thermal side is simulated)")
    visible, thermal = write_videos(folder, rate)
    return {"visible": str(visible), "thermal": str(thermal), "loop": True}


def _nothing_fused(watcher: "LiveWatcher") -> str:
    status = watcher.watch.statuses[-1]
    return f"nothing is fused; the fusion node says {status.state}: {status.message or 'no message'}"


def _wait(
    condition: Callable[[], Any], patience: float, complaint: Callable[[], str], processes: Processes, out: Path
) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if (ended := processes.ended()) and (ended[0] != "player" or ended[1]):
            log = out / f"{ended[0]}.log"
            said = [line for line in log.read_text().splitlines() if "[FATAL]" in line or "[ERROR]" in line]
            reason = said[-1] if said else f"see {log}"
            raise LiveError(f"{ended[0]} ended with exit code {ended[1]}: {reason}")
        if time.monotonic() > deadline:
            raise LiveError(f"{complaint()} (waited {patience:.0f} s)")
        time.sleep(0.05)


# Watching -----------------------------------------------------------------------------------------------------------


def _watch(watcher: "LiveWatcher", scenario: Scenario, processes: Processes, found: Found) -> None:
    """Let the scenario's time pass: set its words, read what processes use, note which of them end."""
    watch = watcher.watch
    assert watcher.first_fused is not None
    start, prompts = watcher.first_fused, sorted(scenario.prompts, key=lambda words: words.at)
    watch.unknown |= {node: reason for node, reason in found.items() if isinstance(reason, str)}
    read = shown = 0.0
    while (now := watcher.now()) < start + scenario.seconds:
        while prompts and now >= start + prompts[0].at:
            watcher.set_prompt(prompts.pop(0))
        if now >= read + USAGE_PERIOD:
            read = now
            _read_usage(watcher, found, now)
        noted = {name for name, _, _ in watch.ended}
        watch.ended += [(name, code, now) for name, code in processes.exit_codes().items() if name not in noted]
        if now >= shown + 2.0:
            shown = now
            _show(watcher, now - start, scenario.seconds)
        time.sleep(0.02)
    time.sleep(STAYS)
    for camera, topic in (("visible", scenario.visible_topic), ("thermal", scenario.thermal_topic)):
        if watch.images and not getattr(watch, camera):
            watch.unknown[camera] = f"no image came on {topic}"


def _read_usage(watcher: "LiveWatcher", found: Found, now: float) -> None:
    for node, pid in found.items():
        usage = read_usage(pid, now) if isinstance(pid, int) else None
        if usage is not None:
            watcher.watch.usage.setdefault(node, []).append(usage)


def _show(watcher: "LiveWatcher", elapsed: float, seconds: float) -> None:
    watch = watcher.watch
    recent = Watch(
        watch.images, fused=watch.fused[-500:], detections=watch.detections[-500:], statuses=watch.statuses[-9:]
    )
    known, _ = measure(recent, watcher.now() - 3.0, watcher.now())
    state = watch.statuses[-1].state
    figures = [
        f"{words} {known[name]:.1f} {unit}"
        for name, words, unit in (
            ("fused_hz", "fused", "Hz"),
            ("fused_p95_ms", "p95", "ms"),
            ("detections_hz", "detections", "Hz"),
            ("detections_p95_ms", "p95", "ms"),
        )
        if name in known
    ]
    print(f"{elapsed:5.1f} of {seconds:g} s  {state:<8} {'  '.join(figures)}", flush=True)


def _print(result: dict[str, Any], out: Path) -> None:
    print()
    for judgement in result["verdict"]:
        print(f"{'met    ' if judgement['met'] else 'NOT MET'}  {judgement['expectation']}: {judgement['found']}")
    print(result["summary"])
    print(f"wrote {out}/live.html, live.json and live.csv")
