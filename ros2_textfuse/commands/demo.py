"""`textfuse demo`: player, fusion, detection and the page as processes over DDS, with a prompt change half-way."""

import argparse
import re
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.commands.player_source import player_source
from ros2_textfuse.demo.side_by_side import SideBySide
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.graph import START_PATIENCE, GraphError, NodeGraph
from ros2_textfuse.runtime.output import claim_folder

if TYPE_CHECKING:
    from ros2_textfuse.demo.monitor import Monitor

PROMPT = "It is very dark"
SECONDS, RATES = (2.0, 3600.0), (1.0, 120.0)
LATE = 10.0  # s more for the images after the prompt change, where a busy machine answers late


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--bag", default="", help="a rosbag2 bag to play")
    parser.add_argument("--visible", default="", help="a video, or a folder of images, to play")
    parser.add_argument("--thermal", default="", help="its thermal side")
    fusion_arguments.add_topics(parser)
    parser.add_argument("--prompt", default=PROMPT, help=f"the prompt from half-way on (default: '{PROMPT}')")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play (default 20)")
    parser.add_argument("--rate", type=float, default=15.0, help="pairs a second (default 15)")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for what it writes (default demo/)")


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns 0 when images were fused before and after the prompt change."""
    for name, (low, high) in {"seconds": SECONDS, "rate": RATES}.items():
        if not low <= (value := getattr(args, name)) <= high:
            raise TextfuseError(f"--{name} is {value:g}: expected {low:g} to {high:g}")
    sources = [path for path in (args.bag, args.visible, args.thermal) if path]
    simulated = not sources
    # Before a folder is made for what cannot be played.
    source = {} if simulated else player_source(sources, args.visible_topic, args.thermal_topic)
    claim_folder(args.out, "demo.mp4", "fusion.log", "simulated")
    if simulated:
        from ros2_textfuse.recordings.simulated_scene import write_videos

        print("no recording given: playing a simulated scene (a photograph, darkened; the thermal side is simulated)")
        source = dict(zip(CAMERAS, map(str, write_videos(args.out / "simulated", args.rate)), strict=True))

    environment.prepare()
    # What needs rclpy is imported after the environment is prepared.
    from ros2_textfuse.demo.monitor import Monitor
    from ros2_textfuse.nodes.common.observer import observing

    config = environment.share_dir() / "config" / "fusion.yaml"
    video, sheet = args.out / "demo.mp4", args.out / "demo.png"
    with (
        closing(SideBySide(video, args.rate, simulated)) as recorder,
        NodeGraph(args.out) as nodes,
        observing(lambda context: Monitor(recorder, context)) as monitor,
    ):
        print("starting fusion and detection (the first time, this gets the detector's weights and builds its engine)")
        for node in ("fusion", "detection"):
            nodes.start(node, params_file=config)
        nodes.start("view", {"browser": True})
        nodes.wait(monitor.ready, START_PATIENCE, "fusion and detection are not ready")
        print(f"watch, and type a sentence: {nodes.wait(lambda: _address(nodes), 30.0, 'the view node is not ready')}")
        nodes.start("player", {**source, "rate": args.rate, "loop": True})
        answered = _play(monitor, args.prompt, args.seconds)
    print(monitor.summary())
    if not answered:
        raise GraphError(f"the prompt was not taken: its answer is above, if there was one; see {args.out}/*.log")
    if not recorder.write_sheet(sheet):
        raise GraphError(f"no images before or after the prompt change; see {args.out}/*.log")
    print(f"wrote {video} and {sheet}")
    return 0


def _address(nodes: NodeGraph) -> str:
    """Where the view node serves its page; empty until it says so."""
    found = re.search(r"open (http\S+) in a browser", nodes.log("view"))
    return found[1] if found else ""


def _play(monitor: "Monitor", prompt: str, seconds: float) -> bool:
    """Watch for `seconds` from the first fused image, and change the prompt half-way; longer where it comes late."""
    live = sys.stdout.isatty()
    deadline = time.monotonic() + 20.0
    while not monitor.fused and time.monotonic() < deadline:
        time.sleep(0.05)
    start, asked, shown = time.monotonic(), False, 0.0
    while (elapsed := time.monotonic() - start) < seconds or (elapsed < seconds + LATE and not monitor.recorder.whole):
        if not asked and elapsed >= seconds / 2:
            monitor.set_prompt(prompt)
            asked = True
        if elapsed - shown >= (0.5 if live else 2.0):
            shown = elapsed
            line = f"{elapsed:5.1f} s  {monitor.live_line()}"
            print(f"\r{line:<118}" if live else line, end="" if live else "\n", flush=True)
        time.sleep(0.05)
    if live:
        print()
    return monitor.prompt_answered
