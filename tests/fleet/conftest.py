"""Recordings of a few frames, and one Ray for all tests that need it: its start takes seconds."""

import importlib.util
import os
import shutil

import numpy as np
import pytest

from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.settings import FusionSettings
from tests.helpers.images import street
from tests.helpers.recordings import write_bag

# Where a distribution's packages are tested without the extra.
NEEDED = ("duckdb", "fsspec", "pyarrow")
collect_ignore_glob = [] if all(map(importlib.util.find_spec, NEEDED)) else ["test_*.py"]
PAIRS = 10
os.environ.setdefault("RAY_worker_niceness", "0")  # else Ray's workers wait for everything else on a busy machine
os.environ.setdefault("RAY_OVERRIDE_RESOURCES", '{"GPU": 1}')  # one to share out; no test computes on it


def scene(pairs=PAIRS, start=0):
    """A street that moves by a pixel a frame: visible [N, H, W, 3], and thermal counts [N, H, W] that get warmer."""
    visible, thermal = street(64, 80)
    moving, heat = (np.stack([np.roll(image, start + n, axis=1) for n in range(pairs)]) for image in (visible, thermal))
    return moving, (heat.astype(np.uint16) * 20 + 3000 + 40 * np.arange(pairs, dtype=np.uint16)[:, None, None])


@pytest.fixture(scope="session")
def drives(tmp_path_factory):
    """Two bags, one that breaks off, one that is none, and a copy of the first."""
    folder = tmp_path_factory.mktemp("drives")
    for number in range(2):
        write_bag(folder / f"drive{number}", *scene(start=7 * number), mcap=number == 1)
    shutil.copytree(folder / "drive0", folder / "copy")
    whole = write_bag(folder.with_name("whole"), *(np.stack([image] * 8) for image in street(240, 320)), mcap=True)
    content = next(whole.glob("*.mcap")).read_bytes()
    (folder / "broken.mcap").write_bytes(content[: len(content) // 2])
    (folder / "none.mcap").write_bytes(b"this is no bag")
    return folder


@pytest.fixture(scope="session")
def recipe():
    return Recipe.read(FusionSettings(engine="eager"), every=2)


@pytest.fixture(scope="session")
def ray_workers():
    """Two workers of a Ray of this test run."""
    from ros2_textfuse.fleet.cluster import Cluster

    if not importlib.util.find_spec("ray"):
        pytest.skip("Ray is not installed")
    with Cluster(count=2) as cluster:
        yield cluster
