"""`textfuse fleet`: evaluate many recordings side by side, and see where the fusion got better and where worse."""

import argparse
import os
import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from ros2_textfuse.commands import fusion_arguments
from ros2_textfuse.errors import TextfuseError

if TYPE_CHECKING:
    from ros2_textfuse.fleet.run import Outcome, Workers

EXAMPLES = """\
examples:
  textfuse fleet eval drives/ --out store                      # every bag and pair of videos below a folder
  textfuse fleet eval 's3://team/2026-1*/*' --out s3://team/store --address ray://head:10001
  textfuse fleet eval drives.csv --model new.safetensors --out store-new   # a manifest; its columns are for slices
  textfuse fleet report store-new --compare store --out report.html        # better where, worse where, how certain
  textfuse fleet mine store-new --out mined --frames 500                   # then textfuse train --data mined ...
  textfuse fleet query store "select source, avg(Qabf) from frames group by 1 order by 2"

`textfuse fleet SUBVERB --help` describes each. What it needs: pip install duckdb fsspec pyarrow ray
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    subverbs = parser.add_subparsers(dest="subverb", required=True, metavar="SUBVERB")
    for name, purpose, declare, run_it in SUBVERBS:
        sub = subverbs.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        declare(sub)
        sub.set_defaults(run_subverb=run_it)


def run(args: argparse.Namespace) -> int:
    """Run a subverb; returns its exit code."""
    code: int = args.run_subverb(args)
    return code


# Evaluate -----------------------------------------------------------------------------------------------------------


def _declare_eval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a bag; a folder with vi/ and ir/; a folder of any depth with these, or with videos in pairs "
        "(drive_visible.mp4, drive_thermal.mp4); RGB,THERMAL; a pattern; a list (.txt) or manifest (.csv, .jsonl); "
        "paths or URLs (s3://, gs://)",
    )
    parser.add_argument("--out", required=True, metavar="STORE", help="folder or URL of the store; it may exist")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="measure every N-th pair (default 1: all)")
    parser.add_argument(
        "--detector",
        default="",
        metavar="WEIGHTS",
        help="also store the boxes that this detector finds in each of the three streams: yolo26n.pt, or a path",
    )
    _declare_workers(parser)
    parser.add_argument(
        "--gpus", type=float, default=0.0, metavar="SHARE", help="of a GPU, for each worker (default 0)"
    )
    parser.add_argument(
        "--stretch", type=int, metavar="PAIRS", help="cut longer recordings into stretches (default 1800 pairs)"
    )
    fusion_arguments.add_parameters_file(parser)
    fusion_arguments.add_fusion(parser)
    fusion_arguments.add_pairing(parser)


def _evaluate(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ros2_textfuse.fleet.evaluation import STRETCH
    from ros2_textfuse.fleet.recipe import Recipe
    from ros2_textfuse.fleet.run import evaluate_fleet
    from ros2_textfuse.fleet.store import require_parquet

    _check(args, every=1, workers=0, stretch=2)
    require_parquet()
    recipe = Recipe.read(fusion_arguments.settings(args), args.every, args.detector)
    recipe.fuser(1)  # what is wrong with weights or prompt is found here, and once
    recipe.boxes(1)
    store = args.out.rstrip("/")
    with tqdm(unit="B", unit_scale=True, mininterval=0.5, maxinterval=5, disable=None) as bar:

        def progress(done: int, total: int, outcome: "Outcome") -> None:
            bar.total = total
            bar.set_postfix_str(f"{outcome.stored} recordings, {outcome.frames} frames", refresh=False)
            bar.update(done - bar.n)

        try:
            outcome = evaluate_fleet(
                args.source, recipe, store, _workers(args), progress, stretch=args.stretch or STRETCH
            )
        except KeyboardInterrupt:
            print(f"interrupted: what is done is in {store}, and the same command goes on", file=sys.stderr)
            raise
    return _told(outcome, store)


def _check(args: argparse.Namespace, **least: int) -> None:
    for name, limit in least.items():
        if (value := getattr(args, name)) is not None and value < limit:
            raise TextfuseError(f"--{name} is {value}; it is {limit} or more")


def _declare_workers(parser: argparse.ArgumentParser, where: str = "") -> None:
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="so many at once (default: one for each core; 1: no Ray)"
    )
    parser.add_argument(
        "--address", default="", help=f"a Ray cluster that runs{where}: ray://HOST:10001, HOST:6379 or auto"
    )


def _workers(args: argparse.Namespace) -> AbstractContextManager["Workers"]:
    """Ray's, or this process where one worker is asked for or Ray is not there, which is said."""
    from ros2_textfuse.fleet.cluster import Cluster, has_ray
    from ros2_textfuse.fleet.run import OneProcess

    count = args.workers or len(os.sched_getaffinity(0))
    if args.address or (count > 1 and has_ray()):
        return Cluster(args.address, count, args.gpus)
    if count > 1:
        print("Ray is not installed: one process evaluates, one recording after the other", file=sys.stderr)
    return nullcontext(OneProcess())


def _told(outcome: "Outcome", store: str) -> int:
    print(
        f"{outcome.found} recordings: {outcome.stored} evaluated ({outcome.frames} frames), {outcome.done} were in "
        f"{store} already" + (f", {outcome.same} have the content of another" if outcome.same else "")
    )
    for name, reason in outcome.failed.items():
        print(f"not evaluated: {name}: {reason}", file=sys.stderr)
    if not outcome.whole:
        print(f"{len(outcome.failed)} are missing; the same command tries them again", file=sys.stderr)
        return 1
    return 0


# Tell ---------------------------------------------------------------------------------------------------------------


def _declare_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="of `textfuse fleet eval`")
    parser.add_argument("--compare", metavar="OTHER", help="a store of other weights or settings, to compare with")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN", help="slice by this column as well")
    parser.add_argument("--out", type=Path, default=Path("fleet.html"), help="the page to write (default fleet.html)")


def _report(args: argparse.Namespace) -> int:
    from ros2_textfuse.fleet.report import write_report
    from ros2_textfuse.fleet.store import Store

    stores = [Store.open(path.rstrip("/")) for path in filter(None, (args.store, args.compare))]
    for answer in write_report(args.out, stores[0], stores[1] if len(stores) > 1 else None, args.by):
        print(f"{answer['question']} {answer['answer'].capitalize()}: {answer['text']}")
    print(f"wrote {args.out}")
    return 0


def _declare_query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="of `textfuse fleet eval`")
    parser.add_argument("sql", metavar="SQL", help="over the views frames and recordings")
    parser.add_argument("--csv", action="store_true", help="print comma-separated values, all of them")


def _query(args: argparse.Namespace) -> int:
    from ros2_textfuse.fleet.queries import answer, connect
    from ros2_textfuse.fleet.store import Store

    connection = connect(Store.open(args.store.rstrip("/")))
    for line in answer(connection, args.sql, args.csv):
        print(line)
    return 0


# Choose -------------------------------------------------------------------------------------------------------------


def _declare_mine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="of `textfuse fleet eval`")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of the data set; a new one")
    parser.add_argument("--frames", type=int, default=500, metavar="N", help="how many, at most (default 500)")
    parser.add_argument(
        "--hold-back", type=float, default=0.2, metavar="SHARE", help="of the recordings, for testing (default 0.2)"
    )
    parser.add_argument("--calibration", default="", help="YAML file that the store was made with")
    _declare_workers(parser, ", with FOLDER on a disk that it shares")
    parser.set_defaults(gpus=0.0)


def _mine(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ros2_textfuse.fleet.mining import choose, export
    from ros2_textfuse.fleet.store import Store

    _check(args, workers=0)
    store = Store.open(args.store.rstrip("/"))
    chosen = choose(store, args.frames, args.hold_back)
    with _workers(args) as workers, tqdm(total=len(chosen), unit="frame", disable=None) as bar:
        missing = export(store, chosen, args.calibration, args.out.absolute(), workers, bar.update)
    for reason, count in Counter(frame.reason for frame in chosen).items():
        print(f"{count} frames: {reason}")
    sides = Counter(frame.split for frame in chosen)
    print(f"wrote {args.out}: {sides['train']} frames to train on, {sides['test']} to test by, less what is missing")
    for name, reason in missing.items():
        print(f"missing: {name}: {reason}", file=sys.stderr)
    return 1 if missing else 0


SUBVERBS = (
    ("eval", "evaluate recordings into a store; what is in it already is not done again", _declare_eval, _evaluate),
    (
        "report",
        "one page about a store: totals, slices, the worst, and what changed against another",
        _declare_report,
        _report,
    ),
    ("query", "ask a store in SQL", _declare_query, _query),
    ("mine", "export the frames most worth labelling or training on as a data set", _declare_mine, _mine),
)
