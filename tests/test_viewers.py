"""What config/ holds for Foxglove, RViz and rqt names topics and services that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml

CONFIG = Path(__file__).parents[1] / "config"
OUTPUTS = {
    "/textfuse/fused",
    "/textfuse/fused/compressed",
    "/textfuse/aligned/visible",
    "/textfuse/aligned/thermal",
    "/textfuse/annotated",
    "/textfuse/status",
    "/textfuse/set_prompt",
}


@pytest.mark.parametrize(
    ("file", "read"),
    [("foxglove.json", json.loads), ("textfuse.perspective", json.loads), ("textfuse.rviz", yaml.safe_load)],
)
def test_it_is_read_and_names_what_there_is(file, read):
    text = (CONFIG / file).read_text()
    assert read(text)
    named = set(re.findall(r"/textfuse/[a-z_/]+", re.sub(r"share.*|config/.*", "", text)))
    assert "/textfuse/fused" in named or "/textfuse/fused/compressed" in named
    assert named <= OUTPUTS


def test_foxglove_places_every_panel():
    layout = json.loads((CONFIG / "foxglove.json").read_text())

    def panels(node):
        return {node} if isinstance(node, str) else panels(node["first"]) | panels(node["second"])

    assert panels(layout["layout"]) == set(layout["configById"])
    ask = next(panel for name, panel in layout["configById"].items() if name.startswith("CallService"))
    assert set(json.loads(ask["requestPayload"])) <= {"prompt", "modes", "severity", "objects", "balance"}


def test_the_outputs_are_those_of_the_nodes():
    """Against the page that lists the topics."""
    page = (CONFIG.parent / "docs" / "reference" / "topics.md").read_text()
    assert all(name.removeprefix("/textfuse/") in page for name in OUTPUTS)
