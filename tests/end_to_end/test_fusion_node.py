"""The fusion node by itself: words, bad images, lifecycle."""

import os
import signal
import time

import numpy as np
import pytest
import torch
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from ros2_textfuse.runtime.processes import node_command
from ros2_textfuse.sync.pairing import stamp_ns
from tests.end_to_end.conftest import scene
from tests.helpers.campaign import campaign
from tests.helpers.graph import START

VISIBLE, THERMAL = scene(0)


def send_until_fused(graph):
    """Send a good pair and wait for its fused image."""
    before = len(graph.seen["fused"])
    graph.send(VISIBLE, THERMAL)
    graph.wait(lambda: len(graph.seen["fused"]) > before, 5.0, "a good pair was not fused")
    return graph.seen["fused"][-1]


def send_and_count(graph, pair):
    """Send a pair; returns how many images were fused up to now."""
    graph.send(*pair)
    time.sleep(0.2)
    return len(graph.seen["fused"])


# Words ----------------------------------------------------------------------------------------------------------------


def test_prompts_are_resolved_and_reported(fusion):
    answer = fusion.set_prompt(modes=("low_light", "ir_noise"), severity=0.7)
    assert answer.success, answer.message
    assert list(answer.modes) == ["low_light", "ir_noise"]
    np.testing.assert_allclose(answer.severities, 0.7, rtol=1e-6)
    status = fusion.status()
    assert list(status.modes) == ["low_light", "ir_noise"]
    assert status.prompt_changes >= 1


def test_free_text(fusion):
    answer = fusion.set_prompt("it is very dark outside")
    assert answer.success, answer.message
    assert answer.prompt == "it is very dark outside"
    assert "low_light" in answer.modes


def test_objects_cameras_and_tone_are_answered_and_undone(fusion):
    fusion.set_prompt(modes=("haze",), severity=0.4, objects=["pedestrian"], balance=-0.25)
    answer = fusion.set_prompt("darker, also more thermal, and the moon is made of cheese")
    assert answer.success, answer.message
    assert (list(answer.objects), list(answer.modes)) == (["person"], ["haze"])
    assert (answer.balance, answer.brightness) == (pytest.approx(0.25), pytest.approx(-0.5))
    assert list(answer.not_understood) == ["the moon is made of cheese"]
    answer = fusion.set_prompt("undo")
    assert (answer.balance, answer.brightness) == (pytest.approx(-0.25), 0.0)
    status = fusion.status()
    assert (list(status.objects), status.balance) == (["person"], pytest.approx(-0.25))


def test_the_balance_is_a_live_parameter(fusion):
    def set_balance(value):
        request = SetParameters.Request(parameters=[Parameter("balance", value=value).to_parameter_msg()])
        return fusion.call(SetParameters, "fusion/set_parameters", request).results[0]

    fusion.set_prompt(modes=("haze",))
    assert set_balance(0.5).successful
    assert fusion.status().balance == pytest.approx(0.5)
    assert not set_balance(1.5).successful
    assert fusion.set_prompt("visible only").balance == -1.0
    assert set_balance(0.0).successful
    assert fusion.set_prompt().balance == 0.0


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"modes": ("low_ligth",)}, "low_light"),
        ({"modes": ("low_light",), "severity": 1.5}, "1.5"),
        ({"modes": ("low_light",), "severity": -0.5}, "-0.5"),
        ({"modes": ("low_light",), "severity": float("nan")}, "nan"),
        ({"modes": ("low_light",), "objects": ["gravel"]}, "gravel"),
        ({"modes": ("low_light",), "balance": -1.5}, "-1.5"),
        ({"prompt": "dark " * 2000}, "1000"),
        ({"prompt": "dark\x07"}, "control"),
    ],
)
def test_bad_requests_are_refused_and_the_old_prompt_stays(fusion, request_, reason):
    fusion.set_prompt(modes=("haze",), severity=0.4)
    answer = fusion.set_prompt(**request_)
    assert not answer.success
    assert reason in answer.message
    assert list(answer.modes) == ["haze"]
    assert list(fusion.status().modes) == ["haze"]


# What comes from outside --------------------------------------------------------------------------------------------


def test_a_long_encoding_with_escapes_is_shortened(fusion):
    send_until_fused(fusion)
    before = fusion.status()
    fusion.send(VISIBLE, THERMAL, visible_changes={"encoding": "\x1b[2J" + "x" * 1_000_000})
    fusion.wait(lambda: fusion.status().images_rejected > before.images_rejected, 5.0, "not counted")
    said = [fusion.status().message, fusion.diagnostics[-1].status[1].message, fusion.log("fusion")]
    for text in said:
        assert "x" * 100 not in text and "\x1b[2J" not in text
    assert "(1000004 characters)" in said[0]
    send_until_fused(fusion)


def test_an_endless_frame_id_is_refused(fusion):
    send_until_fused(fusion)
    stamp = fusion.node.get_clock().now().to_msg()
    message = fusion.image(VISIBLE, "rgb8", stamp)
    message.header.frame_id = "f" * 100_000
    before = fusion.status().images_rejected
    fusion.publish("visible", message)
    fusion.wait(lambda: fusion.status().images_rejected > before, 5.0, "not counted")
    assert "100000 characters" in fusion.status().message
    send_until_fused(fusion)


def test_a_header_belongs_to_its_image(fusion):
    """frame_id changes from image to image, faster than they are fused."""
    seen = len(fusion.seen["fused"])
    expected = {}
    for number in range(1000):
        stamp = fusion.node.get_clock().now().to_msg()
        for camera, pixels, encoding in (("thermal", THERMAL, "mono8"), ("visible", VISIBLE, "rgb8")):
            message = fusion.image(pixels, encoding, stamp)
            message.header.frame_id = f"{camera} {number}"
            fusion.publish(camera, message)
        expected[stamp_ns(message)] = f"visible {number}"
        time.sleep(0.02)
        if len(fusion.seen["fused"]) > seen + 10:
            break
    time.sleep(0.3)
    assert len(fusion.seen["fused"]) > seen + 10
    for message in fusion.seen["fused"][seen:]:
        assert message.header.frame_id == expected[stamp_ns(message)]


def test_images_of_a_size_that_nobody_expects_are_not_passed_through(graph):
    graph.start_fusion(width=320, height=240, source_timeout=0.3)
    large = np.zeros((2400, 3200, 3), np.uint8)

    def refused():
        graph.send(visible=large)
        time.sleep(0.1)
        return any(s.state == s.ERROR and "3200x2400" in s.message for s in graph.seen["status"])

    graph.wait(refused, 15.0, "it is not refused")
    assert not graph.seen["fused"]


def test_two_nodes_of_one_name_say_so(graph):
    """Both publish every image; when one of them ends, the other is well again."""
    parameters = {
        "width": 320,
        "height": 240,
        "max_latency": 60.0,
        "max_drop_share": 1.0,
    }  # a busy computer is no fault
    graph.start_fusion(**parameters)
    command = node_command("fusion", parameters=parameters)
    twin = graph.processes.start("twin", command, log=graph.logs / "twin.log")
    pair = VISIBLE[:240, :320].copy(), THERMAL[:240, :320].copy()
    said = "2 nodes publish on /textfuse/status: /textfuse/fusion, /textfuse/fusion"

    def named():
        graph.send(*pair)
        time.sleep(0.1)
        return all(said in graph.log(name) for name in ("fusion", "twin"))

    graph.wait(named, START, "they do not say so")
    graph.wait(lambda: send_and_count(graph, pair) and said in graph.status().message, 5.0, "not in the status")
    status = graph.seen["status"][-1]
    assert status.state == status.DEGRADED
    assert any(said in entry.message for array in graph.diagnostics for entry in array.status)
    twin.kill()

    def well():
        graph.send(*pair)
        status = graph.seen["status"][-1]
        return status.state == status.OK and not status.message

    graph.wait(lambda: time.sleep(0.1) or well(), 15.0, "not well again")


def test_a_parameter_of_detection_acts_or_is_refused(graph):
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    graph.start_detection()
    new = [Parameter("confidence", value=0.5), Parameter("threads", value=1)]
    request = SetParameters.Request(parameters=[parameter.to_parameter_msg() for parameter in new])
    acts, refused = graph.call(SetParameters, "detection/set_parameters", request).results
    assert acts.successful
    assert not refused.successful and "threads" in refused.reason


# Images -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ({"visible": VISIBLE, "thermal": THERMAL, "visible_changes": {"height": 481}}, "bytes"),
        ({"visible": VISIBLE, "thermal": THERMAL, "visible_changes": {"encoding": "yuv9"}}, "yuv9"),
        ({"visible": VISIBLE, "thermal": THERMAL, "thermal_changes": {"width": 0, "height": 0}}, "no pixels"),
        ({"visible": VISIBLE, "thermal": THERMAL[::2, ::2].copy()}, "320x240"),
    ],
)
def test_bad_images_are_counted_and_named(fusion, images, reason):
    send_until_fused(fusion)
    before = fusion.status()
    fused = len(fusion.seen["fused"])
    fusion.send(**images)
    diagnosed = len(fusion.diagnostics)
    fusion.wait(lambda: fusion.status().images_rejected == before.images_rejected + 1, 5.0, "not counted")
    status = fusion.seen["status"][-1]  # it is not said for longer than source_timeout
    assert status.state == status.ERROR and reason in status.message

    def is_diagnosed():
        entries = [message.status[0] for message in fusion.diagnostics[diagnosed:]]
        return any(entry.level == DiagnosticStatus.ERROR and reason in entry.message for entry in entries)

    fusion.wait(is_diagnosed, 5.0, "not diagnosed")
    assert len(fusion.seen["fused"]) == fused
    send_until_fused(fusion)
    assert fusion.status().state in (status.OK, status.DEGRADED)  # a busy machine drops pairs, and says so


def test_a_image_alone_is_counted(fusion):
    send_until_fused(fusion)
    before = fusion.status()
    fusion.send(visible=VISIBLE)
    time.sleep(0.1)
    send_until_fused(fusion)
    after = fusion.status()
    assert after.visible_unpaired == before.visible_unpaired + 1
    assert after.thermal_unpaired == before.thermal_unpaired


def test_raw_thermal_counts(fusion):
    before = len(fusion.seen["fused"])
    fusion.send(VISIBLE, THERMAL.astype(np.uint16) * 10 + 29000)
    fusion.wait(lambda: len(fusion.seen["fused"]) > before, 5.0, "16-bit thermal was not fused")
    status = fusion.status()
    assert 29000 < status.thermal_low < status.thermal_high < 29000 + 2560


def test_bayer_and_temperatures(fusion):
    before = len(fusion.seen["fused"])
    stamp = fusion.node.get_clock().now().to_msg()
    temperatures = (THERMAL / 10.0).astype(np.float32)
    temperatures[:10] = np.nan
    fusion.publish("visible", fusion.image(VISIBLE[..., 1].copy(), "bayer_rggb8", stamp))
    fusion.publish("thermal", fusion.image(temperatures, "32FC1", stamp))
    fusion.wait(lambda: len(fusion.seen["fused"]) > before, 5.0, "Bayer and 32FC1 were not fused")


def test_another_size_gets_its_engine_while_the_node_goes_on(graph, tmp_path):
    graph.start_fusion(cache_dir=str(tmp_path / "cache"))  # empty, so that the new engine takes its time
    send_until_fused(graph)
    small = VISIBLE[:250, :333].copy(), THERMAL[:250, :333].copy()

    def named():
        graph.send(*small)
        return any(s.state == s.BUILDING and "333x250" in s.message for s in graph.seen["status"])

    graph.wait(named, 30.0, "the state was not named")
    send_until_fused(graph)  # images of the old size meanwhile
    graph.wait(lambda: send_and_count(graph, small) and graph.seen["fused"][-1].width == 333, 30.0, "never fused")
    status = graph.status()
    assert status.pairs_dropped >= 1 and status.images_rejected == 0
    graph.wait(lambda: send_and_count(graph, small) and graph.status().state == status.OK, 10.0, "not OK again")


def test_a_slower_engine_is_named_in_status_and_diagnostics(graph, tmp_path, monkeypatch):
    """A stand-in for a broken OpenVINO, in a folder that Python searches first."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "openvino.py").write_text("raise ImportError('stand-in for a broken installation')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'broken'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    graph.start_fusion(width=320, height=240)
    pair = VISIBLE[:240, :320].copy(), THERMAL[:240, :320].copy()
    graph.wait(lambda: send_and_count(graph, pair), 10.0, "not fused")
    status = graph.status()
    assert status.state == status.OK
    assert status.engine.startswith("eager")
    assert "stand-in for a broken installation" in status.engine_warning
    # Diagnostics of before the first pair may still be on their way.
    graph.wait(lambda: "pip install openvino" in graph.diagnostics[-1].status[0].message, 10.0, "not in diagnostics")
    entry = graph.diagnostics[-1].status[0]
    assert entry.level == DiagnosticStatus.WARN and "stand-in for a broken installation" in entry.message
    assert "stand-in for a broken installation" in graph.log("fusion")


@pytest.mark.parametrize("engine", ["auto", pytest.param("tensorrt", marks=campaign)])
def test_build_only_builds_and_exits(graph, tmp_path, engine):
    if engine == "tensorrt" and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    cache = tmp_path / "cache"
    process = graph.start("fusion", build_only=True, engine=engine, width=320, height=240, cache_dir=str(cache))
    assert process.wait(START) == (0 if engine == "auto" else 1)
    if engine == "auto":
        assert "ready for 320x240" in graph.log("fusion")
        assert not torch.cuda.is_available() or list((cache / "engines").iterdir())
    else:
        assert "needs a CUDA device" in graph.log("fusion")
    assert not graph.seen["status"]


@campaign
def test_detection_can_be_built_only(graph):
    process = graph.start("detection", build_only=True)
    assert process.wait(START) in (0, 1)
    log = graph.log("detection")
    assert "built: " in log if process.returncode == 0 else "weights" in log


def test_silence_is_named(fusion):
    send_until_fused(fusion)
    time.sleep(1.3)
    status = fusion.status()
    assert status.state == status.WAITING
    assert "/visible/image_raw" in status.message and "/thermal/image_raw" in status.message
    assert fusion.diagnostics[-1].status[0].level == DiagnosticStatus.WARN


def test_status_times_add_up(fusion):
    message = send_until_fused(fusion)
    status = fusion.status()
    assert stamp_ns(status) == stamp_ns(message)
    assert status.engine and status.model == "nano"
    parts = status.pairing_ms + status.conversion_ms + status.fusion_ms + status.publish_ms
    assert 0 < parts <= status.latency_ms * 1.01
    assert 0 <= status.visible_age < 5


# Lifecycle ------------------------------------------------------------------------------------------------------------


def test_lifecycle_round_trip(graph):
    graph.start("fusion", autostart=False, width=320, height=240)
    graph.wait(lambda: graph.node.count_services("fusion/get_state"), START, "no node")
    assert graph.state() == "unconfigured"
    pair = VISIBLE[:240, :320].copy(), THERMAL[:240, :320].copy()
    for _ in range(2):
        for transition in ("configure", "activate"):
            assert graph.transition(transition), graph.log("fusion")
        assert graph.state() == "active"
        graph.status()
        before = len(graph.seen["fused"])
        graph.wait(lambda: graph.node.count_subscribers("/visible/image_raw") > 1, 5.0, "nobody listens")
        graph.wait(lambda before=before: send_and_count(graph, pair) > before, 5.0, "not fused")
        refused = graph.set_parameter("engine", "eager")
        assert not refused.successful and "configure" in refused.reason
        assert graph.transition("deactivate")
        time.sleep(0.3)
        before = len(graph.seen["fused"])
        graph.send(*pair)
        time.sleep(0.5)
        assert len(graph.seen["fused"]) == before, "an inactive node published"
        assert graph.transition("cleanup")


def test_missing_weights_are_named_and_the_node_can_be_cured(graph, tmp_path):
    missing = str(tmp_path / "missing.safetensors")
    graph.start("fusion", model=missing, width=320, height=240)
    graph.wait(lambda: missing in graph.log("fusion"), START, "the path is not in the log")
    assert graph.state() == "unconfigured"
    assert graph.set_parameter("model", "nano").successful
    assert graph.transition("configure") and graph.transition("activate")
    assert graph.status().state == "WAITING"


@pytest.mark.parametrize("interrupts", [pytest.param(1, marks=campaign), 100])
def test_interrupts_end_with_exit_code_0(graph, interrupts):
    """Under `ros2 launch`, Ctrl-C comes from the terminal and once more from launch, at whatever moment."""
    process = graph.start("fusion", width=320, height=240)
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    for _ in range(interrupts):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
        if process.poll() is not None:
            break
    assert process.wait(10) == 0, graph.log("fusion")


def test_a_misspelt_parameter_is_named(graph):
    graph.start_fusion(slopp=0.1, use_sim_time=False, autostart=True)
    log = graph.log("fusion")
    assert "parameter slopp is unknown and has no effect: did you mean slop?" in log
    assert log.count("is unknown") == 1


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"engine": "warp"}, "openvino"),
        pytest.param({"thermal_gain": "auto"}, "plateau", marks=campaign),
        pytest.param({"slop": -1.0}, "slop", marks=campaign),
        ({"threads": "many"}, "threads"),
    ],
)
def test_bad_parameters_end_the_node_with_the_reason(graph, parameters, reason):
    process = graph.start("fusion", **parameters)
    assert process.wait(START) == 1
    assert reason in graph.log("fusion")
