"""What a scenario says must and must not happen, held against what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ros2_textfuse.evaluation.live.figures import FIGURES, measure
from ros2_textfuse.evaluation.live.observations import LEVELS, Diagnostic, Watch


@dataclass(frozen=True)
class Stretch:
    """From one second to another since the first fused image."""

    since: float
    until: float

    def __str__(self) -> str:
        return f"between {self.since:g} and {self.until:g} s"


@dataclass(frozen=True)
class Judgement:
    """One expectation, whether it was met, and by how much or why not."""

    expectation: str
    met: bool
    found: str


class Expectation(Protocol):
    """Something that can be held against what was seen."""

    @property
    def between(self) -> Stretch | None:
        """When it is to hold; None for all of the time after the warm-up."""
        ...

    def __str__(self) -> str: ...

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Hold it against a stretch of what was seen."""
        ...


@dataclass(frozen=True)
class FigureIs:
    """A figure of FIGURES lies within bounds."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None
    between: Stretch | None = None

    def __str__(self) -> str:
        bounds = [f"{words} {amount(limit, self.figure)}" for words, limit in self._bounds()]
        return _in_time(f"{self.figure} is {' and '.join(bounds)}", self.between)

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Not met where the figure could not be measured."""
        known, unknown = measure(watch, stretch.since, stretch.until)
        if self.figure not in known:
            return Judgement(str(self), False, f"not measured: {unknown[self.figure]}")
        value = known[self.figure]
        found, met = [amount(value, self.figure)], True
        for words, limit in self._bounds():
            room = value - limit if words == "at least" else limit - value
            met = met and room >= 0
            by = amount(abs(room), self.figure)
            found.append(f"{by} to spare" if room >= 0 else f"missed by {by}")
        return Judgement(str(self), met, ", ".join(found))

    def _bounds(self) -> Iterator[tuple[str, float]]:
        if self.at_least is not None:
            yield "at least", self.at_least
        if self.at_most is not None:
            yield "at most", self.at_most


@dataclass(frozen=True)
class StatesPass:
    """The fusion node passes through these states in this order; others may lie between."""

    states: tuple[str, ...]
    between: Stretch | None = None

    def __str__(self) -> str:
        return _in_time(f"the state passes through {', '.join(self.states)}", self.between)

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Met when the states of the stretch hold these as a subsequence."""
        reached: list[str] = []
        passed: list[str] = []
        for status in watch.statuses:
            if not stretch.since <= status.at <= stretch.until:
                continue
            if not passed or passed[-1] != status.state:
                passed.append(status.state)
                if len(reached) < len(self.states) and status.state == self.states[len(reached)]:
                    reached.append(f"{status.state} at {status.at:.1f} s")
        if len(reached) == len(self.states):
            return Judgement(str(self), True, ", ".join(reached))
        missing = self.states[len(reached)]
        after = f" after {reached[-1]}" if reached else ""
        return Judgement(str(self), False, f"{missing} never came{after}; seen: {', '.join(passed) or 'no status'}")


@dataclass(frozen=True)
class StateNever:
    """The fusion node is never in this state."""

    state: str
    between: Stretch | None = None

    def __str__(self) -> str:
        return _in_time(f"the state is never {self.state}", self.between)

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Not met without any status, since nothing is known then."""
        statuses = [status for status in watch.statuses if stretch.since <= status.at <= stretch.until]
        bad = [status for status in statuses if status.state == self.state]
        if not statuses:
            return Judgement(str(self), False, "no status came in that time")
        if bad:
            words = f": {bad[0].message}" if bad[0].message else ""
            return Judgement(str(self), False, f"{len(bad)} of {len(statuses)} statuses, from {bad[0].at:.1f} s{words}")
        return Judgement(str(self), True, f"none of {len(statuses)} statuses")


@dataclass(frozen=True)
class DiagnosticSeen:
    """A diagnostic of this level comes.

    Args:
        level: one of LEVELS.
        source: what its name begins with.
        saying: what its message contains, whatever its case; empty for anything.
        between: when.
    """

    level: str
    source: str
    saying: str = ""
    between: Stretch | None = None

    def __str__(self) -> str:
        saying = f' saying "{self.saying}"' if self.saying else ""
        return _in_time(f"{self.source} reports {self.level}{saying}", self.between)

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Met by one such diagnostic."""
        there = _diagnostics(watch, stretch, self.source)
        for one in there:
            if one.level == self.level and self.saying.lower() in one.message.lower():
                return Judgement(str(self), True, f"at {max(one.at, stretch.since):.1f} s: {one.message}")
        others = sorted({f"{one.level} ({one.message})" for one in there})
        return Judgement(str(self), False, f"never; seen: {'; '.join(others) or 'no diagnostic of it'}")


@dataclass(frozen=True)
class DiagnosticNever:
    """No diagnostic is of this level or a worse one; the fields are those of DiagnosticSeen."""

    level: str
    source: str
    saying: str = ""
    between: Stretch | None = None

    def __str__(self) -> str:
        saying = f' saying "{self.saying}"' if self.saying else ""
        return _in_time(f"{self.source} never reports {self.level} or worse{saying}", self.between)

    def judge(self, watch: Watch, stretch: Stretch) -> Judgement:
        """Not met without any diagnostic, since nothing is known then."""
        there = _diagnostics(watch, stretch, self.source)
        for one in there:
            if LEVELS.index(one.level) >= LEVELS.index(self.level) and self.saying.lower() in one.message.lower():
                at = max(one.at, stretch.since)
                return Judgement(str(self), False, f"{one.level} at {at:.1f} s: {one.message}")
        count = sum(one.count for one in there)
        if not count:
            return Judgement(str(self), False, "no diagnostic of it came in that time")
        return Judgement(str(self), True, f"none of {count} diagnostics")


def judge(watch: Watch, expectations: tuple[Expectation, ...], warm_up: float) -> list[Judgement]:
    """Hold every expectation against what was seen.

    What a scenario sets going is to work even where no expectation says so: calls of set_prompt are accepted, and its
    processes do not end but for a player that has played to the end.
    """
    whole = Stretch(warm_up, watch.seconds)
    found = [expectation.judge(watch, expectation.between or whole) for expectation in expectations]
    for call in watch.prompts:
        if not call.accepted:
            reason = "no answer" if call.answered is None else call.message
            found.append(Judgement(f"set_prompt accepts {call.prompt} at {call.at:.1f} s", False, reason))
    for name, code, at in watch.ended:
        if name != "player" or code:
            found.append(Judgement(f"{name} runs to the end", False, f"it ended at {at:.1f} s with exit code {code}"))
    return found


def amount(value: float, figure: str) -> str:
    """A figure's value with its unit."""
    unit = FIGURES[figure][0]
    return f"{value:.2f} cores" if unit == "cores" else f"{value:.4g} {unit}".rstrip()


def _in_time(words: str, between: Stretch | None) -> str:
    return f"{words} {between}" if between else words


def _diagnostics(watch: Watch, stretch: Stretch, source: str) -> list[Diagnostic]:
    return [
        one
        for one in watch.diagnostics
        if one.source.startswith(source) and one.at <= stretch.until and one.last >= stretch.since
    ]
