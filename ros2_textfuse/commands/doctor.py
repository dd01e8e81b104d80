"""`textfuse doctor`: what is wrong on this machine, and how to cure it."""

import argparse
import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict

from ros2_textfuse.commands.node_arguments import add_cameras, namespace
from ros2_textfuse.doctor import FAIL, Finding, graph, guarded, software, speed, worst
from ros2_textfuse.doctor import machine as checks
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime import dds_profile, environment, machine
from ros2_textfuse.runtime.middleware import MiddlewareError

LONGEST = 60.0  # s


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_cameras(parser)
    parser.add_argument("--namespace", type=namespace, default="textfuse", help="of the fusion node (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to listen, and to fuse (default 3)")
    parser.add_argument("--no-cameras", dest="cameras", action="store_false", help="check the machine alone")
    parser.add_argument("--json", action="store_true", help="print JSON, for a bug report")


def run(args: argparse.Namespace) -> int:
    """Check everything; returns 0 when a run would work, else 1."""
    if not 0.5 <= args.seconds <= LONGEST:
        raise TextfuseError(f"--seconds is {args.seconds:g}; it is from 0.5 to {LONGEST:g}")
    findings = []
    for finding in _examine(args):
        findings.append(finding)
        if not args.json:
            print(finding, flush=True)
    level = worst(findings)
    if args.json:
        report = {"level": level, "machine": machine.describe(), "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(report, indent=2))
    else:
        print("a run would work" if level != FAIL else "a run would not work: see FAIL above")
    return 1 if level == FAIL else 0


def _examine(args: argparse.Namespace) -> Iterator[Finding]:
    """All findings, in the order in which one explains the next."""
    with contextlib.suppress(MiddlewareError):  # which is a finding of its own
        environment.prepare()
    expected = dds_profile.segment_in_force()
    yield from guarded("machine", checks.check)
    ros = [*guarded("distribution", software.ros)]
    yield from ros
    yield from guarded("software", software.check)
    rates: list[float] = []

    def look_around() -> list[Finding]:
        from ros2_textfuse.nodes.doctor.look import look

        seen = look({"visible": args.visible, "thermal": args.thermal}, args.namespace, args.seconds)
        rates.extend(camera.rate for camera in seen.cameras.values() if camera.rate)
        return graph.judge(seen, expected)

    if args.cameras and worst(ros) != FAIL:
        yield from guarded("graph", look_around)
    rate = min(rates, default=speed.RATE)  # there are no more pairs than images of the slower camera, but for `hold`
    yield from guarded("fusion speed", lambda: [speed.fusion_speed(args.seconds, rate)])
