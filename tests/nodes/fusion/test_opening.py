"""One line for a person who waits."""

from types import SimpleNamespace

import pytest

from ros2_textfuse.nodes.fusion.opening import Opening


@pytest.fixture
def opening():
    said, now = [], [0.0]

    def look(at, pairs_fused=0, message=""):
        now[0] = at
        opening.look(
            SimpleNamespace(
                pairs_fused=pairs_fused, message=message, latency_ms=30.6, engine="openvino bf16", state="WAITING"
            )
        )
        return list(said)

    opening = Opening("/textfuse/fused", said.append, lambda line: said.append(f"WARN {line}"), lambda: now[0])
    return look


def test_the_first_pair_is_told_once(opening):
    assert opening(0.5) == []
    assert opening(1.0, 3) == opening(9.0, 300)
    assert opening(9.5, 310) == ["first pair fused: 31 ms on openvino bf16, published on /textfuse/fused"]


def test_silence_is_told_once_within_five_seconds_and_what_comes_after_it(opening):
    why = "no visible image on /typo/image_raw: images are on /visible/image_raw"
    assert opening(3.5, 0, why) == []
    assert opening(4.5, 0, why) == opening(30.0, 0, why) == [f"WARN no pair fused yet: {why}"]
    assert opening(31.0, 1)[1].startswith("first pair fused")
