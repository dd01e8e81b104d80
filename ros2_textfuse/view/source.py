"""Where the images come from: a graph that runs (nodes/view), or a recording (offline)."""

from collections.abc import Awaitable
from typing import Any, Protocol

from ros2_textfuse.view.requests import Ask


class Source(Protocol):
    """Puts images and news into a Hub, and does what viewers ask; called from the server's thread."""

    def describe(self) -> dict[str, Any]:
        """What a page is told once, as JSON: `live`, `title`, and of a recording its `duration` in seconds."""
        ...

    def want(self, streams: frozenset[str]) -> None:
        """Which streams somebody looks at from now on; empty: nobody does, and nothing needs to be done."""
        ...

    def set_prompt(self, ask: Ask) -> Awaitable[dict[str, Any]]:
        """Change the prompt; gives the fields of SetPrompt's response."""
        ...

    def seek(self, time: float) -> None:
        """Go to a time of the recording, in seconds."""
        ...

    def play(self, on: bool) -> None:
        """Go on playing the recording, or stand still."""
        ...
