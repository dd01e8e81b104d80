"""Scenario files: what a live evaluation starts, does and expects; docs/guides/live-evaluation.md describes them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.evaluation.live.expectations import (
    DiagnosticNever,
    DiagnosticSeen,
    Expectation,
    FigureIs,
    StateNever,
    StatesPass,
    Stretch,
)
from ros2_textfuse.evaluation.live.figures import FIGURES
from ros2_textfuse.evaluation.live.observations import LEVELS, STATES
from ros2_textfuse.prompts.prompt import MAX_LENGTH
from ros2_textfuse.recordings.faults import CameraFault, FaultError
from ros2_textfuse.runtime import bounded_yaml
from ros2_textfuse.runtime.bounded_yaml import YamlError

SECONDS = 20.0  # watched, unless the scenario or the command says otherwise
WARM_UP = 1.0  # s after the first fused image: queues fill and caches warm
LONGEST = 86_400.0  # s
NODES = ("fusion", "detection")


class ScenarioError(TextfuseError, ValueError):
    """A scenario cannot be used; the message names the file, the key, what is there and what was expected."""


@dataclass(frozen=True)
class PromptChange:
    """A call of set_prompt, `at` so many seconds; severity 0 takes it from the text."""

    at: float
    prompt: str = ""
    modes: tuple[str, ...] = ()
    severity: float = 0.0

    def __str__(self) -> str:
        severity = f" at {self.severity:g}" if self.severity else ""
        parts = [f'"{self.prompt}"'] if self.prompt else []
        return " and ".join([*parts, *([", ".join(self.modes) + severity] if self.modes else [])]) or "no prompt"


@dataclass(frozen=True)
class Start:
    """What a scenario starts itself: node -> its parameters; and the player's parameters, None for no player.

    `simulated` plays the simulated scene instead of a recording.
    """

    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    player: Mapping[str, Any] | None = None
    simulated: bool = False


@dataclass(frozen=True)
class Scenario:
    """What to watch, for how long, and what is expected; times in seconds since the first fused image.

    `images` says whether the image topics are subscribed: all stamps are seen then, at the cost of that.
    """

    name: str = ""
    description: str = ""
    seconds: float = SECONDS
    warm_up: float = WARM_UP
    namespace: str = "textfuse"
    visible_topic: str = "/visible/image_raw"
    thermal_topic: str = "/thermal/image_raw"
    images: bool = True
    start: Start = field(default_factory=Start)
    prompts: tuple[PromptChange, ...] = ()
    expect: tuple[Expectation, ...] = ()


def load_scenario(path: Path, parameters: Mapping[str, Collection[str]]) -> Scenario:
    """Read a scenario file; recordings in it are found from its own folder.

    Args:
        path: YAML.
        parameters: fusion, detection and player -> the names of the node's parameters.

    Raises:
        ScenarioError: it cannot be read, or something in it is not as expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ScenarioError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    return parse_scenario(text, path, parameters)


def parse_scenario(text: str, path: Path, parameters: Mapping[str, Collection[str]]) -> Scenario:
    """The scenario that a file's text describes; raises as `load_scenario` does."""
    try:
        content = bounded_yaml.load(text)
    except YamlError as error:
        raise ScenarioError(f"{path} is not YAML that can be used: {error}") from error
    top = _Part(content, str(path), "")
    scenario = Scenario(
        name=top.take("name", _text, path.stem),
        description=top.take("description", _text, ""),
        seconds=(seconds := top.take("seconds", _number(1.0, LONGEST), SECONDS)),
        warm_up=top.take("warm_up", _number(0.0, seconds, below=True), min(WARM_UP, seconds / 2)),
        namespace=(namespace := top.take("namespace", _text, "textfuse").strip("/")),
        visible_topic=top.take("visible_topic", _text, Scenario.visible_topic),
        thermal_topic=top.take("thermal_topic", _text, Scenario.thermal_topic),
        images=top.take("images", _yes_or_no, True),
        start=_start(top.part("start"), path.parent, parameters),
        prompts=tuple(_prompt_change(one, seconds) for one in top.parts("prompts")),
        expect=tuple(_expectation(one, seconds, namespace) for one in top.parts("expect", needed=True)),
    )
    top.finish()
    return scenario


# The parts of a file ------------------------------------------------------------------------------------------------


def _start(part: _Part | None, folder: Path, parameters: Mapping[str, Collection[str]]) -> Start:
    if part is None:
        return Start()
    nodes = {}
    for node in NODES:
        if (found := part.part(node)) is not None:
            nodes[node] = found.parameters(parameters[node])
    player, simulated = part.part("player"), False
    values: dict[str, Any] | None = None
    if player is not None:
        simulated = player.take("simulated", _yes_or_no, False)
        values = player.parameters(parameters["player"])
        for name in ("bag", "visible", "thermal"):
            if name in values:
                recording = folder / player.check(name, values[name], _text)
                if not recording.exists():
                    raise player.wrong(name, f"{recording} does not exist")
                values[name] = str(recording.absolute())
        if "rate" in values:  # ROS tells 15 from 15.0
            values["rate"] = player.check("rate", values["rate"], _number(0.0, 1000.0))
        player.check("faults", values.get("faults", []), _list_of(_fault))
        if simulated == any(name in values for name in ("bag", "visible", "thermal")):
            raise player.wrong("", "it needs either `simulated: true`, or `bag`, or `visible` and `thermal`")
    part.finish()
    return Start(nodes, values, simulated)


def _prompt_change(part: _Part, seconds: float) -> PromptChange:
    change = PromptChange(
        part.take("at", _number(0.0, seconds, below=True)),
        part.take("prompt", _prompt, ""),
        tuple(part.take("modes", _list_of(_one_of(MODES)), [])),
        part.take("severity", _number(0.0, 1.0), 0.0),
    )
    part.finish()
    return change


def _expectation(part: _Part, seconds: float, namespace: str) -> Expectation:
    kinds = [kind for kind in EXPECTATIONS if kind in part.values]
    if len(kinds) != 1:
        raise part.wrong("", f"an expectation has one of the keys {', '.join(EXPECTATIONS)}; this has {len(kinds)}")
    kind = kinds[0]
    between = part.take("between", _stretch(seconds), None)
    expectation: Expectation
    if kind == "figure":
        figure = part.take(kind, _one_of(FIGURES))
        limits = {name: part.take(name, _finite, None) for name in ("at_least", "at_most")}
        if limits == dict.fromkeys(limits):
            raise part.wrong("", f"{figure} needs `at_least` or `at_most`")
        expectation = FigureIs(figure, between=between, **limits)
    elif kind == "states":
        expectation = StatesPass(tuple(part.take(kind, _list_of(_one_of(STATES), least=1))), between)
    elif kind == "no_state":
        expectation = StateNever(part.take(kind, _one_of(STATES)), between)
    else:
        level = part.take(kind, _one_of(LEVELS))
        if kind == "no_diagnostic" and level == "OK":
            raise part.wrong(kind, "a diagnostic that is neither OK nor worse does not exist: say WARN, ERROR or STALE")
        # As the fusion node names its own.
        source = part.take("from", _text, f"{namespace}/fusion")
        cls = DiagnosticSeen if kind == "diagnostic" else DiagnosticNever
        expectation = cls(level, source, part.take("saying", _text, ""), between)
    part.finish()
    return expectation


EXPECTATIONS = ("figure", "states", "no_state", "diagnostic", "no_diagnostic")

# Reading --------------------------------------------------------------------------------------------------------------

Value = TypeVar("Value")
Check = Callable[[Any], Value]
"""Returns the value, or raises ValueError with what was expected."""
NEEDED: Any = object()


class _Part:
    """A mapping of the file: keys are taken out of it, and none may be left."""

    def __init__(self, content: Any, file: str, place: str) -> None:
        self._file, self._place = file, place
        if not isinstance(content, dict):
            raise self.wrong("", f"it is {_shown(content)}; a mapping of keys to values was expected")
        self.values = content
        self._taken: list[str] = []

    def wrong(self, key: str, problem: str) -> ScenarioError:
        """An error about a key, or with an empty one about this part."""
        place = ".".join(filter(None, (self._place, key)))
        return ScenarioError(f"{self._file}: {place}: {problem}" if place else f"{self._file}: {problem}")

    def check(self, key: str, value: Any, check: Check[Value]) -> Value:
        try:
            return check(value)
        except ValueError as error:
            raise self.wrong(key, f"it is {_shown(value)}; {error} was expected") from error

    def take(self, key: str, check: Check[Value], default: Any = NEEDED) -> Value:
        """The checked value of a key; without it the default, where there is one."""
        self._taken.append(key)
        if key in self.values:
            return self.check(key, self.values[key], check)
        if default is NEEDED:
            raise self.wrong(key, "it is missing")
        return default

    def part(self, key: str) -> _Part | None:
        """A mapping within; a key with nothing behind it is an empty one."""
        self._taken.append(key)
        if key not in self.values:
            return None
        content = self.values[key]
        return _Part({} if content is None else content, self._file, ".".join(filter(None, (self._place, key))))

    def parts(self, key: str, needed: bool = False) -> list[_Part]:
        """A list of mappings within."""
        items = self.take(key, _list_of(lambda item: item, least=1 if needed else 0), NEEDED if needed else [])
        return [_Part(item, self._file, f"{key}[{number}]") for number, item in enumerate(items)]

    def parameters(self, names: Collection[str]) -> dict[str, Any]:
        """All that is left, as parameters of a node; the node itself checks their values."""
        return {name: self.take(name, _parameter) for name in self.values if self._known(name, names)}

    def finish(self) -> None:
        """Refuse what nobody has taken."""
        for key in self.values:
            self._known(key, self._taken)

    def _known(self, key: Any, names: Collection[str]) -> bool:
        if key in self._taken or key in names:
            return key not in self._taken
        near = difflib.get_close_matches(str(key), list(names), 1)
        guess = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"
        raise self.wrong(str(key), f"there is no such key{guess}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _prompt(value: Any) -> str:
    if len(_text(value)) > MAX_LENGTH:
        raise ValueError(f"text of at most {MAX_LENGTH} characters")
    return _text(value)


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _number(low: float, high: float, below: bool = False) -> Check[float]:
    def check(value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not (low <= value < high if below else low <= value <= high):
            raise ValueError(f"a number from {low:g} to {'less than ' if below else ''}{high:g}")
        return float(value)

    return check


def _finite(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    raise ValueError("a number")


def _one_of(choices: Collection[str]) -> Check[str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            near = difflib.get_close_matches(str(value)[:100], list(choices), 1)
            others = "or another of the names in docs/guides/live-evaluation.md,"
            raise ValueError(f"{near[0]}, {others}" if near else _any(choices))
        return value

    return check


def _any(choices: Collection[str]) -> str:
    return f"one of {', '.join(choices)}"


def _list_of(check: Check[Value], least: int = 0) -> Check[list[Value]]:
    def check_list(value: Any) -> list[Value]:
        if not isinstance(value, list) or len(value) < least:
            raise ValueError("a list" + (f" of at least {least}" if least else ""))
        found = []
        for number, item in enumerate(value):
            try:
                found.append(check(item))
            except ValueError as error:
                raise ValueError(f"as number {number} in the list, {error}") from error
        return found

    return check_list


def _stretch(seconds: float) -> Check[Stretch]:
    def check(value: Any) -> Stretch:
        try:
            since, until = _list_of(_number(0.0, seconds))(value)
        except ValueError:
            since, until = 1.0, 0.0
        if not since < until:
            raise ValueError(f"two seconds, the second later, within the {seconds:g} that are watched, as in [6, 9],")
        return Stretch(since, until)

    return check


def _fault(value: Any) -> str:
    try:
        CameraFault.from_text(_text(value))
    except FaultError as error:
        raise ValueError(str(error).split(" is no fault: ", 1)[1]) from error
    return value


def _parameter(value: Any) -> Any:
    """What a ROS parameter can be."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, bool | int | float | str) for item in items):
        raise ValueError("a number, text, true, false, or a list of one of them")
    if any(isinstance(item, float) and not math.isfinite(item) for item in items):
        raise ValueError("a finite number")
    return value


def _shown(value: Any) -> str:
    """A value for an error message, cut where it is long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
