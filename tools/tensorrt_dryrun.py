"""Shows, without a GPU, how much of the network Torch-TensorRT takes, and in how many engines.

Torch-TensorRT's own dry run lowers and partitions the graph that the TensorRT engine compiles, by the same call; it
builds and runs nothing. The GPU that it asks for is SIMULATED here by stand-ins, where there is none.
"""

import argparse
import contextlib
import io
import logging
import re
import sys
from types import SimpleNamespace

import torch

from ros2_textfuse.engines.base import EngineConfig
from ros2_textfuse.engines.cuda import PRECISIONS
from ros2_textfuse.engines.image_graph import ImageGraph
from ros2_textfuse.engines.tensorrt import lower
from ros2_textfuse.networks.weights import load_network

GIB = 2**30


def main() -> int:
    """Run it; 0 when every operator is in one engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="a network's name or weights file (default nano)")
    parser.add_argument("--width", type=int, default=640, help="pixels (default 640)")
    parser.add_argument("--height", type=int, default=480, help="pixels (default 480)")
    parser.add_argument("--report", action="store_true", help="print Torch-TensorRT's whole report")
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # what the compiler finds missing for other kinds of networks
    _simulate_gpu()
    complete = True
    for precision, name in PRECISIONS.items():
        config = EngineConfig(load_network(args.model), args.height, args.width)
        report = dry_run(config, precision)
        if args.report:
            print(report)
        total, supported, engines = summary(report)
        print(
            f"{args.model} {name} {args.width}x{args.height}: {supported} of {total} operators in {engines} engine(s)"
        )
        complete &= supported == total and engines == 1
    return 0 if complete else 1


def dry_run(config: EngineConfig, precision: torch.dtype) -> str:
    """Torch-TensorRT's report on the network, as text."""
    graph = ImageGraph.on(torch.device("cpu"), precision, config)
    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        lower(graph.network, graph.network_example(), dryrun=True)
    return report.getvalue()


def summary(report: str) -> tuple[int, int, int]:
    """Operators in the graph, those that TensorRT takes, and engines, read from a report.

    Raises:
        ValueError: the text is not such a report.
    """
    counts = re.search(r"consists of (\d+) Total Operators, of which (\d+) operators are supported", report)
    if counts is None:
        raise ValueError("this is not a dry-run report of Torch-TensorRT")
    return int(counts[1]), int(counts[2]), len(re.findall(r"TRT Engine #\d+", report))


def _simulate_gpu() -> None:
    """Let Torch-TensorRT be imported where there is no GPU."""
    if torch.cuda.is_available():
        return
    print("no GPU here: a simulated one stands in for the import; nothing is built or run on it")
    cuda = torch.cuda
    properties = SimpleNamespace(name="simulated", major=8, minor=7, total_memory=8 * GIB, multi_processor_count=16)
    stand_ins = {
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_name": lambda *_: properties.name,
        "get_device_capability": lambda *_: (properties.major, properties.minor),
        "get_device_properties": lambda *_: properties,
        "mem_get_info": lambda *_: (8 * GIB, 8 * GIB),
    }
    for name, function in stand_ins.items():
        setattr(cuda, name, function)
    really = cuda.is_available
    cuda.is_available = lambda: True
    try:
        import torch_tensorrt  # noqa: F401 - it asks for a GPU while it is imported
    finally:
        cuda.is_available = really


if __name__ == "__main__":
    sys.exit(main())
