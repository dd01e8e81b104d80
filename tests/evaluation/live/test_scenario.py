"""Scenario files: the shipped ones, and clear words for whatever else somebody writes."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ros2_textfuse.evaluation.live.expectations import (
    DiagnosticNever,
    DiagnosticSeen,
    FigureIs,
    StateNever,
    StatesPass,
    Stretch,
)
from ros2_textfuse.evaluation.live.figures import FIGURES
from ros2_textfuse.evaluation.live.scenario import PromptChange, Scenario, ScenarioError, load_scenario, parse_scenario

SHIPPED = sorted((Path(__file__).parents[3] / "config" / "scenarios").glob("*.yaml"))
PARAMETERS = {
    "fusion": ("engine", "slop", "width"),
    "detection": ("engine", "nice"),
    "player": ("bag", "visible", "thermal", "rate", "loop", "faults"),
}
FILE = Path("drive.yaml")
FULL = {
    "name": "drive",
    "description": "words",
    "seconds": 12,
    "warm_up": 2,
    "namespace": "/front/textfuse",
    "visible_topic": "/front/rgb",
    "thermal_topic": "/front/lwir",
    "images": False,
    "start": {
        "fusion": {"engine": "eager", "slop": 0.05},
        "detection": None,
        "player": {"simulated": True, "rate": 15, "faults": ["thermal silent 6 9"]},
    },
    "prompts": [{"at": 4, "prompt": "dark", "modes": ["ir_noise"], "severity": 0.5}],
    "expect": [
        {"figure": "fused_hz", "at_least": 14, "at_most": 16.5, "between": [2, 5]},
        {"states": ["OK", "WAITING"]},
        {"no_state": "ERROR"},
        {"diagnostic": "WARN", "saying": "thermal", "from": "lidar"},
        {"no_diagnostic": "WARN"},
    ],
}


def parse(content):
    return parse_scenario(yaml.safe_dump(content), FILE, PARAMETERS)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_the_shipped_ones_can_be_read(path):
    scenario = load_scenario(path, PARAMETERS)
    assert scenario.start.simulated and set(scenario.start.nodes) == {"fusion", "detection"}
    assert scenario.expect and scenario.name and scenario.description
    assert path.read_text().startswith(f"# textfuse eval --live --scenario config/scenarios/{path.name}\n")


def test_there_are_shipped_ones():
    assert [path.stem for path in SHIPPED] == ["bad_images", "camera_stops", "clean"]


def test_everything_that_can_be_said():
    scenario = parse(FULL)
    assert scenario.start.nodes == {"fusion": {"engine": "eager", "slop": 0.05}, "detection": {}}
    assert scenario.start.player == {"rate": 15.0, "faults": ["thermal silent 6 9"]} and scenario.start.simulated
    assert scenario.prompts == (PromptChange(4.0, "dark", ("ir_noise",), 0.5),)
    assert (scenario.seconds, scenario.warm_up, scenario.namespace, scenario.images) == (
        12,
        2,
        "front/textfuse",
        False,
    )
    assert scenario.expect == (
        FigureIs("fused_hz", 14.0, 16.5, Stretch(2.0, 5.0)),
        StatesPass(("OK", "WAITING")),
        StateNever("ERROR"),
        DiagnosticSeen("WARN", "lidar", "thermal"),
        DiagnosticNever("WARN", "front/textfuse/fusion"),
    )


def test_a_recording_is_found_from_the_file(tmp_path):
    (tmp_path / "drive").mkdir()
    text = "start: {player: {bag: drive}}\nexpect: [{no_state: ERROR}]\n"
    scenario = parse_scenario(text, tmp_path / "a.yaml", PARAMETERS)
    assert scenario.start.player == {"bag": str(tmp_path / "drive")}
    with pytest.raises(ScenarioError, match=r"a\.yaml: start\.player\.bag: .*lost does not exist"):
        parse_scenario(text.replace("drive", "lost"), tmp_path / "a.yaml", PARAMETERS)


def test_the_example_of_the_documentation_is_one(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "guides" / "live-evaluation.md").read_text()
    example = text.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "drives" / "tunnel").mkdir(parents=True)
    (tmp_path / "scenarios").mkdir()
    scenario = parse_scenario(example, tmp_path / "scenarios" / "a.yaml", PARAMETERS)
    assert len(scenario.expect) == 6 and scenario.seconds == 30


EXPECT = "expect: [{no_state: ERROR}]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "drive.yaml: it is nothing; a mapping"),
        ("just words", "it is 'just words'; a mapping"),
        ("expect: [", "drive.yaml is not YAML"),
        ("expect: []", "drive.yaml: expect: it is []; a list of at least 1"),
        ("name: x", "expect: it is missing"),
        (EXPECT + EXPECT, "the key expect comes twice"),
        (EXPECT + "secnods: 5", "secnods: there is no such key; did you mean seconds?"),
        (EXPECT + "seconds: fast", "seconds: it is 'fast'; a number from 1 to 86400 was expected"),
        (EXPECT + "seconds: true", "seconds: it is True; a number"),
        (EXPECT + "seconds: 1" + "0" * 400, "seconds: it is 1000"),
        (EXPECT + "seconds: .nan", "seconds: it is nan; a number"),
        (EXPECT + "seconds: 5\nwarm_up: 5", "warm_up: it is 5; a number from 0 to less than 5"),
        (EXPECT + "images: maybe", "images: it is 'maybe'; true or false"),
        (EXPECT + "start: fusion", "start: it is 'fusion'; a mapping"),
        (EXPECT + "start: {camera: {}}", "start.camera: there is no such key"),
        (EXPECT + "start: {fusion: {egnine: auto}}", "start.fusion.egnine: there is no such key; did you mean engine?"),
        (EXPECT + "start: {fusion: {slop: {a: 1}}}", "start.fusion.slop: it is {'a': 1}; a number, text"),
        (EXPECT + "start: {player: {rate: 15.0}}", "start.player: it needs either `simulated: true`"),
        (EXPECT + "start: {player: {simulated: true, rate: fast}}", "start.player.rate: it is 'fast'; a number from 0"),
        (EXPECT + "start: {player: {simulated: true, bag: '.'}}", "start.player: it needs either"),
        (EXPECT + "start: {player: {simulated: true, faults: [thermal mute 6 9]}}", "start.player.faults: it is"),
        (EXPECT + "prompts: [{prompt: dark}]", "prompts[0].at: it is missing"),
        (EXPECT + "prompts: [{at: 30}]", "prompts[0].at: it is 30; a number from 0 to less than 20"),
        (EXPECT + "prompts: [{at: 3, modes: [hazy]}]", "as number 0 in the list, haze"),
        (EXPECT + "prompts: [{at: 3, severity: 2}]", "prompts[0].severity: it is 2; a number from 0 to 1"),
        ("expect: [{}]", "expect[0]: an expectation has one of the keys figure, states, no_state"),
        ("expect: [{state: OK}]", "expect[0]: an expectation has one of the keys"),
        ("expect: [{no_state: OK, figure: fused_hz}]", "this has 2"),
        ("expect: [{figure: fused_rate, at_least: 3}]", "expect[0].figure: it is 'fused_rate'; fused_hz, or another"),
        ("expect: [{figure: fused_hz}]", "expect[0]: fused_hz needs `at_least` or `at_most`"),
        ("expect: [{figure: fused_hz, at_least: much}]", "expect[0].at_least: it is 'much'; a number was"),
        ("expect: [{figure: fused_hz, at_least: .inf}]", "expect[0].at_least: it is inf; a number was"),
        (
            "expect: [{figure: fused_hz, at_least: 3, at_lest: 4}]",
            "at_lest: there is no such key; did you mean at_least",
        ),
        ("expect: [{no_state: ERROR}, {no_state: BROKEN}]", "expect[1].no_state: it is 'BROKEN'; one of WAITING, OK"),
        ("expect: [{states: []}]", "expect[0].states: it is []; a list of at least 1"),
        ("expect: [{states: OK}]", "expect[0].states: it is 'OK'; a list of at least 1"),
        ("expect: [{no_diagnostic: OK}]", "expect[0].no_diagnostic: a diagnostic that is neither"),
        ("expect: [{no_state: OK, between: [5, 3]}]", "expect[0].between: it is [5, 3]; two seconds"),
        ("expect: [{no_state: OK, between: [5, 33]}]", "within the 20 that are watched"),
        ("expect: [{no_state: OK, between: 5}]", "expect[0].between: it is 5; two seconds"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_place(text, words):
    with pytest.raises(ScenarioError) as error:
        parse_scenario(text, FILE, PARAMETERS)
    assert words in str(error.value) and str(error.value).startswith("drive.yaml")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ScenarioError, match=r"lost\.yaml does not exist"):
        load_scenario(tmp_path / "lost.yaml", PARAMETERS)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ScenarioError, match=r"bytes\.yaml cannot be read"):
        load_scenario(tmp_path / "bytes.yaml", PARAMETERS)


# Whatever somebody writes ---------------------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(),
    st.sampled_from([*FIGURES, "OK", "ERROR", "WARN", "dark", "thermal silent 6 9"]),
)  # fmt: skip
CONTENT = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LEAVES, inner, max_size=4), max_leaves=12
)


def places(content, place=()):
    """The place of every value in nested lists and mappings."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(FULL))), CONTENT)
def test_whatever_stands_in_a_place_is_taken_or_named(place, value):
    """One value of a good file is replaced: the file is still good, or the error says where it is not."""
    content = copy.deepcopy(FULL)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    try:
        assert isinstance(parse(content), Scenario)
    except ScenarioError as error:
        assert str(error).startswith("drive.yaml: ") and str(place[0]) in str(error)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | CONTENT.map(yaml.safe_dump))
def test_whatever_a_file_holds_is_taken_or_refused(text):
    try:
        parse_scenario(text, FILE, PARAMETERS)
    except ScenarioError as error:
        assert str(error).startswith("drive.yaml")
