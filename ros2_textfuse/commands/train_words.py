"""`textfuse train-words`: train the head that turns sentences into severities."""

import argparse
import time
from pathlib import Path

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.prompts import head, understanding
from ros2_textfuse.prompts.head import WEIGHTS
from ros2_textfuse.prompts.phrasings import TEST, TRAIN, handwritten, prompts
from ros2_textfuse.runtime.output import claim_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--output", type=Path, required=True, help="weights to write; never those installed")
    parser.add_argument("--count", type=int, default=9000, help="sentences made from templates (%(default)s)")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the clauses (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same head (%(default)s)")
    parser.add_argument("--test-count", type=int, default=600, help="held-out template sentences (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train, write the weights and print the held-out figures; returns 0."""
    if args.output.resolve() == WEIGHTS.resolve():
        raise TextfuseError(f"{args.output} is what is installed: name another file, and copy it there when it is good")
    if args.output.suffix != ".safetensors":
        raise TextfuseError(f"{args.output}: end its name in .safetensors")
    claim_file(args.output, lambda start: b'"encoder"' in start or b'"modes"' in start)
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


def _report(name: str, figures: dict[str, float], count: int) -> None:
    print(
        f"{name} ({count} prompts): precision {figures['precision']:.3f}, recall {figures['recall']:.3f}, "
        f"severity error {figures['severity_mae']:.3f}, neutral false alarms {figures['false_alarms']:.3f}, "
        f"foreign noticed {figures['unknown']:.3f}"
    )
    for mode in MODES:
        print(f"  {mode:16s} precision {figures[f'precision/{mode}']:.3f}  recall {figures[f'recall/{mode}']:.3f}")
