"""`textfuse eval` of a recording, and of two runs side by side."""

import argparse
import sys

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.detection.detector import DetectorError
from ros2_textfuse.detection.weights import WeightsError as DetectorWeightsError
from ros2_textfuse.engines import EngineError
from ros2_textfuse.evaluation.offline.compare import compare
from ros2_textfuse.evaluation.offline.evaluate import Asked, Source, evaluate, open_source
from ros2_textfuse.evaluation.offline.run_folder import RunError
from ros2_textfuse.geometry.calibration import CalibrationError
from ros2_textfuse.networks.weights import WeightsError
from ros2_textfuse.nodes.common.parameter_file import ParameterFileError
from ros2_textfuse.prompts.prompt import PromptError
from ros2_textfuse.prompts.text_encoder import EncoderError
from ros2_textfuse.recordings.source import RecordingError


def run(args: argparse.Namespace) -> int:
    """Evaluate or compare; returns 0, or 1 after saying what was wrong."""
    if args.out is None:
        print("textfuse eval: --out is missing: name a folder for the report and its figures", file=sys.stderr)
        return 1
    if args.compare:
        return _compare(args)
    try:
        if args.every < 1:
            raise RunError(f"--every is {args.every}; it is 1 or more")
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
        if not _confirmed(source, asked):
            return 1
        result = evaluate(asked, source, args.out, ["textfuse", *sys.argv[1:]])
    except (
        ParameterFileError,
        RecordingError,
        CalibrationError,
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
