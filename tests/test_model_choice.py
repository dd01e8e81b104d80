"""`model:=auto`: which network is taken, and what is said of it, by measurements that a test states."""

import logging

import pytest

from ros2_textfuse import model_choice
from ros2_textfuse.settings import FAMILY, FusionSettings

SIZE = 48, 64
AUTO = FusionSettings(model="auto", engine="eager")


@pytest.fixture
def measured(monkeypatch):
    """Let the next measurements come out as stated."""

    def state(*rounds):
        turns = iter(rounds)
        monkeypatch.setattr(model_choice, "measure", lambda fusers, size: next(turns)[: len(fusers)])

    return state


@pytest.mark.parametrize(
    ("rounds", "model"),
    [
        ([[13.0]], "nano"),
        ([[27.0], [27.0, 9.0], [26.0, 9.0]], "pico"),
        ([[27.0], [27.0, 9.0], [13.0, 5.0]], "nano"),  # at first, the rest of the graph was starting
        ([[90.0], [90.0, 40.0], [90.0, 38.0]], "pico"),
    ],
)
def test_the_best_that_holds_the_rate_is_taken(rounds, model, measured, caplog):
    caplog.set_level(logging.INFO)
    measured(*rounds)
    fuser = model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0, settling=0.0)
    assert fuser.model_name == model and fuser.ready(*SIZE)
    assert "of the 33.3 ms of a frame at 30 Hz" in fuser.model_reason
    assert f"model auto: {model}, since nano takes" in caplog.text
    assert ("no model holds 30 Hz here" in caplog.text) == (rounds[-1][-1] == 38.0)


def test_a_slower_camera_leaves_room_for_the_better_network(measured):
    measured([27.0])
    assert model_choice.prepared_fuser(AUTO, None, SIZE, rate=15.0).model_name == "nano"


def test_a_model_that_is_named_is_not_measured(measured):
    measured()
    fuser = model_choice.prepared_fuser(FusionSettings(model="pico", engine="eager"), None, SIZE, rate=30.0)
    assert fuser.model_name == "pico" and fuser.ready(*SIZE) and not fuser.model_reason


def test_the_networks_take_turns():
    fusers = [model_choice.Fuser(name, "eager") for name in FAMILY]
    assert all(ms > 0 for ms in model_choice.measure(fusers, SIZE)) and len(fusers) == 2
