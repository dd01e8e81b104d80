"""One rig for the whole campaign."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from tests.helpers.rig import Rig


@pytest.fixture(scope="package")
def running_rig(tmp_path_factory):
    with Rig(tmp_path_factory.mktemp("campaign")) as rig:
        yield rig


@pytest.fixture
def rig(running_rig):
    """Two cameras and a fusion process that fuses them."""
    running_rig.make_ready()
    return running_rig
