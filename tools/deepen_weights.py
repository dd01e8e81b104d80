"""Blocks more at 1/16 for the weights of a nano: they change nothing until they are trained.

python -m tools.deepen_weights nano.safetensors --depth 4 -o deeper.safetensors
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import torch

from ros2_textfuse.networks.nano import Nano, NanoConfig
from ros2_textfuse.networks.weights import load_network, save_weights


def deepened(network: Nano, depth: int, seed: int = 0) -> Nano:
    """The network with new blocks behind those at 1/16, whose residuals are 0.

    Args:
        network: stays as it is.
        depth: blocks at 1/16 that the new one has.
        seed: of the weights that its new blocks begin with.

    Raises:
        ValueError: the network is as deep as that already.
    """
    added = depth - network.depth
    if added < 1:
        raise ValueError(f"a depth above {network.depth} expected, got {depth}")
    torch.manual_seed(seed)
    deeper = Nano(NanoConfig(**asdict(network.config) | {"depth": depth}))
    last = 2 + network.depth  # the new blocks come before this one of the old order
    rows = 2 * sum(network.block_widths[:last])
    new_rows = 2 * sum(deeper.block_widths[last : last + added])
    state = {}
    for name, value in network.state_dict().items():
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            name = f"blocks.{int(number) + added * (int(number) >= last)}.{rest}"
        elif name == "words.2.weight":
            fresh = deeper.words[2].weight.detach()[rows : rows + new_rows]
            value = torch.cat([value[:rows], fresh, value[rows:]])
        state[name] = value
    missing = deeper.load_state_dict(state, strict=False).missing_keys
    for block in deeper.blocks[last : last + added]:
        torch.nn.init.zeros_(block.conv2.weight)
        torch.nn.init.zeros_(block.conv2.bias)
    new = tuple(f"blocks.{at}." for at in range(last, last + added))
    assert all(name.startswith(new) for name in missing), missing
    return deeper


def main() -> None:
    """Write the deeper weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--depth", type=int, required=True, help="blocks at 1/16 that it is to have")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    network = load_network(args.weights)
    if not isinstance(network, Nano):
        parser.error(f"{args.weights} is not of a nano")
    save_weights(args.out, deepened(network, args.depth), {"deepened": args.weights.name})


if __name__ == "__main__":
    main()
