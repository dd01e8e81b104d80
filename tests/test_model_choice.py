"""`model:=auto`: what is taken, said and remembered, by measurements that a test states."""

import importlib.metadata
import logging
from dataclasses import replace

import numpy as np
import pytest

from ros2_textfuse import model_choice
from ros2_textfuse.networks.stored import CLEARED
from ros2_textfuse.prompts import Prompt
from ros2_textfuse.settings import FusionSettings

SIZE = 48, 64
AUTO = FusionSettings(model="auto", engine="eager")


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Let measurements come out as stated, in milliseconds; returns the names of those that were made."""
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path))
    asked = []

    def state(**times):
        def measure(fuser, size):
            assert fuser.ready(*size) and fuser.prompt == Prompt()
            asked.append(fuser.model_name)
            return times[fuser.model_name]

        monkeypatch.setattr(model_choice, "measure", measure)
        return asked

    return state


@pytest.mark.parametrize(
    ("times", "model", "said"),
    [
        ({"pico": 5.0, "nano": 13.0}, "nano", "pico takes 5.0 ms, nano takes 13.0 ms"),
        ({"pico": 8.0, "nano": 19.0}, "pico", "pico takes 8.0 ms, nano takes 19.0 ms"),
        ({"pico": 9.9}, "pico", "pico takes 9.9 ms, nano at least 2 times as long"),  # nano is not even built
        ({"pico": 14.0}, "pico", "pico takes 14.0 ms, nano at least 2 times as long"),
        ({"pico": 38.0}, "pico", "pico takes 38.0 ms, nano at least 2 times as long"),
    ],
)
def test_the_best_that_holds_the_rate_is_taken(times, model, said, measured, caplog):
    caplog.set_level(logging.INFO)
    asked = measured(**times)
    fuser = model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0)
    assert fuser.model_name == model and fuser.ready(*SIZE) and asked == list(times)
    # In 20 ms there is room for a network that clears, which takes as long as pico.
    alone = "; rain and noise are left to pico, without networks of their own" if times["pico"] > 10 else ""
    overlap = "; 2 pairs overlap" if times[model] > 10 else ""
    assert fuser.model_reason == f"{said}; at 30 Hz fusing may take 16.7 ms, 50% of a frame{overlap}{alone}"
    assert fuser.in_flight == (2 if overlap else 1)
    assert fuser.clears == (not alone)
    assert f"model auto: {model}, since {fuser.model_reason}" in caplog.text
    assert ("no model holds 30 Hz here" in caplog.text) == (times["pico"] == 38.0)


def test_it_needs_no_openvino(measured, monkeypatch):
    """A machine with a GPU may be without; what was measured is remembered there as well."""

    def version(name, installed=importlib.metadata.version):
        if name == "openvino":
            raise importlib.metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    asked = measured(pico=5.0, nano=13.0)
    for _ in range(2):
        assert model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0).model_name == "nano"
    assert asked == ["pico", "nano"]


def test_a_slower_camera_leaves_room_for_the_better_network(measured):
    measured(pico=11.0, nano=27.0)
    assert model_choice.prepared_fuser(AUTO, None, SIZE, rate=15.0).model_name == "nano"


def test_pairs_overlap_as_the_settings_say(measured):
    measured(pico=13.0)
    assert model_choice.prepared_fuser(replace(AUTO, in_flight=1), None, SIZE, rate=30.0).in_flight == 1
    measured(pico=2.0, nano=4.0)
    assert model_choice.prepared_fuser(replace(AUTO, in_flight=2), None, SIZE, rate=30.0).in_flight == 2
    named = FusionSettings(model="pico", engine="eager")
    assert model_choice.prepared_fuser(named, None, SIZE, rate=30.0).in_flight == 1
    assert model_choice.prepared_fuser(replace(named, in_flight=2), None, SIZE, rate=30.0).in_flight == 2


def test_a_slow_machine_clears_rain_and_noise_too(measured):
    measured(pico=9.9)  # nano would take 19.8 at least
    fuser = model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0)
    fuser.set_prompt(modes=("rain", "visible_noise"), severity=0.5)
    assert fuser.model_name == "pico" and fuser.clears
    np.testing.assert_array_equal(fuser._in_force[2][0, : len(CLEARED)], 0.5)


def test_a_later_start_measures_and_builds_nothing_but_what_it_runs(measured, monkeypatch):
    asked = measured(pico=8.0, nano=27.0)
    model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0)
    built = []
    prepare = model_choice.Fuser.prepare
    monkeypatch.setattr(
        model_choice.Fuser, "prepare", lambda self, *size: built.append(self.model_name) or prepare(self, *size)
    )
    fuser = model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0)
    assert fuser.model_name == "pico" and built == ["pico"] and asked == ["pico", "nano"]
    assert "nano takes 27.0 ms (measured before)" in fuser.model_reason
    # What is known of nano serves another rate as well.
    assert model_choice.prepared_fuser(AUTO, None, SIZE, rate=15.0).model_name == "nano" and asked == ["pico", "nano"]


@pytest.mark.parametrize("what", ["another size", "more threads", "long ago", "before the clock was set"])
def test_what_was_measured_otherwise_or_long_ago_is_measured_again(what, measured, monkeypatch):
    asked = measured(pico=9.0)
    model_choice.prepared_fuser(AUTO, None, SIZE, rate=30.0)
    now = model_choice.time.time()
    later = {"long ago": now + model_choice.KEPT + 1, "before the clock was set": 0.0}.get(what, now)
    monkeypatch.setattr(model_choice.time, "time", lambda: later)
    settings = FusionSettings(model="auto", engine="eager", threads=1 if what == "more threads" else 0)
    model_choice.prepared_fuser(settings, None, (64, 64) if what == "another size" else SIZE, rate=30.0)
    assert asked == ["pico", "pico"]


def test_a_model_that_is_named_is_not_measured(measured):
    asked = measured()
    fuser = model_choice.prepared_fuser(FusionSettings(model="pico", engine="eager"), None, SIZE, rate=30.0)
    assert fuser.model_name == "pico" and fuser.ready(*SIZE) and not fuser.model_reason and not asked


def test_a_prompt_from_the_start_is_told_to_the_network_that_fuses_and_undone_once(measured):
    measured(pico=14.0)
    fuser = model_choice.prepared_fuser(replace(AUTO, modes=("rain",)), None, SIZE, rate=30.0)
    taken = fuser._in_force[2][0, : len(CLEARED)]
    assert not fuser.clears and not taken.any()
    assert not fuser.set_prompt("undo").severities


def test_what_clears_is_not_measured_with_what_fuses(measured):
    measured(pico=5.0, nano=8.0)
    settings = replace(AUTO, modes=("rain",), objects=("person",))
    fuser = model_choice.prepared_fuser(settings, None, SIZE, rate=30.0)
    assert fuser.clears and fuser.prompt.severities and fuser.prompt.objects == ("person",)


def test_fusing_is_measured():
    fuser = model_choice.Fuser("pico", "eager")
    assert 0 < model_choice.measure(fuser, SIZE) < 10_000
