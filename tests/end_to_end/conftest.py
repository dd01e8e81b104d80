"""Recordings and graphs for the end-to-end tests."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from tests.helpers.graph import Graph
from tests.helpers.recordings import write_bag

LONGEST = ("live", "fusion_node", "process_life", "stream", "doctor", "view", "cameras", "alignment")
"""Files that begin first: the last one has a core for itself, and the other one waits (pytest -n 2 --dist loadfile)."""
SIZE = (480, 640)
PAIRS = 75
RATE = 15.0


def pytest_collection_modifyitems(items):
    order = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A dim street by formula, with a warm figure that the RGB camera hardly sees and that moves."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    texture = 30 + 20 * np.sin(rows / 9) * np.sin(columns / 13) + 15 * (rows > 300)
    visible = np.stack([texture, texture * 0.9, texture * 0.8], axis=2).astype(np.uint8)
    thermal = (40 + texture * 0.5).astype(np.uint8)
    centre = (100 + 6 * number, 260)
    cv2.ellipse(thermal, centre, (25, 70), 0, 0, 360, 220, -1)
    return visible, thermal


@pytest.fixture(scope="session")
def bag(tmp_path_factory):
    """75 pairs of a moving scene at 15 Hz; every frame differs."""
    visible, thermal = (np.stack(images) for images in zip(*map(scene, range(PAIRS)), strict=True))
    return str(write_bag(tmp_path_factory.mktemp("recordings") / "bag", visible, thermal, RATE))


@pytest.fixture
def graph(tmp_path):
    """A graph without nodes."""
    with Graph(tmp_path) as graph:
        yield graph


@pytest.fixture(scope="module")
def fusion(tmp_path_factory):
    """A graph with fusion alone, active, shared by the tests of a module; its pairs overlap."""
    with Graph(tmp_path_factory.mktemp("logs")) as graph:
        graph.start_fusion(in_flight=2)
        yield graph
