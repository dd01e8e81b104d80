"""The prompts that were in force, so that "undo" finds the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from ros2_textfuse.prompts.prompt import Prompt

KEPT = 20


class History(Sequence[Prompt]):
    """Prompts, oldest first; the last one is in force. At most KEPT are remembered."""

    def __init__(self) -> None:
        self._prompts: tuple[Prompt, ...] = ()

    def put(self, prompt: Prompt) -> None:
        """Let a prompt be in force that `resolve` made of this history; an earlier one of it undoes what came after."""
        earlier = [index for index, other in enumerate(self._prompts) if other is prompt]
        kept = self._prompts[: earlier[-1]] if earlier else self._prompts
        self._prompts = (*kept, prompt)[-KEPT:]

    @overload
    def __getitem__(self, index: int) -> Prompt: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Prompt]: ...

    def __getitem__(self, index: int | slice) -> Prompt | Sequence[Prompt]:
        return self._prompts[index]

    def __len__(self) -> int:
        return len(self._prompts)

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self._prompts)
