"""`textfuse view`: a page in a browser that shows a graph that runs, or a recording, and takes a prompt."""

import argparse
import os
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.commands.node_arguments import namespace
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.recordings.types import RecordingError
from ros2_textfuse.runtime import environment, interrupts
from ros2_textfuse.runtime.processes import node_command
from ros2_textfuse.view import ports
from ros2_textfuse.view.browser import open_page

EXAMPLES = """\
examples:
  textfuse view                                  # the graph that runs: beside `textfuse up` or the launch file
  textfuse view rgb.mp4 lwir.mp4                 # two videos, without ROS: play, scrub, try sentences
  textfuse view drive --prompt "it is dark"      # a bag
  textfuse view drive --rerun drive.rrd          # a file for the Rerun viewer, where rerun-sdk is installed
  textfuse view --rerun rerun+http://127.0.0.1:9876/proxy    # the graph that runs, to a Rerun viewer that runs
  textfuse view --host 0.0.0.0                   # for others on the network, by an address with a token

Without --host, this machine alone can look. From another one: ssh -L 8420:localhost:8420 ROBOT
"""
EVERY_FRAME = 1000.0  # Hz: what a recording shows is not thinned out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="a recording: a bag; a folder with vi/ and ir/; or the visible and the thermal video, or folder of "
        "images; none for the graph that runs",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve the page on (default %(default)s)")
    parser.add_argument("--port", type=int, default=ports.PORT, help="port of the page (default %(default)s)")
    parser.add_argument("--token", default="", help="asked of viewers from the network (default: a new one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    live = parser.add_argument_group("a graph that runs")
    live.add_argument(
        "--namespace", type=namespace, default="textfuse", help="namespace of the nodes (default %(default)s)"
    )
    live.add_argument("--rate", type=float, default=15.0, help="images a second at most (default %(default)g)")
    live.add_argument("--folder", default="", help="for recorded moments (default ~/textfuse-moments)")
    parser.add_argument(
        "--rerun",
        metavar="FILE.rrd",
        help="log the fused recording, or the graph that runs, for Rerun instead of serving a page; of a graph, also "
        "the address of a viewer that runs",
    )
    # The others are of a recording: a graph's nodes have parameters of their own.
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    fusion_arguments.add_pairing(parser)
    fusion_arguments.add_topics(parser)


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C; returns 0 then."""
    if not 0 <= args.port <= 65535:
        raise TextfuseError(f"--port is {args.port}: expected 0 to 65535")
    if args.source:
        return _write_rerun(args) if args.rerun else _show_recording(args)
    environment.prepare()
    if args.rerun:
        return _log_graph(args.rerun, args.namespace)
    names = ("host", "port", "token", "rate", "folder")
    parameters = {name: getattr(args, name) for name in names} | {"browser": not args.no_browser}
    command = node_command("view", args.namespace, parameters)
    interrupts.hold()  # until the node handles them
    os.execv(command[0], command)


def _log_graph(target: str, namespace: str) -> int:
    from ros2_textfuse.nodes.common.observer import observing
    from ros2_textfuse.nodes.view.rerun_node import RerunNode
    from ros2_textfuse.view import rerun_file

    with rerun_file.streaming(target, f"/{namespace}") as (stream, rerun):
        make = partial(RerunNode, stream, rerun, namespace)
        print(f"logging /{namespace} to {target} until Ctrl-C", flush=True)
        with observing(make) as node, suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    print(f"logged {node.frames} fused images to {target}")
    return 0


def _write_rerun(args: argparse.Namespace) -> int:
    from ros2_textfuse.batch.pairs import pairs
    from ros2_textfuse.recordings.folder import FolderRecording
    from ros2_textfuse.recordings.frames import Tally, most_pairs
    from ros2_textfuse.recordings.source import find_recording
    from ros2_textfuse.view import rerun_file

    if args.rerun.startswith(rerun_file.ADDRESS):
        raise TextfuseError("a recording is written to a file: --rerun drive.rrd")
    out, recording = Path(args.rerun), find_recording(args.source, args.visible_topic, args.thermal_topic)
    rerun_file.claim(out)
    fuser, objects = fusion_arguments.fuser(args)
    tally, ordered = Tally.from_recording(recording), not isinstance(recording, FolderRecording)
    settings = fusion_arguments.settings(args)
    found = pairs(recording, settings, fuser, tally, ordered)
    shown = tqdm(found, total=most_pairs(recording, settings), unit="pair", disable=None)
    count = rerun_file.write(out, iter(shown), fuser, objects, ordered, _title(args.source))
    for line in tally.left_out():
        print(line)
    if not count:
        raise RecordingError(f"no pair of images could be fused; {out} has none")
    print(f"wrote {args.rerun}: {count} pairs; rerun {args.rerun} shows them")
    return 0


def _title(sources: list[str]) -> str:
    return " and ".join(Path(path).name for path in sources)


def _show_recording(args: argparse.Namespace) -> int:
    # Here and not above: it brings torch, which the page of a graph does without.
    from ros2_textfuse.fuser import Fuser
    from ros2_textfuse.recordings.source import find_recording
    from ros2_textfuse.view.hub import Hub
    from ros2_textfuse.view.offline import RecordingSource
    from ros2_textfuse.view.server import ViewServer

    recording = find_recording(args.source, args.visible_topic, args.thermal_topic)
    settings = fusion_arguments.settings(args)
    fuser = Fuser.from_settings(settings, settings.alignment())
    hub = Hub(EVERY_FRAME)
    source = RecordingSource(recording, settings, fuser, hub, _title(args.source))
    with closing(ViewServer(source, hub, args.host, args.port, args.token)) as server:
        server.start()
        source.start()
        print("\n".join(server.introduction()), flush=True)
        if not args.no_browser:
            open_page(server.address)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:  # how a server ends, and no failure
            return 0
        finally:
            source.close()
