"""What a check found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK, WARN, FAIL = "OK", "WARN", "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Args:
        level: OK; WARN where a run works but worse than it could; FAIL where it would not.
        check: what was looked at, in a word or two.
        text: what was found.
        cure: what to do about it; empty when it is OK.
    """

    level: str
    check: str
    text: str
    cure: str = ""

    def __post_init__(self) -> None:
        if (self.level == OK) == bool(self.cure):
            raise ValueError(f"{self.check}: a finding has a cure unless it is OK, and only then")

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.check}: {self.text}" + (f"\n      -> {self.cure}" if self.cure else "")


def worst(findings: Iterable[Finding]) -> str:
    """The worst level among findings; OK for none."""
    return max((finding.level for finding in findings), key=(OK, WARN, FAIL).index, default=OK)


def guarded(check: str, run: Callable[[], list[Finding]]) -> list[Finding]:
    """The findings of a check; its own failure is one as well, since a doctor that crashes helps nobody."""
    try:
        return run()
    except Exception as error:
        return [
            Finding(
                FAIL, check, f"the check itself failed: {type(error).__name__}: {error}", "report it, with this line"
            )
        ]
