"""delivery.py over a slow wire: the camera process and ours each in a network namespace, as on two computers.

    sudo python benchmarks/slow_link.py --mbit 100 [arguments of delivery.py]

Linux, as root, with iproute2. 640x480 at 30 Hz, RGB and 8-bit thermal, are 295 Mbit/s.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

DELIVERY = Path(__file__).with_name("delivery.py")
CAMERA, ROBOT = "textfuse-camera", "textfuse-robot"
WIRE = "tf0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbit", type=float, default=100.0, help="Mbit/s of the wire, each way (default 100)")
    args, rest = parser.parse_known_args()
    try:
        connect(args.mbit)
        command = [*within(ROBOT), sys.executable, str(DELIVERY), *rest, "--driver", shlex.join(within(CAMERA))]
        discovery = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
        return subprocess.run(command, env=os.environ | discovery, check=False).returncode
    finally:
        for name in (CAMERA, ROBOT):
            subprocess.run(["ip", "netns", "delete", name], check=False)


def connect(mbit: float) -> None:
    """Make both namespaces and the wire between them."""
    for name in (CAMERA, ROBOT):
        ip("netns", "add", name)
    ip("link", "add", WIRE, "netns", CAMERA, "type", "veth", "peer", "name", WIRE, "netns", ROBOT)
    for number, name in enumerate((CAMERA, ROBOT), 1):
        ip("-n", name, "address", "add", f"10.99.0.{number}/24", "dev", WIRE)
        for device in (WIRE, "lo"):
            ip("-n", name, "link", "set", device, "up")
        shape = ["tc", "qdisc", "add", "dev", WIRE, "root", "tbf", "rate", f"{mbit}mbit", "burst", "256kb"]
        subprocess.run([*within(name), *shape, "latency", "50ms"], check=True)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def within(name: str) -> list[str]:
    return ["ip", "netns", "exec", name]


if __name__ == "__main__":
    sys.exit(main())
