"""`textfuse demo`: player, fusion and detection as processes over DDS, with new words half-way."""

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ros2_textfuse.demo.side_by_side import SideBySide
from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.processes import Processes, node_command

if TYPE_CHECKING:
    from ros2_textfuse.demo.monitor import Monitor

PROMPT = "It is very dark, brighten the image"
START_PATIENCE = 180.0  # s: the first start may fetch the detector's weights and build its engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--bag", default="", help="a rosbag2 bag to play")
    parser.add_argument("--visible", default="", help="a video, or a folder of images, to play")
    parser.add_argument("--thermal", default="", help="its thermal side")
    parser.add_argument("--visible-topic", default="/visible/image_raw", help="RGB topic, in the bag")
    parser.add_argument("--thermal-topic", default="/thermal/image_raw", help="thermal topic, in the bag")
    parser.add_argument("--prompt", default=PROMPT, help=f"the words from half-way on (default: '{PROMPT}')")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play (default 20)")
    parser.add_argument("--rate", type=float, default=15.0, help="pairs a second (default 15)")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for what it writes (default demo/)")


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns 0 when images were fused before and after the new words."""
    args.out.mkdir(parents=True, exist_ok=True)
    simulated = not (args.bag or args.visible or args.thermal)
    if simulated:
        from ros2_textfuse.recordings.simulated_scene import write_videos

        print("no recording given: playing a simulated scene (a photograph, darkened; the thermal side is simulated)")
        paths = write_videos(args.out / "simulated", args.rate)
        args.visible, args.thermal = map(str, paths)
    names = ("bag", "visible", "thermal", "visible_topic", "thermal_topic")
    source = {name: getattr(args, name) for name in names}
    try:
        open_recording(**source)
    except RecordingError as error:
        print(f"textfuse demo: {error}", file=sys.stderr)
        return 1

    environment.prepare()
    # What needs rclpy is imported after the environment is prepared.
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    from ros2_textfuse.demo.monitor import Monitor
    from ros2_textfuse.nodes.common.compat import rclpy_running

    config = environment.share_dir() / "config" / "fusion.yaml"
    video = args.out / "demo.mp4"
    # Signals are ours: rclpy's handlers shut down under the thread that spins, and leave the loop here to go on.
    with rclpy_running(signal_handler_options=SignalHandlerOptions.NO), Processes() as processes:
        monitor = Monitor(SideBySide(video, args.rate, simulated))
        executor = SingleThreadedExecutor()
        executor.add_node(monitor)
        spinning = threading.Thread(target=executor.spin)
        spinning.start()
        try:
            for node in ("fusion", "detection"):
                processes.start(node, node_command(node, params_file=config), log=args.out / f"{node}.log")
            if not _wait_for_nodes(monitor, processes, args.out):
                return 1
            player = {**source, "rate": args.rate, "loop": True}
            processes.start("player", node_command("player", parameters=player), log=args.out / "player.log")
            answered = _play(monitor, args.prompt, args.seconds)
        finally:
            executor.shutdown()
            spinning.join()
    recorder = monitor.recorder
    recorder.close()
    print(monitor.summary())
    sheet = args.out / "demo.png"
    if not answered or not recorder.write_sheet(sheet):
        print(f"textfuse demo: no images before or after the new words; see {args.out}/*.log", file=sys.stderr)
        return 1
    print(f"wrote {video} and {sheet}")
    return 0


def _wait_for_nodes(monitor: "Monitor", processes: Processes, out: Path) -> bool:
    print("starting fusion and detection (the first time, this fetches the detector's weights and builds its engine)")
    deadline = time.monotonic() + START_PATIENCE
    while not monitor.ready():
        ended = processes.ended()
        if ended or time.monotonic() > deadline:
            reason = f"the {ended[0]} node ended" if ended else f"not ready within {START_PATIENCE:.0f} s"
            print(f"textfuse demo: {reason}; see {out}/*.log", file=sys.stderr)
            for log in sorted(out.glob("*.log")):
                print(f"--- {log}\n" + "\n".join(log.read_text().splitlines()[-5:]), file=sys.stderr)
            return False
        time.sleep(0.1)
    return True


def _play(monitor: "Monitor", prompt: str, seconds: float) -> bool:
    """Watch for `seconds` from the first fused image, and change the words half-way."""
    live = sys.stdout.isatty()
    deadline = time.monotonic() + 20.0
    while not monitor.fused and time.monotonic() < deadline:
        time.sleep(0.05)
    start, asked, shown = time.monotonic(), False, 0.0
    while (elapsed := time.monotonic() - start) < seconds:
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
