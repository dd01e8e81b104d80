"""One live evaluation: start what a scenario wants, watch the graph, note what processes use."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.live.figures import measure
from ros2_textfuse.evaluation.live.observations import Watch
from ros2_textfuse.evaluation.live.process_usage import NotFoundError, find_process, read_usage
from ros2_textfuse.evaluation.live.scenario import Scenario
from ros2_textfuse.evaluation.live.watcher import LiveWatcher
from ros2_textfuse.nodes.common.observer import observing
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import START_PATIENCE, NodeGraph

DISCOVERY = 2.0  # s, within which nodes that run already are seen
PATIENCE = 30.0  # s until the first fused image
USAGE_PERIOD = 0.5  # s
SIMULATED_RATE = 15.0  # pairs a second
STAYS = 1.0  # s after the end, for what is on its way

Found = dict[str, int | str]
"""Node -> process id, or why it is not known."""


class LiveError(TextfuseError, RuntimeError):
    """The graph cannot be watched; the message says what is missing and what to do."""


def watch(scenario: Scenario, use_sim_time: bool, out: Path) -> Watch:
    """Start what is to be started and watch for as long as the scenario says.

    It prints what it starts, and a line every two seconds. The environment must have been prepared.

    Args:
        scenario: what to start, do and watch.
        use_sim_time: take the time from /clock.
        out: folder for the logs of what is started.

    Returns:
        What was seen, counted from the first fused image.

    Raises:
        LiveError, GraphError: there is nothing to watch, or what was started did not get to work.
    """
    with (
        NodeGraph(out, scenario.namespace) as nodes,
        observing(lambda context: LiveWatcher(scenario, use_sim_time, context)) as watcher,
    ):
        found = _start(watcher, scenario, nodes)
        try:
            _watch(watcher, scenario, nodes, found)
        except KeyboardInterrupt:
            if scenario.expect:  # half a scenario is no verdict
                raise
    start = watcher.first_fused or 0.0
    seen = watcher.watch.counted_from(start)
    return replace(seen, seconds=min(scenario.seconds, max(0.1, watcher.now() - start)))


# Starting -----------------------------------------------------------------------------------------------------------


def _start(watcher: LiveWatcher, scenario: Scenario, nodes: NodeGraph) -> Found:
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
        found[node] = nodes.start(node, parameters, cameras if node == "fusion" else {}, config).pid
    nodes.wait(
        lambda: watcher.watch.statuses and ("detection" not in started.nodes or watcher.count_publishers("detections")),
        START_PATIENCE if started.nodes else PATIENCE,
        "the nodes are not ready",
    )
    watcher.ask_slop()
    if started.player is not None:
        if watcher.first_fused is not None:
            raise LiveError("images are fused already, before the scenario's player: stop what sends them")
        parameters = dict(started.player)
        if started.simulated:
            parameters = _simulated(nodes.logs / "simulated", parameters.get("rate") or SIMULATED_RATE) | parameters
        found["player"] = nodes.start("player", parameters, cameras).pid
    nodes.wait(lambda: watcher.first_fused is not None, PATIENCE, lambda: _nothing_fused(watcher))
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


def _nothing_fused(watcher: LiveWatcher) -> str:
    status = watcher.watch.statuses[-1]
    return f"nothing is fused; the fusion node says {status.state}: {status.message or 'no message'}"


# Watching -----------------------------------------------------------------------------------------------------------


def _watch(watcher: LiveWatcher, scenario: Scenario, nodes: NodeGraph, found: Found) -> None:
    """Let the scenario's time pass: change its prompts, read what processes use, note which of them end."""
    watch = watcher.watch
    assert watcher.first_fused is not None
    start, prompts = watcher.first_fused, sorted(scenario.prompts, key=lambda change: change.at)
    watch.unknown |= {node: reason for node, reason in found.items() if isinstance(reason, str)}
    read = shown = 0.0
    while (now := watcher.now()) < start + scenario.seconds:
        while prompts and now >= start + prompts[0].at:
            watcher.set_prompt(prompts.pop(0))
        if now >= read + USAGE_PERIOD:
            read = now
            _read_usage(watcher, found, now)
        noted = {name for name, _, _ in watch.ended}
        watch.ended += [(name, code, now) for name, code in nodes.processes.exit_codes().items() if name not in noted]
        if now >= shown + 2.0:
            shown = now
            _show(watcher, now - start, scenario.seconds)
        time.sleep(0.02)
    time.sleep(STAYS)
    for camera, topic in (("visible", scenario.visible_topic), ("thermal", scenario.thermal_topic)):
        if watch.images and not getattr(watch, camera):
            watch.unknown[camera] = f"no image came on {topic}"


def _read_usage(watcher: LiveWatcher, found: Found, now: float) -> None:
    for node, pid in found.items():
        usage = read_usage(pid, now) if isinstance(pid, int) else None
        if usage is not None:
            watcher.watch.usage.setdefault(node, []).append(usage)


def _show(watcher: LiveWatcher, elapsed: float, seconds: float) -> None:
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
