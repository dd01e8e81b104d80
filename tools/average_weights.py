"""The weighted mean of two files of weights that one run made of the other: between what each does well.

    python -m tools.average_weights OUT FIRST SECOND --share 0.75

OUT = (1 - share) * FIRST + share * SECOND. Both are of one architecture and configuration, and SECOND was trained from
FIRST (`textfuse train --from`): weights of unrelated runs have no useful mean.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors import safe_open

from ros2_textfuse.errors import WeightsError
from ros2_textfuse.networks.weights import load_network, save_weights


def average(out: Path, first: Path, second: Path, share: float) -> None:
    """Write the mean of two files of weights, whose header says how each was made.

    Args:
        out: the file to write.
        first: of weights, of which the mean takes 1 - `share`.
        second: of weights, of which it takes `share`.
        share: 0..1.

    Raises:
        WeightsError: the share is outside 0..1, a file cannot be loaded, or the two differ in shape.
    """
    if not 0 <= share <= 1:
        raise WeightsError(f"share {share} is outside 0..1")
    network, other = load_network(first), load_network(second)
    if network.config != other.config:
        raise WeightsError(f"{first} and {second} are of different shapes ({network.config}, {other.config})")
    with torch.no_grad():
        for mean, tensor in zip(network.state_dict().values(), other.state_dict().values(), strict=True):
            mean.lerp_(tensor, share)
    parts = [{"share": part, "settings": _settings(path)} for path, part in ((first, 1 - share), (second, share))]
    save_weights(out, network, {"average": json.dumps(parts)})


def _settings(path: Path) -> object:
    """What the header of a file says of its training."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    return {"steps": metadata.get("step"), **json.loads(metadata.get("settings", "{}"))}


def main() -> None:
    """Write the mean of two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("out", "first", "second"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the second file, 0..1")
    args = parser.parse_args()
    average(args.out, args.first, args.second, args.share)


if __name__ == "__main__":
    main()
