"""Does requirements/robot.txt resolve to wheels on each Python and machine of a robot? uv's resolver answers.

    pip install uv
    python -m tools.check_pins [--python 3.14] [--machine aarch64]

Nothing is installed, and of a wheel only its metadata is fetched where the index allows it: pip would download them,
a gigabyte for each pair. Exit code 1 when a pair cannot be resolved, or not in time.
"""

import argparse
import importlib.util
import itertools
import subprocess
import sys
import time
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "robot.txt"
GLIBC = {"3.10": "2_35", "3.12": "2_39", "3.13": "2_40", "3.14": "2_40"}
"""By Python: of Ubuntu 22.04 (Humble), Ubuntu 24.04 (Jazzy, Kilted), Debian 13, and what Lyrical's has at least."""
MACHINES = ("x86_64", "aarch64")
PATIENCE = 300.0  # s for a pair


def resolve(python: str, machine: str, requirements: Path, patience: float = PATIENCE) -> str:
    """What uv says against it; empty when all is well.

    Args:
        python: version such as 3.12.
        machine: x86_64 or aarch64.
        requirements: file with what is wanted and its pins.
        patience: seconds.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--python", sys.executable]
    command += ["--python-version", python, "--python-platform", f"{machine}-manylinux_{GLIBC[python]}"]
    command += ["--only-binary", ":all:"]
    try:
        ended = subprocess.run([*command, str(requirements)], capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired:
        return f"no answer within {patience:.0f} s: try again, its cache keeps what was fetched"
    return ended.stderr.strip() if ended.returncode else ""


def main() -> int:
    """Try every pair, and say which fail."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", choices=GLIBC, help="may be given twice (default: all)")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="may be given twice (default: both)")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for a pair (default 300)")
    args = parser.parse_args()
    if not importlib.util.find_spec("uv"):
        parser.error("uv is not installed: pip install uv")
    failed = False
    for python, machine in itertools.product(args.python or GLIBC, args.machine or MACHINES):
        began = time.monotonic()
        reason = resolve(python, machine, REQUIREMENTS, args.patience)
        failed |= bool(reason)
        took = time.monotonic() - began
        print(f"Python {python} on {machine}: {reason or 'every pin resolves'} ({took:.0f} s)", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
