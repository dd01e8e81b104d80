"""What was seen, moved in time and put together."""

from dataclasses import replace
from pathlib import Path

import pytest

from ros2_textfuse.evaluation.live.figures import measure
from ros2_textfuse.evaluation.live.observations import STATES, PromptCall, Watch
from tests.helpers.watches import EPOCH, steady


def test_times_move_together():
    moved = replace(steady(), prompts=[PromptCall(2.99, "dark", 3.0, EPOCH, True)]).counted_from(2.0)
    assert moved.statuses[0].at == moved.diagnostics[0].at == moved.usage["fusion"][0].at == -2.0
    assert moved.diagnostics[0].last == 8.0 and moved.prompts[0].answered == 1.0
    assert measure(moved, 0.0, 8.0)[0]["fused_hz"] == pytest.approx(10)


def test_a_diagnostic_that_repeats_is_one():
    watch = Watch()
    for at, source, level in (
        (0, "a", "OK"),
        (1, "b", "OK"),
        (2, "a", "OK"),
        (3, "a", "WARN"),
        (4, "b", "OK"),
        (5, "a", "OK"),
    ):
        watch.diagnose(float(at), source, level, "")
    found = [(one.source, one.level, one.at, one.last, one.count) for one in watch.diagnostics]
    assert found == [("a", "OK", 0, 2, 2), ("b", "OK", 1, 4, 2), ("a", "WARN", 3, 3, 1), ("a", "OK", 5, 5, 1)]


def test_the_states_are_those_of_the_message():
    lines = (Path(__file__).parents[3] / "msg" / "FusionStatus.msg").read_text().splitlines()
    constants = [
        line.split()[1].split("=")[0] for line in lines if line.startswith("string ") and "=" in line.split()[1]
    ]
    assert set(STATES) == set(constants)
