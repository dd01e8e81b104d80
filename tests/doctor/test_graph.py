"""What the doctor makes of cameras, stamps and nodes."""

import numpy as np
import pytest

from ros2_textfuse.doctor import FAIL, OK, WARN, graph
from ros2_textfuse.doctor.graph import CameraSeen, GraphSeen

NOW = 1.7e9


def seen(topic="/visible/image_raw", rate=30.0, late=0.01, encoding="rgb8", keep=None, **changes):
    stamps = NOW + np.arange(90) / rate
    if keep is not None:
        stamps = stamps[keep]
    given = {
        "topic": topic,
        "publishers": ["/driver (reliable)"],
        "encoding": encoding,
        "width": 640,
        "height": 480,
        "stamps": list(stamps),
        "arrivals": list(stamps + late),
    }
    return CameraSeen(**{**given, **changes})


def test_a_healthy_camera():
    found = graph.camera("visible", seen())
    assert found.level == OK
    assert "30.0 Hz, rgb8, 640x480, from /driver (reliable), 10 ms old" in found.text


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"arrivals": [], "why_silent": "nobody publishes there; images are on /cam"}, FAIL, "images are on /cam"),
        ({"encoding": "bayer_rggb12"}, FAIL, "rgb8"),
        ({"stamps": [0.0] * 90}, FAIL, "header.stamp"),
        ({"stamps": [NOW] * 90}, WARN, "stamp each image"),
        ({"late": 30.0}, WARN, "clocks"),
        ({"late": -1.0}, WARN, "clocks"),
        ({"publishers": ["/a (reliable)", "/b (reliable)"]}, WARN, "end all but one"),
        ({"keep": np.arange(90) % 5 != 2}, WARN, "reliable"),
    ],
)
def test_what_is_wrong_with_a_camera(changes, level, said):
    found = graph.camera("visible", seen(**changes))
    assert found.level == level
    assert said in found.cure


@pytest.mark.parametrize("late", [-0.15, 1.5])
def test_stamps_that_the_node_takes_for_good_are_no_finding(late):
    assert graph.camera("visible", seen(late=late)).level == OK


@pytest.mark.parametrize("kind", ["fusion", "detection"])
def test_a_second_node_of_one_name(kind):
    found = graph.instances(GraphSeen({}, **{kind: [f"/textfuse/{kind}"] * 2}))
    assert found.level == FAIL and f"2 nodes are called /textfuse/{kind}" in found.text


def test_the_share_of_lost_images():
    steps = np.diff(np.arange(100)[np.arange(100) % 2 == 0]) / 30.0  # half is gone, evenly: cannot be known
    assert graph.missing(steps) == 0.0
    kept = np.delete(np.arange(100), slice(10, 40))
    assert graph.missing(np.diff(kept) / 30.0) == pytest.approx(0.3, abs=0.02)


def test_stamps_that_do_not_meet():
    assert graph.pairs(seen(), seen(rate=10.0, keep=slice(30)))[0].level == OK
    apart = graph.pairs(seen(rate=5.0), seen(rate=5.0, stamps=list(NOW + 0.1 + np.arange(90) / 5.0)))
    assert apart[0].level == WARN and "100 ms apart" in apart[0].text and "thermal_time_offset" in apart[0].cure
    assert graph.pairs(seen(arrivals=[]), seen()) == []


def test_nodes_of_one_name():
    assert graph.instances(GraphSeen({}, [])).level == OK
    assert graph.instances(GraphSeen({}, ["/textfuse/fusion"], "OK")).level == OK
    stuck = graph.instances(GraphSeen({}, ["/textfuse/fusion"], "WAITING", "no image on /x"))
    assert stuck.level == WARN and stuck.cure == "no image on /x"
    twice = graph.instances(GraphSeen({}, ["/textfuse/fusion"] * 2, "OK"))
    assert twice.level == FAIL and "2 nodes" in twice.text


def test_a_profile_that_is_not_read():
    assert graph.segment(549_408, 16 << 20).level == WARN
    assert graph.segment(17 << 20, 16 << 20).level == OK
    assert graph.segment(549_408, 0).level == OK
