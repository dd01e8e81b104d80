"""Does requirements/robot.txt resolve to wheels on each Python and machine of a robot? pip's own resolver answers.

    python -m tools.check_pins [--python 3.14] [--machine aarch64]

Nothing is installed. It takes a minute or so for each pair. Exit code 1 when one of them cannot be resolved.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "robot.txt"
PYTHONS = ("3.10", "3.12", "3.13", "3.14")  # Humble, Jazzy and Kilted, a newer Debian, Lyrical
MACHINES = ("x86_64", "aarch64")
GLIBC = {
    "3.10": 35,
    "3.12": 39,
    "3.13": 41,
    "3.14": 42,
}  # minor version, of Ubuntu 22.04, 24.04, Debian 13, Ubuntu 26.04

# pip chooses wheels for another Python and machine, but reads environment markers as those of the Python that runs it.
PIP = """
import sys
from pip._vendor.packaging import markers
here = markers.default_environment()
python, machine = sys.argv[1:3]
there = {"python_version": python, "python_full_version": python + ".0", "implementation_version": python + ".0",
         "platform_machine": machine, "sys_platform": "linux", "platform_system": "Linux"}
markers.default_environment = lambda: {**here, **there}
from pip._internal.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


def resolve(python: str, machine: str, requirements: Path) -> str:
    """What pip says against it; empty when all is well.

    Args:
        python: version such as 3.12.
        machine: x86_64 or aarch64.
        requirements: file with what is wanted and its pins.
    """
    command = [sys.executable, "-c", PIP, python, machine, "install", "--dry-run", "--quiet", "--ignore-installed"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--python-version", python]
    for minor in range(GLIBC[python], 16, -1):
        command += ["--platform", f"manylinux_2_{minor}_{machine}"]
    command += ["--platform", f"manylinux2014_{machine}", "--requirement", str(requirements)]
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run([*command, "--target", folder], capture_output=True, text=True, check=False)
    errors = [line for line in ended.stderr.splitlines() if line.startswith("ERROR") and "Ignored the" not in line]
    return ("\n  ".join(errors) or ended.stderr) if ended.returncode else ""


def main() -> int:
    """Try every pair, and say which fail."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", choices=PYTHONS, help="may be given twice (default: all)")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="may be given twice (default: both)")
    args = parser.parse_args()
    failed = False
    for python in args.python or PYTHONS:
        for machine in args.machine or MACHINES:
            reason = resolve(python, machine, REQUIREMENTS)
            failed |= bool(reason)
            print(f"Python {python} on {machine}: {reason or 'every pin resolves'}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
