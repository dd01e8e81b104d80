"""What reliable delivery costs: images from a camera process to ours, with and without textfuse's DDS profile there.

    python benchmarks/delivery.py [--rate 30] [--seconds 10] [--json F]

The driver is a process of its own that knows nothing of textfuse; this process has the profile, as the nodes have.
For each way: images received and their rate (a driver that must wait for the wire sends fewer a second), from camera
stamp to callback, and processor time of both processes.
"""

import argparse
import os
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

from machine import describe_machine, spread, write

from ros2_textfuse.runtime import environment

DRIVER = Path(__file__).parents[1] / "tests" / "helpers" / "plain_cameras.py"
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
WAYS = [
    (offered, asked, profile)
    for profile in (False, True)
    for offered, asked in (("reliable",) * 2, ("best_effort",) * 2)
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=30.0, help="images a second of each camera (default 30)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure each way (default 10)")
    parser.add_argument("--driver", default="", help="command that the driver is started by, as slow_link.py has one")
    parser.add_argument("--json", type=Path, help="write the result here")
    args = parser.parse_args()
    environment.prepare()
    os.environ.setdefault("ROS_DOMAIN_ID", "99")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result: dict = {"environment": describe_machine(), "size": "640x480", "rate_hz": args.rate, "ways": []}
    for offered, asked, profile in WAYS:
        run = {
            "offered": offered,
            "asked": asked,
            "driver_has_profile": profile,
            **measure(offered, asked, profile, args),
        }
        result["ways"].append(run)
        print(run)
    write(result, args.json)


def measure(offered: str, asked: str, profile: bool, args: argparse.Namespace) -> dict:
    """One way; ages in milliseconds of the visible images, cores of the driver and of this process."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import Image

    from ros2_textfuse.nodes.common.compat import rclpy_running
    from ros2_textfuse.sync.pairing import stamp_ns

    ages: dict[str, list[float]] = {"visible": [], "thermal": []}
    came: list[float] = []  # s, of the visible images
    with rclpy_running():
        node = rclpy.create_node("receiver")
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy[asked.upper()])
        for camera, seen in ages.items():

            def note(message: Image, seen: list[float] = seen) -> None:
                now = node.get_clock().now().nanoseconds
                seen.append((now - stamp_ns(message)) / 1e6)
                if seen is ages["visible"]:
                    came.append(now / 1e9)

            node.create_subscription(Image, f"/{camera}/image_raw", note, qos)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        known = {name: value for name, value in os.environ.items() if profile or name not in PROFILES}
        command = [*shlex.split(args.driver), sys.executable, str(DRIVER)]
        command += [str(args.rate), str(args.seconds), offered, "640", "480"]
        before, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
        driver = subprocess.Popen(command, env=known, stdout=subprocess.PIPE, text=True)
        while driver.poll() is None:
            executor.spin_once(timeout_sec=0.1)
        after, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time() - own
        sent = int(driver.communicate()[0].split()[-1])
        node.destroy_node()
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "sent": sent,
        "received": {camera: len(seen) for camera, seen in ages.items()},
        "visible_hz": round((len(came) - 1) / (came[-1] - came[0]), 1) if len(came) > 1 else 0.0,
        "visible_age_ms": spread(ages["visible"]),
        "driver_cores": round(spent / args.seconds, 2),
        "receiver_cores": round(own / args.seconds, 2),
    }


if __name__ == "__main__":
    main()
