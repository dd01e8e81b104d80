"""What the tests of the engines share."""

import pytest

from ros2_textfuse.engines import EngineConfig
from ros2_textfuse.networks.weights import load_network


@pytest.fixture(scope="session")
def network():
    return load_network("nano")


@pytest.fixture
def config(network):
    """A small image with sides that need padding."""
    return EngineConfig(network, 50, 70)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty cache folder of this test alone."""
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
