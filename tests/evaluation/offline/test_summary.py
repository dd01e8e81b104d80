"""Verdicts and the choice of frames, on rows whose answers are known."""

import math

import pytest

from ros2_textfuse.evaluation.metrics.fusion import LESS_IS_BETTER, SINGLE
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES, extremes, summarise, verdict

STREAMS = ("visible", "thermal", "fused")


def rows(count=30, better=0.0, **figures):
    """Rows of frames that vary a little; fused is better than both cameras by `better` in what needs no sources."""
    found = []
    for number in range(count):
        wave = math.sin(number)
        row = {"number": number, "time": number / 10, **dict.fromkeys(AGAINST_SOURCES, 1 + 0.1 * wave)}
        for name in SINGLE:
            row[f"visible_{name}"], row[f"thermal_{name}"] = 10 + wave, 9 + wave
            gain = -better if name in LESS_IS_BETTER else better
            row[name] = (9 if name in LESS_IS_BETTER else 10) + gain + wave
        for stream in STREAMS:
            row |= {f"{stream}_level": 100.0, f"{stream}_flicker": 0.2 + 0.1 * wave, f"{stream}_change": 1.0}
        found.append(row | figures)
    return found


def answers(found, **run):
    """Question -> answer and words."""
    base = {
        "source": {"period": 0.1},
        "engine": "eager",
        "settings": {"every": 1},
        "counts": {"pairs": 30, "evaluated": 30},
        "exclusions": {},
        "damage": "",
    }
    entries = verdict(summarise(found, ordered=True), base | run)
    return {entry["question"]: (entry["answer"], entry["text"]) for entry in entries}


@pytest.mark.parametrize(
    ("better", "answer", "words"),
    [
        (0.5, "yes", "better than both in EN"),
        (-0.5, "partly", "between them in EN"),
        (-5, "no", "worse than both in EN"),
    ],
)
def test_better_than_the_cameras(better, answer, words):
    found = answers(rows(better=better))["Does the fused image show more than either camera?"]
    assert found[0] == answer and words in found[1]


def test_one_pair_tells_nothing():
    """Its interval has no extent, so that whatever it shows would be certain."""
    entries = verdict(
        summarise(rows(better=0.5)[:1], ordered=False),
        {
            "source": {"period": 0.0},
            "engine": "eager",
            "settings": {"every": 1},
            "counts": {"pairs": 1, "evaluated": 1},
            "exclusions": {},
            "damage": "",
        },
    )
    assert entries[0]["answer"] == "unclear" and "1, and 5 are needed" in entries[0]["text"]


def test_a_difference_within_noise_is_not_better():
    """As good as the visible camera in the mean, a little off in each frame: between the two, not better than both."""
    noisy = [row | {name: row[name] + math.cos(7 * row["number"]) for name in SINGLE} for row in rows()]
    assert answers(noisy)["Does the fused image show more than either camera?"][0] == "partly"


@pytest.mark.parametrize(("p95", "answer"), [(90.0, "yes"), (110.0, "no")])
def test_keeping_up(p95, answer):
    found = answers(rows(), speed={"median_ms": 80.0, "p95_ms": p95})["Does it keep up with the cameras?"]
    assert found[0] == answer and "of the 100.0 ms between two pairs" in found[1]


@pytest.mark.parametrize(("flicker", "answer"), [(0.1, "yes"), (0.9, "no")])
def test_steadiness(flicker, answer):
    assert answers(rows(fused_flicker=flicker))["Is it as steady as the cameras?"][0] == answer


def test_steadiness_is_not_claimed_where_it_was_not_measured():
    unknown = {f"{stream}_{kind}": math.nan for stream in STREAMS for kind in ("flicker", "change")}
    assert "Is it as steady as the cameras?" not in answers(rows(**unknown))


@pytest.mark.parametrize(("low", "high", "answer"), [(0.01, 0.2, "yes"), (-0.05, 0.2, "unclear"), (-0.2, -0.01, "no")])
def test_detection_comes_first(low, high, answer):
    clean = {"visible": {"mAP50": 0.5}, "thermal": {"mAP50": 0.6}, "fused": {"mAP50": 0.65}}
    difference = {"mean": (low + high) / 2, "low": low, "high": high}
    detection = {"clean": clean, "over": {"thermal": difference}, "images": 33}
    question, found = next(iter(answers(rows(), detection=detection).items()))
    assert "detector" in question and found[0] == answer and "thermal alone 0.600" in found[1]
    assert ("too few images" in found[1]) == (answer == "unclear")


def test_what_was_left_out_is_said():
    run = {"exclusions": {"pair not fused": 3}, "damage": "drive.mcap breaks off", "settings": {"every": 5}}
    answer, words = answers(rows(), **run)["Was everything measured?"]
    assert answer == "stated" and "3 × pair not fused" in words
    assert "drive.mcap breaks off" in words and "one in 5" in words


def test_worst_and_best_frames_lie_apart():
    ramp = [row | dict.fromkeys(("SCD", "VIF", "Qabf", "SSIM"), row["number"]) for row in rows(30)]
    worst, best = extremes(ramp, 3, apart=0.45)
    assert [row["number"] for row in worst] == [0, 5, 10]
    assert [row["number"] for row in best] == [29, 24, 19]


@pytest.mark.parametrize(("count", "expected"), [(1, ([0], [])), (2, ([0], [1])), (3, ([0, 1], [2]))])
def test_no_frame_is_worst_and_best(count, expected):
    ramp = [row | dict.fromkeys(("SCD", "VIF", "Qabf", "SSIM"), row["number"]) for row in rows(count)]
    found = tuple([row["number"] for row in kind] for kind in extremes(ramp, 3, apart=0.0))
    assert found == expected
