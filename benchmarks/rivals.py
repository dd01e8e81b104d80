"""The family beside the code of Text-IF's authors, in one run: time, memory, and whether the images are the same.

    git clone https://github.com/XunpengYi/Text-IF && pip install einops
    python benchmarks/rivals.py --text-if Text-IF [--weights text_fusion.pth] [--sizes 320x256 640x480] [--json F]

Each contender runs in a process of its own, so that its peak memory is its own. Without --weights the networks have
random ones: cost and agreement are the same, images and the error of bf16 are not those of a trained network.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine, write
from torch import Tensor, nn

from ros2_textfuse.engines import EngineConfig
from ros2_textfuse.engines.selection import MODULES
from ros2_textfuse.engines.verification import check_pair, difference
from ros2_textfuse.networks.stored import NAMES
from ros2_textfuse.networks.textif import TextIF, TextIFConfig
from ros2_textfuse.networks.textif.checkpoint import published_name
from ros2_textfuse.networks.weights import load_network, save_weights

Fuse = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
TOLERANCE = 1e-4  # between the authors' output and ours, float32
ENOUGH = 10.0  # seconds of a contender; the first run counts only where it alone takes longer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text-if", type=Path, required=True, help="a checkout of the authors' code")
    parser.add_argument("--weights", type=Path, help="a published checkpoint (default: random weights)")
    parser.add_argument("--sizes", nargs="+", default=["320x256", "640x480"], help="WIDTHxHEIGHT, multiples of 16")
    contenders = "equality, authors, or a network and its engine, as 'textif openvino' (default: all)"
    parser.add_argument("--contenders", nargs="+", metavar="NAME", help=contenders)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of each (default 2)")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--one", nargs=3, metavar=("CONTENDER", "SIZE", "OUT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not (args.text_if / "model" / "Text_IF_model.py").is_file():
        parser.error(f"{args.text_if} is no checkout of https://github.com/XunpengYi/Text-IF")
    torch.set_num_threads(args.threads)
    if args.one:
        name, size, out = args.one
        print(json.dumps(measure(name, args, *map(int, reversed(size.split("x"))), Path(out))))
        return
    with tempfile.TemporaryDirectory() as folder:
        if args.weights is None:
            args.weights = Path(folder) / "random.safetensors"
            torch.manual_seed(0)
            save_weights(args.weights, TextIF(TextIFConfig()))
        write(compare(args, Path(folder)), args.json)


def compare(args: argparse.Namespace, folder: Path) -> dict:
    names = args.contenders or ["equality", "authors", "textif eager", "textif openvino", *fast_ones()]
    result: dict = {"environment": describe_machine(), "threads": args.threads, "sizes": {}}
    for size in args.sizes:
        rows = result["sizes"][size] = {}
        print(f"\n{size}")
        for name in names:
            rows[name] = row = in_a_process(name, size, args, folder / f"{name} {size}.npy")
            if "absent" in row or name == "equality":
                print(f"  {name:<18} {row}", flush=True)
                continue
            authors_row = rows.get("authors", {})
            ratios = [authors_row[key] / row[key] for key in ("seconds", "cpu_seconds") if key in authors_row]
            images = [folder / f"{other} {size}.npy" for other in (name, "authors")]
            if all(image.exists() for image in images) and name.startswith("textif"):
                row["mean_difference"], row["tail_difference"] = difference(*map(np.load, images))
            times = f"{row['seconds']:9.3f} s  {row['cpu_seconds']:9.3f} s of the processor"
            faster = " and ".join(f"{ratio:.2f}" for ratio in ratios)
            told = f"{faster} times as fast as the authors' code" if faster else ""
            print(f"  {name:<18} {times}  {row['peak_mib']:6.0f} MiB  {told}", flush=True)
    return result


def fast_ones() -> list[str]:
    engine = "compile" if torch.cuda.is_available() else "openvino"
    return [f"{name} {engine}" for name in ("nano", "pico") if name in NAMES]


def in_a_process(name: str, size: str, args: argparse.Namespace, out: Path) -> dict:
    command = [sys.executable, __file__, "--text-if", str(args.text_if), "--weights", str(args.weights)]
    command += ["--threads", str(args.threads), "--one", name, size, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"absent": (done.stderr.strip() or f"ended with {done.returncode}").splitlines()[-1][:200]}
    return json.loads(done.stdout.splitlines()[-1])


@torch.inference_mode()
def measure(name: str, args: argparse.Namespace, height: int, width: int, out: Path) -> dict:
    """Seconds of a pair, uint8 to uint8, and peak memory of this process; or how far the float images are apart.

    Seconds of the processor, all threads together, hardly depend on what else the machine does; those of the clock do.
    """
    visible, thermal = check_pair(height, width)
    if name == "equality":
        return equality(args, visible, thermal)
    label, fuse, inputs = authors(args) if name == "authors" else member(*name.split(), args, height, width)
    modulation = np.full((1, inputs), 0.2, np.float32)
    fused, times = np.empty_like(visible), []
    while sum(seconds for seconds, _ in times[1:]) < ENOUGH and not (times and times[0][0] > ENOUGH):
        start = time.perf_counter(), time.process_time()
        fuse(visible, thermal, modulation, fused)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    np.save(out, fused)
    seconds, cpu_seconds = np.median(times[1:] or times, axis=0).tolist()
    row = {"runs": label, "seconds": seconds, "cpu_seconds": cpu_seconds, "times": len(times)}
    row["peak_mib"] = peak_memory()
    if torch.cuda.is_available():
        row["peak_gpu_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return row


def peak_memory() -> float:
    """MiB of this process; not of getrusage, whose figure begins with that of the process it was forked from."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def member(model: str, engine: str, args: argparse.Namespace, height: int, width: int) -> tuple[str, Fuse, int]:
    """A network of the family on one of our engines; `fuse` takes gamma and beta's input and not them."""
    network = load_network(args.weights if model == "textif" else model)
    # Without verification, whose eager reference would count as the engine's memory.
    built = importlib.import_module(MODULES[engine]).build(EngineConfig(network, height, width, args.threads))
    modulation = network.modulation(torch.full((1, network.config.inputs), 0.2)).numpy()
    return built.name, lambda v, t, _, out: built.run(v, t, modulation, out), network.config.inputs


def authors(args: argparse.Namespace) -> tuple[str, Fuse, int]:
    """The authors' network as they run it: eager, float32."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = theirs(args.text_if, load_textif(args)).to(device)

    def fuse(visible, thermal, features, out):
        planes = [torch.from_numpy(x).to(device).permute(2, 0, 1)[None] / 255 for x in (visible, thermal[..., None])]
        fused = network(planes[0], planes[1].expand(-1, 3, -1, -1), torch.from_numpy(features).to(device))
        out[...] = (fused[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()

    return f"PyTorch {device.type} float32", fuse, TextIFConfig().inputs


def equality(args: argparse.Namespace, visible: np.ndarray, thermal: np.ndarray) -> dict:
    """How far our float32 image is from the authors', for the same tokens."""
    ours = load_textif(args)
    tokens = torch.tensor([[49406, 589, 533, 518, 49407]])
    planes = torch.from_numpy(visible).permute(2, 0, 1)[None] / 255, torch.from_numpy(thermal)[None, None] / 255
    expected = theirs(args.text_if, ours)(planes[0], planes[1].expand(-1, 3, -1, -1), ours.text(tokens))
    apart = (ours(*planes, tokens) - expected).abs().max().item()
    if apart > TOLERANCE:
        raise SystemExit(f"our image and the authors' are {apart:.2g} apart, {TOLERANCE:g} is allowed")
    return {"largest_difference": apart, "range": [expected.min().item(), expected.max().item()]}


def load_textif(args: argparse.Namespace) -> TextIF:
    network = load_network(args.weights)
    if not isinstance(network, TextIF):
        raise SystemExit(f"{args.weights} is no textif")
    return network


class Features(nn.Module):
    """Stands for CLIP in the authors' network: it is handed features, and gives them back."""

    def encode_text(self, features: Tensor) -> Tensor:
        return features


def theirs(checkout: Path, ours: TextIF) -> nn.Module:
    """The authors' network with our weights."""
    sys.path.insert(0, str(checkout))
    from model.Text_IF_model import Text_IF

    of = ours.config
    sizes = {"dim": of.width, "num_blocks": of.blocks, "num_refinement_blocks": of.refinement, "heads": of.heads}
    network = Text_IF(Features(), **sizes, ffn_expansion_factor=of.expansion)
    image_network = {name: tensor for name, tensor in ours.state_dict().items() if not name.startswith("text.")}
    network.load_state_dict({published_name(name): tensor for name, tensor in image_network.items()})
    return network.eval()


if __name__ == "__main__":
    main()
