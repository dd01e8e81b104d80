import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros2_textfuse.view.requests import LARGEST, Ask, RequestError, Show, parse

ASK = {"type": "ask", "number": 3, "prompt": "it is dark", "modes": ["haze"], "severity": 0.5, "balance": -1}


def test_a_prompt():
    assert parse(json.dumps(ASK)) == Ask(3, "it is dark", ("haze",), 0.5, (), -1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "x" * 1001},
        {"prompt": None},
        {"modes": "haze"},
        {"modes": ["x" * 65]},
        {"modes": ["haze"] * 81},
        {"severity": 1.01},
        {"severity": "1"},
        {"severity": True},
        {"balance": -2},
        {"number": 1.5},
        {"number": -1},
        {"number": 10**400},
        {"type": "shutdown"},
        {"type": ["ask"]},
        {"type": None},
    ],
)
def test_what_makes_no_sense_is_refused(changes):
    with pytest.raises(RequestError):
        parse(json.dumps({**ASK, **changes}))


def test_numbers_that_are_none():
    with pytest.raises(RequestError):
        parse('{"type": "ask", "number": 1, "severity": NaN}')
    with pytest.raises(RequestError):
        parse('{"type": "seek", "time": Infinity}')


def test_streams_that_there_are():
    assert parse('{"type": "show", "streams": ["fused", "thermal"]}') == Show(("fused", "thermal"))
    with pytest.raises(RequestError, match="fused, visible, thermal"):
        parse('{"type": "show", "streams": ["/etc/passwd"]}')


def test_a_message_is_bounded():
    with pytest.raises(RequestError, match="at most"):
        parse(json.dumps({"type": "record", "x": "y" * LARGEST}))
    with pytest.raises(RequestError):
        parse("[" * (LARGEST - 1))
    with pytest.raises(RequestError):
        parse(b"\xff\xfe")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("number", "prompt", "modes", "severity", "objects", "balance", "streams", "on", "time", "sent")
FIELDS = st.sampled_from(NAMES)
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be
TYPES = st.sampled_from(["ask", "show", "painted", "seek", "play", "keep", "record", "clock"]) | ANYTHING


@BUSY
@given(st.dictionaries(FIELDS, ANYTHING), TYPES)
def test_whatever_is_sent_is_a_request_or_refused(fields, type_):
    try:
        assert parse(json.dumps({**fields, "type": type_})) is not None
    except RequestError as error:
        assert str(error)


@BUSY
@given(st.text())
def test_whatever_text_is_sent(text):
    try:
        parse(text)
    except RequestError as error:
        assert len(str(error)) < 300
