"""`textfuse eval`: is the fused image better than either camera, and does it keep up."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.commands.node_arguments import namespace
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.live.scenario import LONGEST, Scenario, ScenarioError, load_scenario
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.runtime import environment
from ros2_textfuse.runtime.output import claim_folder

if TYPE_CHECKING:
    from ros2_textfuse.evaluation.offline.source import Asked, Source

EXAMPLES = """\
examples:
  textfuse eval drive --out runs/drive                           # a bag; report.html, run.json and frames.csv
  textfuse eval rgb.mp4 lwir.mp4 --every 5 --out runs/clip       # every fifth pair
  textfuse eval drive --prompt "it is dark" --out runs/dark      # with a prompt
  textfuse eval drive --params-file fusion.yaml --out runs/robot # as the robot's fusion node would fuse it
  textfuse eval pairs --boxes pairs/labels --out runs/boxes      # detection too, on vi/ and ir/ with boxes
  textfuse eval --compare runs/drive runs/dark --out runs/which  # two runs side by side
  textfuse eval --live --scenario config/scenarios/clean.yaml    # a graph while it runs; the verdict is the exit code

A run that was interrupted goes on when the same is asked again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="a bag; a folder with vi/ and ir/; or the visible and the thermal video, or folder of frames",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the report and its figures (default with --live: runs/live)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="measure every N-th pair (default 1: all)")
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    fusion_arguments.add_pairing(parser)
    fusion_arguments.add_topics(parser)
    parser.add_argument("--boxes", default="", help="boxes of a folder of pairs: YOLO text files, or a COCO JSON file")
    parser.add_argument("--no-detection", dest="detection", action="store_false", help="look for no objects")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("RUN_A", "RUN_B"), help="compare two finished runs, B against A"
    )
    group = parser.add_argument_group("live")
    group.add_argument("--live", action="store_true", help="watch the running graph instead of a recording")
    group.add_argument("--scenario", type=Path, help="YAML file: what to start, and what must and must not happen")
    group.add_argument("--seconds", type=float, help="how long to watch (default 20, or what the scenario says)")
    group.add_argument(
        "--namespace", type=namespace, help="namespace of the nodes, without a scenario (default textfuse)"
    )
    group.add_argument("--no-images", action="store_true", help="listen to small messages only")
    group.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")


def run(args: argparse.Namespace) -> int:
    """Evaluate a recording, compare two runs, or with --live judge the running graph.

    Returns:
        0; with --live 1 when an expectation was not met, and 2 when there was nothing to judge.
    """
    if args.live:
        try:
            return _watch(args)
        except (TextfuseError, OSError) as error:  # 1 is a verdict here
            print(f"textfuse eval: {error}", file=sys.stderr)
            return 2
    if args.scenario or args.seconds or args.namespace:
        raise TextfuseError("--scenario, --seconds and --namespace go with --live")
    if args.out is None:
        raise TextfuseError("--out is missing: name a folder for the report and its figures")
    return _compare(args) if args.compare else _evaluate(args)


# A recording --------------------------------------------------------------------------------------------------------


def _evaluate(args: argparse.Namespace) -> int:
    # Here and not above: it brings torch, which a watch in a robot's memory does without.
    from ros2_textfuse.evaluation.offline.evaluate import evaluate
    from ros2_textfuse.evaluation.offline.source import Asked, open_source

    if args.every < 1:
        raise TextfuseError(f"--every is {args.every}; it is 1 or more")
    asked = Asked(
        tuple(args.source),
        args.visible_topic,
        args.thermal_topic,
        args.every,
        args.detection,
        args.boxes,
        fusion_arguments.settings(args),
    )
    source = open_source(asked)
    _confirm(source, asked)
    result = evaluate(asked, source, args.out, ["textfuse", *sys.argv[1:]])
    print()
    for answer in result["verdict"]:
        print(f"{answer['question']} {answer['answer'].capitalize()}: {answer['text']}")
    print(f"wrote {args.out}/report.html, run.json and frames.csv")
    return 0


def _compare(args: argparse.Namespace) -> int:
    from ros2_textfuse.evaluation.offline.compare import compare

    if args.source:
        raise TextfuseError("--compare takes two runs and no source")
    print(compare(args.compare, args.out)["verdict"])
    print(f"wrote {args.out}/compare.html and compare.json")
    return 0


def _confirm(source: "Source", asked: "Asked") -> None:
    """Show the topics that were found; at a terminal, ask whether they are meant.

    Raises:
        TextfuseError: they are not, or nobody says so.
    """
    for kind, camera in zip(CAMERAS, source.cameras, strict=False):
        print(f"{kind}: {camera}")
    if not source.cameras or (asked.visible_topic and asked.thermal_topic) or not sys.stdin.isatty():
        return
    try:
        answer = input("Are these the two cameras? [Y/n] ").strip().lower()
    except EOFError:  # Ctrl-D
        answer = "n"
        print()
    if answer not in ("", "y", "yes"):
        raise TextfuseError("name the two cameras by --visible-topic and --thermal-topic")


# The running graph --------------------------------------------------------------------------------------------------


def _watch(args: argparse.Namespace) -> int:
    if args.source:
        raise TextfuseError("--live takes no SOURCE: play it by `textfuse play`, or let a scenario do so")
    environment.prepare()
    # What needs rclpy is imported after the environment is prepared.
    from ros2_textfuse.evaluation.live import session

    scenario, out = _scenario(args), args.out or Path("runs") / "live"
    claim_folder(out, "live.json", "fusion.log", "detection.log", "player.log")
    seen = session.watch(scenario, args.use_sim_time, out)
    # It brings torch, and until now that would have taken memory beside the nodes.
    from ros2_textfuse.evaluation.live.report import assess, write_results

    text = args.scenario.read_text(encoding="utf-8") if args.scenario else ""
    result = assess(scenario, seen, ["textfuse", *sys.argv[1:]], text)
    write_results(out, result, seen)
    _print(result, out)
    return 0 if result["passed"] else 1


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


def _print(result: dict[str, Any], out: Path) -> None:
    print()
    for judgement in result["verdict"]:
        print(f"{'met    ' if judgement['met'] else 'NOT MET'}  {judgement['expectation']}: {judgement['found']}")
    print(result["summary"])
    print(f"wrote {out}/live.html, live.json and live.csv")
