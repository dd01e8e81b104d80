"""`textfuse train-words`: train what understands free text."""

import argparse
import time
from pathlib import Path

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.prompts import head, sentence_reader, understanding
from ros2_textfuse.prompts.phrasings import TEST, TRAIN, handwritten, prompts
from ros2_textfuse.runtime.output import claim_file

_INSTALLED = {"head": head.WEIGHTS, "reader": sentence_reader.WEIGHTS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--output", type=Path, required=True, help="weights to write; never those installed")
    parser.add_argument(
        "--part", choices=_INSTALLED, default="head",
        help="the head that reads clauses, or the reader of whole sentences (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=4800, help="of the reader's training (%(default)s)")
    parser.add_argument("--from", dest="start", type=Path, help="reader: weights to begin with")
    parser.add_argument("--count", type=int, default=9000, help="head: sentences made from templates (%(default)s)")
    parser.add_argument("--epochs", type=int, default=60, help="head: passes over the clauses (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same weights (%(default)s)")
    parser.add_argument("--test-count", type=int, default=600, help="head: held-out template sentences (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train, write the weights and print figures; returns 0."""
    if args.output.resolve() in {path.resolve() for path in _INSTALLED.values()}:
        raise TextfuseError(f"{args.output} is what is installed: name another file, and copy it there when it is good")
    if args.output.suffix != ".safetensors":
        raise TextfuseError(f"{args.output}: end its name in .safetensors")
    claim_file(args.output, lambda start: any(word in start for word in (b'"encoder"', b'"modes"', b'"slots"')))
    return _train_head(args) if args.part == "head" else _train_reader(args)


def _train_head(args: argparse.Namespace) -> int:
    # Torch takes seconds, which help and a usage error need not wait for.
    from ros2_textfuse.training.severity_head import evaluate, examples, fit, save

    start = time.perf_counter()
    data = examples(TRAIN, args.count, args.seed)
    print(f"{len(data.features)} clauses encoded in {time.perf_counter() - start:.0f} s")
    save(fit(data, args.epochs, args.seed), args.output, args.seed)
    print(f"wrote {args.output} after {time.perf_counter() - start:.0f} s")
    head.use(args.output)  # the figures are of what was written
    understanding.forget()
    written = list(handwritten(TEST))
    _report("held out, handwritten", evaluate(written), len(written))
    made = prompts(TEST, args.test_count, args.seed + 1)[len(written) :]
    _report("held out, templates", evaluate(made), len(made))
    return 0


def _train_reader(args: argparse.Namespace) -> int:
    if args.steps < 1:
        raise TextfuseError(f"--steps is {args.steps}: expected at least 1")
    from ros2_textfuse.training.sentence_reader import fit, save

    start = time.perf_counter()

    def progress(step: int, loss: float) -> None:
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss:.2f}, {time.perf_counter() - start:.0f} s", flush=True)

    save(fit(args.steps, args.seed, progress, args.start), args.output, args.seed)
    print(f"wrote {args.output} after {time.perf_counter() - start:.0f} s")
    return 0


def _report(name: str, figures: dict[str, float], count: int) -> None:
    print(
        f"{name} ({count} prompts): precision {figures['precision']:.3f}, recall {figures['recall']:.3f}, "
        f"severity error {figures['severity_mae']:.3f}, neutral false alarms {figures['false_alarms']:.3f}, "
        f"foreign noticed {figures['unknown']:.3f}"
    )
    for mode in MODES:
        print(f"  {mode:16s} precision {figures[f'precision/{mode}']:.3f}  recall {figures[f'recall/{mode}']:.3f}")
