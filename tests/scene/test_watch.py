"""What lasts is followed, what flickers is not."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from ros2_textfuse.scene.conditions import CONDITIONS
from ros2_textfuse.scene.estimator import Estimate
from ros2_textfuse.scene.features import PARTS
from ros2_textfuse.scene.watch import RATE, SceneWatch

BLANK = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)
STEP = 0.2  # s between looks


class Told:
    """An estimator that says what it is told."""

    def __init__(self):
        self.calls, self.brightness = 0, 0.5
        self.severities = {}

    def __call__(self, visible, thermal):
        return self.judge({})

    def judge(self, found):
        self.calls += 1
        severity = np.array([self.severities.get(name, 0.0) for name in CONDITIONS], np.float32)
        return Estimate((severity > 0).astype(np.float32), severity, self.brightness)


@pytest.fixture(autouse=True)
def read(monkeypatch):
    """Names of the parts of looks that were read, in order; reading takes no time."""
    names = []
    parts = [lambda visible, thermal, name=part.__name__: names.append(name) or {} for part in PARTS]
    monkeypatch.setattr("ros2_textfuse.scene.watch.PARTS", parts)
    return names


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def watch(told):
    return SceneWatch(told)


def play(watch, told, severities, seconds, start):
    """Scenes of looks every STEP."""
    told.severities = severities
    return [watch.look(*BLANK, start + STEP * n) for n in range(1, round(seconds / STEP) + 1)]


def test_a_scene_goes_to_another_process_whole(watch, told):
    """As between the stretches of a long recording: with what is believed of a word, or it would be taken as it is."""
    told.severities = {"haze": 0.7}
    scene = watch.look(*BLANK, 0.0)
    assert scene.credibility["rain"] < 1
    assert pickle.loads(pickle.dumps(scene)) == scene


def test_the_first_look_is_believed(watch, told):
    told.severities = {"haze": 0.7}
    assert watch.look(*BLANK, 0.0).conditions == {"haze": pytest.approx(0.7)}


def test_images_without_a_stamp_have_nothing_to_do_with_each_other(watch, told):
    for severities in ({"haze": 0.7}, {}, {"rain": 0.4}):
        told.severities = severities
        assert watch.look(*BLANK).conditions == pytest.approx(severities)


def test_preparing_says_nothing_of_the_scene(watch, told):
    told.severities = {"haze": 0.7}
    watch.prepare(48, 64)
    assert told.calls == 1 and not watch.scene.conditions


def test_no_frame_of_a_fast_stream_pays_for_a_whole_look(watch, told, read):
    """Every part is read in turn, at most one from a frame, and looks follow each other all the same."""
    watch.look(*BLANK, 0.0)
    counts = []
    for n in range(1, 61):
        before = len(read)
        watch.look(*BLANK, n / 60)
        counts.append(len(read) - before)
    assert max(counts) == 1 and told.calls == 1 + len(read) // len(PARTS) >= 5
    assert read == [PARTS[n % len(PARTS)].__name__ for n in range(len(read))]


def test_a_slow_stream_is_looked_at_whole(watch, told):
    for n in range(6):
        watch.look(*BLANK, n * STEP)
    assert told.calls == 6


def test_a_condition_fades_in_and_out(watch, told):
    watch.look(*BLANK, 0.0)
    scenes = play(watch, told, {"rain": 0.8}, 3, 0.0)
    followed = [scene.conditions.get("rain", 0.0) for scene in scenes]
    assert followed[0] == 0 and followed[-1] == pytest.approx(0.8, abs=0.12)
    named = next(n for n, severity in enumerate(followed) if severity)
    assert (named + 1) * STEP <= 0.61
    assert all(-1e-6 <= b - a <= RATE * STEP + 1e-3 for a, b in pairwise(followed))
    gone = [scene.conditions.get("rain", 0.0) for scene in play(watch, told, {}, 3, 3.0)]
    assert gone[-1] == 0 and all(a - b <= RATE * STEP + 1e-3 for a, b in pairwise([followed[-1], *gone]))


def test_it_fades_with_every_frame_and_not_with_every_look(watch, told):
    watch.look(*BLANK, 0.0)
    told.severities = {"rain": 0.8}
    followed = [watch.look(*BLANK, n / 30).conditions.get("rain", 0.0) for n in range(1, 61)]
    assert max(b - a for a, b in pairwise(followed)) <= RATE / 30 + 1e-3
    assert followed[-1] > 0.6


def test_what_comes_and_goes_is_not_followed(watch, told):
    """An estimate that changes its mind at each look neither begins a condition nor ends one."""
    watch.look(*BLANK, 0.0)
    for n in range(1, 40):
        told.severities = {"rain": 0.8} if n % 2 else {}
        assert not watch.look(*BLANK, n * STEP).conditions
    told.severities = {"rain": 0.8}
    watch.look(*BLANK)
    held = SceneWatch(told)
    held.look(*BLANK, 0.0)
    for n in range(1, 40):
        told.severities = {} if n % 2 else {"rain": 0.8}
        assert "rain" in held.look(*BLANK, n * STEP).conditions


def test_small_changes_of_severity_are_not_followed(watch, told):
    told.severities = {"blur": 0.5}
    watch.look(*BLANK, 0.0)
    rng = np.random.default_rng(0)
    for n in range(1, 60):
        told.severities = {"blur": 0.5 + 0.08 * rng.uniform(-1, 1)}
        assert watch.look(*BLANK, n * STEP).conditions["blur"] == pytest.approx(0.5)


def test_a_gap_and_a_clock_that_jumps_begin_anew(watch, told):
    watch.look(*BLANK, 100.0)
    told.severities = {"haze": 0.6}
    assert watch.look(*BLANK, 110.0).conditions == {"haze": pytest.approx(0.6)}
    told.severities = {}
    assert not watch.look(*BLANK, 5.0).conditions


def test_the_light_has_hysteresis(watch, told):
    told.brightness = 0.05
    assert watch.look(*BLANK, 0.0).light == "night"
    told.brightness = 0.5
    assert [scene.light for scene in play(watch, told, {}, 4, 0.0)][-1] == "day"
    lights = []
    for n in range(1, 60):
        told.brightness = 0.25 if n % 2 else 0.26
        lights.append(watch.look(*BLANK, 4 + n * STEP).light)
    assert set(lights) == {"day"}
    told.brightness = 0.2
    assert [scene.light for scene in play(watch, told, {}, 4, 20.0)][-1] == "dusk"


def test_a_scene_is_read_only(watch, told):
    told.severities = {"haze": 0.6}
    with pytest.raises(TypeError):
        watch.look(*BLANK).conditions["rain"] = 1.0


def test_how_far_words_are_believed_follows_what_is_seen_without_a_jump(watch, told):
    told.severities = {}
    assert watch.look(*BLANK, 0.0).credibility["haze"] == 0
    scenes = play(watch, told, {"haze": 0.6}, 4.0, 0.0)
    levels = [scene.credibility["haze"] for scene in scenes]
    assert levels[-1] > 0.85 and max(b - a for a, b in pairwise(levels)) <= RATE * STEP + 1e-3
    assert scenes[-1].credibility["rain"] == 0
