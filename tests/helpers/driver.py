"""A graph whose cameras are a process of their own, which knows nothing of textfuse's DDS profile."""

import os
import sys
from pathlib import Path

from tests.helpers.graph import START, Graph

DRIVER = Path(__file__).with_name("plain_cameras.py")
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS")


class QuietGraph(Graph):
    """No publisher of the observer's own on the cameras' topics, and no subscriber either."""

    topics = {name: Graph.topics[name] for name in ("status",)}  # noqa: RUF012

    def __enter__(self):
        super().__enter__()
        for camera in list(self._cameras):
            self.node.destroy_publisher(self._cameras.pop(camera))
        return self


def drive(graph, reliability, rate=30, seconds=5):
    """Run the driver to its end, without a profile; returns how many images of each camera it sent."""
    known = {name: os.environ.pop(name) for name in PROFILES if name in os.environ}
    try:
        command = [sys.executable, str(DRIVER), str(rate), str(seconds), reliability, "640", "480"]
        driver = graph.processes.start("driver", command, log=graph.logs / "driver.log")
    finally:
        os.environ.update(known)
    graph.wait(lambda: driver.poll() is not None, START, "the driver does not end")
    assert driver.returncode == 0, graph.log("driver")
    return int(graph.log("driver").split()[-1])
