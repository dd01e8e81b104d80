"""`textfuse eval`: is the fused picture better than either camera, and does it keep up."""

import argparse
import sys
from pathlib import Path

from ros2_textfuse.commands import live, words
from ros2_textfuse.detector import DetectorError
from ros2_textfuse.detector_weights import WeightsError as DetectorWeightsError
from ros2_textfuse.engines import EngineError
from ros2_textfuse.evaluation.compare import compare
from ros2_textfuse.evaluation.offline import Asked, Source, evaluate, open_source
from ros2_textfuse.evaluation.run import RunError
from ros2_textfuse.networks.weights import WeightsError
from ros2_textfuse.prompts import PromptError
from ros2_textfuse.recordings import RecordingError
from ros2_textfuse.text_encoder import EncoderError

EXAMPLES = """\
examples:
  textfuse eval drive --out runs/drive                           # a bag; report.html, run.json and frames.csv
  textfuse eval rgb.mp4 lwir.mp4 --every 5 --out runs/clip       # every fifth pair
  textfuse eval drive --prompt "it is dark" --out runs/dark      # under words
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
    parser.add_argument("--prompt", default="", help="what to repair, in your words")
    words.add_arguments(parser)
    parser.add_argument("--model", default="nano", help="network: a name or a path (default nano)")
    parser.add_argument("--engine", default="auto", help="auto, openvino or eager (default auto)")
    parser.add_argument("--visible-topic", default="", help="RGB topic in the bag (default: found by name or type)")
    parser.add_argument("--thermal-topic", default="", help="thermal topic in the bag (default: found by name or type)")
    parser.add_argument("--slop", type=float, default=0.02, help="seconds, largest difference of a pair's stamps")
    parser.add_argument("--boxes", default="", help="boxes of a folder of pairs: YOLO text files, or a COCO JSON file")
    parser.add_argument("--no-detection", dest="detection", action="store_false", help="look for no objects")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("RUN_A", "RUN_B"), help="compare two finished runs, B against A"
    )
    live.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate or compare; returns 0, or 1 after saying what was wrong. With --live, see there."""
    if args.live:
        return live.run(args)
    if args.out is None:
        print("textfuse eval: --out is missing: name a folder for the report and its figures", file=sys.stderr)
        return 1
    if args.compare:
        return _compare(args)
    asked = Asked(
        tuple(args.source),
        args.visible_topic,
        args.thermal_topic,
        args.slop,
        args.every,
        args.prompt,
        tuple(args.mode),
        args.severity,
        args.model,
        args.engine,
        args.detection,
        args.boxes,
    )
    try:
        if args.every < 1:
            raise RunError(f"--every is {args.every}; it is 1 or more")
        source = open_source(asked)
        if not _confirmed(source, asked):
            return 1
        result = evaluate(asked, source, args.out, ["textfuse", *sys.argv[1:]])
    except (
        RecordingError,
        RunError,
        WeightsError,
        EngineError,
        PromptError,
        EncoderError,
        DetectorError,
        DetectorWeightsError,
        OSError,
    ) as error:
        print(f"textfuse eval: {error}", file=sys.stderr)
        return 1
    print()
    for answer in result["verdict"]:
        print(f"{answer['question']} {answer['answer'].capitalize()}: {answer['words']}")
    print(f"wrote {args.out}/report.html, run.json and frames.csv")
    return 0


def _compare(args: argparse.Namespace) -> int:
    try:
        if args.source:
            raise RunError("--compare takes two runs and no source")
        result = compare(args.compare, args.out)
    except (RunError, DetectorError, OSError) as error:
        print(f"textfuse eval: {error}", file=sys.stderr)
        return 1
    print(result["verdict"])
    print(f"wrote {args.out}/compare.html and compare.json")
    return 0


def _confirmed(source: Source, asked: Asked) -> bool:
    """Show the topics that were found; at a terminal, ask whether they are meant."""
    for kind, camera in zip(("visible", "thermal"), source.cameras, strict=False):
        print(f"{kind}: {camera}")
    if not source.cameras or (asked.visible_topic and asked.thermal_topic) or not sys.stdin.isatty():
        return True
    return input("Are these the two cameras? [Y/n] ").strip().lower() in ("", "y", "yes")
