"""Each kind of expectation, met and not met."""

import pytest

from ros2_textfuse.evaluation.live.expectations import (
    DiagnosticNever,
    DiagnosticSeen,
    FigureIs,
    StateNever,
    StatesPass,
    Stretch,
    judge,
)
from ros2_textfuse.evaluation.live.observations import PromptCall, Watch
from tests.helpers.watches import status, steady

SOURCE = "textfuse/fusion"
SILENT = "no images from thermal (/thermal/image_raw)"


def stopped():
    """A camera is silent from 4 to 6 s of 10; another node is in trouble all the time."""
    watch = Watch(seconds=10.0)
    for at in range(11):
        silent = 4 <= at < 6
        watch.statuses.append(status(float(at), "WAITING" if silent else "OK", SILENT if silent else ""))
        watch.diagnose(float(at), f"{SOURCE}: fusion", "WARN" if silent else "OK", SILENT if silent else "fusing")
        watch.diagnose(float(at), "lidar", "ERROR", "no return")
    return watch


@pytest.mark.parametrize(
    ("expectation", "met", "found"),
    [
        (FigureIs("fused_hz", at_least=9.0), True, "10 Hz, 1 Hz to spare"),
        (FigureIs("fused_hz", at_least=12.0), False, "10 Hz, missed by 2 Hz"),
        (FigureIs("fused_p95_ms", at_most=25.0), True, "20 ms, 5 ms to spare"),
        (FigureIs("fused_p95_ms", at_most=0.5), False, "20 ms, missed by 19.5 ms"),
        (FigureIs("fused_p95_ms", 30.0, 40.0), False, "20 ms, missed by 10 ms, 20 ms to spare"),
        (FigureIs("lost_share", at_most=0.0), True, "0, 0 to spare"),
        (FigureIs("prompt_ms", at_most=100.0), False, "not measured: no prompt was set, or no image came after it"),
        (FigureIs("fusion_cores", at_most=1.0), True, "0.40 cores, 0.60 cores to spare"),
    ],
)
def test_figures(expectation, met, found):
    (judgement,) = judge(steady(), (expectation,), 0.0)
    assert (judgement.met, judgement.found) == (met, found)


@pytest.mark.parametrize(
    ("expectation", "met", "words"),
    [
        (StatesPass(("OK", "WAITING", "OK")), True, "OK at 0.0 s, WAITING at 4.0 s, OK at 6.0 s"),
        (StatesPass(("WAITING",), Stretch(3, 7)), True, "WAITING at 4.0 s"),
        (StatesPass(("WAITING", "ERROR")), False, "ERROR never came after WAITING at 4.0 s; seen: OK, WAITING, OK"),
        (StatesPass(("WAITING",), Stretch(7, 9)), False, "WAITING never came; seen: OK"),
        (StatesPass(("OK",), Stretch(20, 30)), False, "no status"),
        (StateNever("ERROR"), True, "none of 11 statuses"),
        (StateNever("WAITING"), False, f"2 of 11 statuses, from 4.0 s: {SILENT}"),
        (StateNever("WAITING", Stretch(6.5, 10)), True, "none of 4"),
        (StateNever("WAITING", Stretch(20, 30)), False, "no status came"),
        (DiagnosticSeen("WARN", SOURCE, "From THERMAL"), True, "at 4.0 s: no images from thermal"),
        (DiagnosticSeen("WARN", SOURCE, "visible"), False, "never; seen: OK (fusing); WARN (no images"),
        (DiagnosticSeen("OK", SOURCE, between=Stretch(7, 9)), True, "at 7.0 s: fusing"),
        (DiagnosticSeen("ERROR", SOURCE), False, "never"),
        (DiagnosticSeen("ERROR", "lidar"), True, "no return"),
        (DiagnosticNever("WARN", SOURCE), False, "WARN at 4.0 s: no images from thermal"),
        (DiagnosticNever("ERROR", SOURCE), True, "none of 11 diagnostics"),
        (DiagnosticNever("WARN", SOURCE, between=Stretch(5.5, 5.8)), False, "no diagnostic of it"),
        (DiagnosticNever("WARN", SOURCE, between=Stretch(6, 10)), True, "none of 5"),
        (DiagnosticNever("WARN", "lidar"), False, "ERROR at 0.0 s: no return"),
    ],
)
def test_states_and_diagnostics(expectation, met, words):
    (judgement,) = judge(stopped(), (expectation,), 0.0)
    assert judgement.met == met and words in judgement.found


def test_a_stretch_is_said_and_a_warm_up_is_left_out():
    assert str(StateNever("ERROR", Stretch(2, 4.5))) == "the state is never ERROR between 2 and 4.5 s"
    watch = stopped()
    watch.statuses[0] = status(0.0, "ERROR")
    assert not judge(watch, (StateNever("ERROR"),), 0.0)[0].met
    assert judge(watch, (StateNever("ERROR"),), 1.0)[0].met


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (PromptCall(3.0, "fog", 3.1, 0, False, "refused: no"), "refused: no"),
        (PromptCall(3.0, "fog"), "no answer"),
    ],
)
def test_prompts_are_to_be_accepted(call, found):
    watch = steady()
    watch.prompts = [call, PromptCall(4.0, "dark", 4.1, 0, True, "repairing low_light")]
    (judgement,) = judge(watch, (), 0.0)
    assert not judgement.met and judgement.found == found and "fog" in judgement.expectation


def test_processes_are_to_live():
    watch = steady()
    watch.ended = [("player", 0, 5.0), ("player", 1, 6.0), ("fusion", -11, 7.0)]
    found = judge(watch, (), 0.0)
    assert [judgement.met for judgement in found] == [False, False]
    assert found[1].found == "it ended at 7.0 s with exit code -11"
