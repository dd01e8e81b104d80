"""Figures of what was seen, against what follows from how it was made."""

from dataclasses import replace
from pathlib import Path

import pytest

from ros2_textfuse.evaluation.live.figures import FIGURES, measure, pairing_errors, prompt_switches
from ros2_textfuse.evaluation.live.observations import PromptCall, Seen, Watch
from tests.helpers.watches import EPOCH, seen, status, steady


def test_a_steady_stream():
    known, unknown = measure(steady(), 0.0, 10.0)
    assert known["visible_hz"] == known["thermal_hz"] == known["fused_hz"] == pytest.approx(10)
    for stream, latency in (("fused", 20), ("detections", 50)):
        for kind in ("p50", "p95", "p99", "max"):
            assert known[f"{stream}_{kind}_ms"] == pytest.approx(latency)
        assert known[f"{stream}_jitter_ms"] == pytest.approx(0, abs=1e-9)
    assert known["lost_share"] == known["undetected"] == known["restarts"] == known["pairing_max_ms"] == 0
    assert known["fusion_cores"] == pytest.approx(0.4) and known["fusion_mib"] == 520
    assert unknown == dict.fromkeys(FIGURES.keys() - known.keys(), "it was not found") | dict.fromkeys(
        ("prompt_late_frames", "prompt_ms"), "no prompt was set, or no image came after it"
    )


def test_percentiles_and_jitter():
    """Of 1, 2, ... 101 ms the percentiles are known; periods of 90 and 110 ms spread by 10 ms."""
    fused = [Seen(number * 0.1, number, float(number)) for number in range(1, 102)]
    detections = [Seen(number * 0.1 + 0.01 * (number % 2), number, 5.0) for number in range(1, 102)]
    known, _ = measure(Watch(fused=fused, detections=detections), 0.0, 20.0)
    assert [known[f"fused_{kind}_ms"] for kind in ("p50", "p95", "p99", "max")] == [51, 96, 100, 101]
    assert known["detections_jitter_ms"] == pytest.approx(10)


def test_only_the_stretch_counts():
    watch = steady()
    watch.fused = [seen(0.5, 900.0), *watch.fused[20:]]
    known, _ = measure(watch, 2.0, 10.0)
    assert known["fused_max_ms"] == pytest.approx(20) and known["fused_hz"] == pytest.approx(10)


def test_losses_by_their_reason():
    before = status(1.0, pairs_fused=10, pairs_dropped=7, visible_received=17)
    after = status(2.0, pairs_fused=100, pairs_dropped=12, visible_unpaired=3, thermal_unpaired=1, images_rejected=2)
    known, _ = measure(Watch(statuses=[before, after]), 0.0, 3.0)
    assert [known[name] for name in ("pairs_dropped", "visible_unpaired", "thermal_unpaired", "images_rejected")] == [
        5,
        3,
        1,
        2,
    ]
    assert known["lost_share"] == pytest.approx((5 + 3 + 2) / 100)


def test_a_restarted_node_counts_from_zero():
    counts = [0, 10, 20, 4, 14]
    statuses = [status(float(at), pairs_fused=count, visible_received=count) for at, count in enumerate(counts)]
    known, _ = measure(Watch(images=False, statuses=statuses), 0.0, 4.0)
    assert known["restarts"] == 1
    assert known["fused_hz"] == known["visible_hz"] == pytest.approx((10 + 10 + 4 + 10) / 4)


def test_fused_images_without_detections_or_tracks():
    watch = steady()
    del watch.detections[10:15]
    watch.detections.pop()  # of the newest image, which may still be in the works
    assert measure(watch, 0.0, 10.0)[0]["undetected"] == 5


def test_pairing_errors_are_those_of_fused_pairs():
    visible = [seen(0.1 * n, 2.0) for n in range(10)]
    thermal = [seen(0.1 * n + (0.03 if n == 4 else 0.001 * n), 2.0) for n in range(10)]
    fused = [seen(0.1 * n, 20.0) for n in range(10) if n not in (4, 7)]
    errors = pairing_errors(Watch(slop=0.02, visible=visible, thermal=thermal, fused=fused))
    assert [error.age_ms for error in errors] == pytest.approx([0, 1, 2, 3, 5, 6, 8, 9])
    known, _ = measure(Watch(slop=0.02, visible=visible, thermal=thermal, fused=fused), 0.0, 2.0)
    assert known["pairing_max_ms"] == pytest.approx(9) and known["pairing_p50_ms"] == pytest.approx(4)


def test_pairing_errors_are_counted_after_the_offset_of_the_clocks():
    visible, fused = ([seen(0.1 * n, late) for n in range(10)] for late in (2.0, 20.0))
    thermal = [seen(0.1 * n + 0.341, 2.0) for n in range(10)]
    watch = Watch(slop=0.02, thermal_time_offset=-0.34, visible=visible, thermal=thermal, fused=fused)
    assert [error.age_ms for error in pairing_errors(watch)] == pytest.approx([1.0] * 10)


def answered(at, **changes):
    return replace(PromptCall(at - 0.01, "dark", at, EPOCH + round(at * 1e9), True), **changes)


def test_prompt_change():
    """At 10 Hz and 50 ms: the answer comes at 1.02 s; the image of 1.0 s comes at 1.05 s, and at 1.15 s the next."""
    watch = Watch(detections=[seen(0.1 * n, 50.0) for n in range(30)], prompts=[answered(1.02)])
    ((_, late, milliseconds),) = prompt_switches(watch)
    assert (late, milliseconds) == (1, pytest.approx(130))
    watch.prompts.append(answered(2.055))  # between two images: the next one is theirs
    known, _ = measure(watch, 0.0, 3.0)
    assert known["prompt_late_frames"] == 1 and known["prompt_ms"] == pytest.approx(130)


@pytest.mark.parametrize("call", [answered(1.0, accepted=False), answered(1.0, answered=None), answered(5.0)])
def test_prompts_that_came_to_nothing_have_no_figure(call):
    watch = Watch(detections=[seen(0.1 * n, 50.0) for n in range(30)], prompts=[call])
    assert prompt_switches(watch) == []
    assert "prompt_ms" in measure(watch, 0.0, 3.0)[1]


def test_stamps_of_a_played_bag():
    """`ros2 bag play` sends the stamps of the recording: what counts then is when the visible image came."""
    watch = steady(clock=86_400.0)
    watch.prompts = [answered(1.03)]
    assert not watch.stamps_are_now
    known, _ = measure(watch, 0.0, 10.0)
    assert known["fused_p50_ms"] == pytest.approx(18) and known["detections_p50_ms"] == pytest.approx(48)
    assert known["prompt_late_frames"] == 0 and known["prompt_ms"] == pytest.approx(90)
    blind = replace(watch, images=False, visible=[], thermal=[], fused=[])
    assert "another time" in measure(blind, 0.0, 10.0)[1]["detections_p50_ms"]


def test_without_the_images():
    watch = replace(steady(), images=False, visible=[], thermal=[], fused=[])
    known, unknown = measure(watch, 0.0, 10.0)
    assert known["fused_hz"] == pytest.approx(10) and known["detections_hz"] == pytest.approx(10)
    assert known["fused_p95_ms"] == 20.0, "what the fusion node says"
    assert unknown["pairing_max_ms"] == unknown["fused_jitter_ms"] == "the images are not watched"


def test_nothing_at_all():
    known, unknown = measure(Watch(), 0.0, 10.0)
    assert known == {"fused_hz": 0.0, "detections_hz": 0.0, "undetected": 0}
    assert known.keys() | unknown.keys() == FIGURES.keys() and all(unknown.values())


def test_the_documentation_has_every_figure():
    text = (Path(__file__).parents[3] / "docs" / "guides" / "live-evaluation.md").read_text()
    for name, (unit, about) in FIGURES.items():
        assert f"| `{name}` | {unit} | {about} |" in text
