"""Words and parameters that come in masses, in the middle of the stream, or make no sense."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rclpy.qos import QoSProfile
from textfuse.srv import SetPrompt

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.runtime.processes import node_command
from tests.helpers.campaign import campaign, cases
from tests.helpers.graph import START
from tests.helpers.rig import OK, RATE, SLOP

# Words ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(rig):
    """Call set_prompt and wait for its answer."""
    client = rig.node.create_client(SetPrompt, "set_prompt")
    assert client.wait_for_service(timeout_sec=10.0)

    def ask(**fields):
        future = client.call_async(SetPrompt.Request(**fields))
        rig.wait(future.done, 10.0, f"no answer to {str(fields)[:200]}")
        return future.result()

    yield ask
    assert ask().success
    rig.node.destroy_client(client)


@campaign
def test_a_thousand_service_calls_a_second_for_five_seconds(rig):
    """All are answered, by their own words, however long a slow machine takes, and the images go on meanwhile."""
    client = rig.node.create_client(SetPrompt, "set_prompt", qos_profile=QoSProfile(depth=5000))
    assert client.wait_for_service(timeout_sec=10.0)
    with rig.fault():
        began, calls = time.monotonic(), []
        while (seconds := time.monotonic() - began) < 5.0:
            if len(calls) >= 1000 * seconds:
                time.sleep(0.001)
                continue
            mode = MODES[len(calls) % len(MODES)]
            calls.append((mode, client.call_async(SetPrompt.Request(modes=[mode], severity=0.5))))
        waiting = calls
        while waiting := [(mode, future) for mode, future in waiting if not future.done()]:
            rig.wait(lambda call=waiting[0][1]: call.done(), 10.0, f"{len(waiting)} of {len(calls)} are not answered")
        assert all(future.result().success and future.result().modes == [mode] for mode, future in calls)
        assert len(rig.seen["fused"]) > 2 * (time.monotonic() - began), "hardly anything was fused meanwhile"
        rig.expect("OK", grows=["pairs_fused"], prompt_changes=rig.before.prompt_changes + len(calls))
        rig.expect_diagnostic("fusion", OK)
    assert rig.call(SetPrompt, "set_prompt", SetPrompt.Request()).success
    rig.node.destroy_client(client)


# Of every kind of character, and bytes as a terminal of another encoding would send them. Surrogates cannot be encoded,
# and a NUL ends the string on its way through C.
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.binary(max_size=200).map(lambda data: data.decode("latin-1")),
    st.binary(max_size=200).map(lambda data: data.decode("utf-8", errors="replace")),
    st.from_regex(r"(no|not|very|dark|rain|haze|person|,|\.|-|;|\s)*", fullmatch=True),
)


def test_prompts_of_every_kind_of_bytes(rig, ask):
    """Each is taken or refused with a reason; refused ones leave the old prompt in force."""

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(WORDS)
    def send(text):
        assert ask(modes=["haze"], severity=0.25).success
        answer = ask(prompt=text)
        if answer.success:
            assert answer.prompt == text.split("\0")[0] and answer.message
        else:
            assert answer.message.startswith("refused") and answer.modes == ["haze"]

    with rig.fault():
        send()
        rig.expect("OK", grows=["pairs_fused", "prompt_changes"])


@campaign
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], min_codepoint=1), max_size=30), min_size=1, max_size=5)
)
@settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_unknown_modes(rig, ask, modes):
    answer = ask(modes=modes)
    assert not answer.success or set(modes) <= {*MODES, "none"}
    assert answer.success or "low_light" in answer.message


def test_a_prompt_of_a_megabyte(rig, ask):
    with rig.fault():
        answer = ask(prompt="dark " * 200_000)
        assert not answer.success and "1000000 characters" in answer.message and len(answer.message) < 500
        rig.expect("OK", grows=["pairs_fused"])


@campaign
def test_ten_thousand_modes(rig, ask):
    with rig.fault():
        answer = ask(modes=[f"mode {number}" for number in range(10_000)])
        assert not answer.success and "mode 0" in answer.message and len(answer.message) < 1000
        rig.expect("OK", grows=["pairs_fused"])


@campaign
def test_a_severity_that_is_none(rig, ask):
    with rig.fault():
        for severity in (float("nan"), float("inf"), -float("inf"), -1e38, 1.0001):
            answer = ask(modes=["haze"], severity=severity)
            assert not answer.success and "severity" in answer.message, severity
        rig.expect("OK", grows=["pairs_fused"])


# Parameters while images flow ---------------------------------------------------------------------------------------


def test_a_slop_that_is_too_small_and_right_again(rig):
    with rig.fault():
        assert rig.set_parameter("slop", 0.0).successful
        rig.expect("WAITING", "slop")
        assert rig.set_parameter("slop", 0.02).successful


@campaign
def test_an_offset_that_moves_thermal_to_its_neighbour(rig):
    """An offset by one period pairs each visible image with the thermal one before it, as asked."""
    period = 1 / RATE
    try:
        with rig.fault(pairing=(-round(period * 1e9) - SLOP, SLOP)):
            assert rig.set_parameter("thermal_time_offset", period).successful
            rig.wait_images(10)
            rig.expect("OK", grows=["pairs_fused"])
    finally:
        assert rig.set_parameter("thermal_time_offset", 0.0).successful


@campaign
def test_a_shorter_source_timeout(rig):
    assert rig.set_parameter("source_timeout", 0.3).successful
    try:
        with rig.fault(thermal=lambda message, number: () if number % 24 < 12 else (message,)):
            rig.expect("VISIBLE_ONLY")
            rig.expect("OK", grows=["passed_through"])
    finally:
        assert rig.set_parameter("source_timeout", 1.0).successful


OUT_OF_RANGE = {
    "slop": (-1.0, 11.0, float("nan"), float("inf"), "wide"),
    "source_timeout": (0.0, -1.0, 1e9),
    "queue_size": (0, -1, 10**12, 2.5),
    "jpeg_quality": (0, 101),
    "thermal_gain": ("much", 3),
    "thermal_low": (1e30, float("nan")),
}


def test_parameters_out_of_range_are_refused_in_mid_stream(rig):
    with rig.fault():
        for name, values in OUT_OF_RANGE.items():
            for value in values:
                answer = rig.set_parameter(name, value)
                assert not answer.successful and answer.reason, (name, value)
        rig.expect("OK", grows=["pairs_fused"])


# Parameter files ------------------------------------------------------------------------------------------------------

FILES = {
    "a value of the wrong type": ("slop: wide", "slop"),
    "no YAML": ("slop: [", "params file"),
}


@pytest.mark.parametrize(("line", "reason"), cases(FILES, "a value of the wrong type"))
def test_a_parameter_file_with(rig, tmp_path, line, reason):
    """The node does not start and says why; another one in the same graph goes on."""
    (tmp_path / "fusion.yaml").write_text(f"/**:\n  ros__parameters:\n    {line}\n")
    with rig.fault():
        command = node_command("fusion", namespace="other", params_file=tmp_path / "fusion.yaml")
        process = rig.processes.start("other", command, log=rig.logs / "other.log")
        assert process.wait(START) == 1
        assert reason in rig.log("other")
        rig.expect("OK", grows=["pairs_fused"])
