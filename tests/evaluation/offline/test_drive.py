"""What a drive's report counts, on moments with known answers; and one small drive through all of it."""

import json

import numpy as np
import pytest

from ros2_textfuse import Fuser
from ros2_textfuse.degradations.drive import STRETCHES, Drive
from ros2_textfuse.evaluation.offline.drive import Moment, delays, evaluate, false_names, flicker, own_conditions
from ros2_textfuse.recordings.types import RecordedImage, Recording, frame_at
from ros2_textfuse.saliency.regions import Region
from ros2_textfuse.settings import FusionSettings
from tests.helpers.images import street

RATE = 10


def moments(*frames, level=lambda n: 100.0):
    """Of (stretch, there, said)."""
    return [
        Moment(n, n / RATE, stretch, there, said, 0.0, "", {"visible": level(n), "fused": level(n)})
        for n, (stretch, there, said) in enumerate(frames)
    ]


RAIN = {"rain": 0.8}


def test_a_delay_is_counted_from_presence_to_name():
    frames = [(0, {}, {})] * 3 + [(1, {"rain": 0.2}, {})] * 2 + [(1, RAIN, {})] * 4 + [(1, RAIN, RAIN)] * 6
    found = delays(moments(*frames, *[(2, {}, RAIN)] * 3, *[(2, {}, {})] * 2))
    assert found == [{"stretch": STRETCHES[1].name, "condition": "rain", "named": 4, "left": 3, "lost": 0, "at": 5}]


def test_what_is_never_named_has_no_delay():
    row = delays(moments(*[(0, RAIN, {})] * 5))[0]
    assert row["named"] is None and row["left"] is None


def test_a_name_that_is_lost_counts():
    frames = [(0, RAIN, RAIN)] * 3 + [(0, RAIN, {})] * 2 + [(0, RAIN, RAIN)] * 3
    assert delays(moments(*frames))[0]["lost"] == 2
    assert flicker(moments(*frames))["flips"] == 1


def test_one_change_in_a_stretch_is_no_flip():
    assert flicker(moments(*[(0, {}, {})] * 3, *[(0, RAIN, RAIN)] * 3, *[(1, {}, {})] * 2))["flips"] == 0


def test_false_names_leave_time_to_fade():
    frames = [(0, {}, {})] * 3 + [(1, RAIN, RAIN)] * 5 + [(2, {}, RAIN)] * (RATE + 5)
    assert false_names(moments(*frames)) == {"rain": 5}
    assert false_names(moments(*[(1, {"smoke": 0.8}, {"smoke": 0.8, "haze": 0.5})] * 20)) == {}


def test_what_the_recording_itself_shows_is_no_false_name():
    frames = moments(*[(0, {}, {"blur": 0.5})] * 20, *[(1, {}, {"blur": 0.5, "rain": 0.4})] * 20)
    assert own_conditions(frames) == ["blur"]
    assert false_names(frames) == {"rain": 20}


def test_steps_of_the_level():
    found = flicker(moments(*[(0, {}, {})] * 10, level=lambda n: 100.0 + 30 * (n >= 5)))
    assert found["fused_largest_step"] == 30 and found["fused_mean_step"] == pytest.approx(30 / 9)


class Still(Recording):
    counts, duration = (20, 20), 2.0

    def images_from(self, time):
        visible, thermal = street(240, 320)
        for n in range(frame_at(time, RATE), 20):
            yield RecordedImage.from_pixels("visible", n / RATE, visible)
            yield RecordedImage.from_pixels("thermal", n / RATE, thermal)


class Two:
    """Brings out two people on the left of every image."""

    def bring_out(self, fused, visible, thermal, time):
        return [Region((0, 0, 10, 20), name="person")] * 2


def test_a_drive_is_fused_evaluated_and_written(tmp_path):
    fuser = Fuser(engine="eager")
    fuser.set_prompt(modes=["auto"], objects=["person"])
    drive = Drive(Still(), seconds=1.5, fade=0.3)
    found = evaluate(drive, FusionSettings(modes=("auto",)), fuser, tmp_path / "out", "a <drive>", Two())
    assert len(found["frames"]) == drive.pairs
    named = {row["condition"] for row in found["delays"] if row["named"] is not None}
    assert {"low_light", "ir_noise", "ir_stripe"} <= named
    page = (tmp_path / "out" / "drive.html").read_text()
    assert "person, 0 to 2 brought out" in page and all(frame["objects"] == {"person": 2} for frame in found["frames"])
    assert "two people left" in found["frames"][0]["sentence"] and "person" in found["prompt"]
    assert "a &lt;drive&gt;" in page and page.count("data:image/jpeg") == 3 * len(STRETCHES)
    assert json.loads((tmp_path / "out" / "drive.json").read_text())["rate"] == RATE
    assert all(np.isfinite(frame["balance"]) for frame in found["frames"])
