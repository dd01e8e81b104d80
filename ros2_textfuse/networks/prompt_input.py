"""What a prompt comes to for a network of the family: severities and the balance, or the features of a sentence."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.networks.source import NetworkSource, network_of, reads_sentences
from ros2_textfuse.prompts.clip_tokenizer import CONTEXT, ClipTokenizer
from ros2_textfuse.prompts.prompt import Prompt, in_order
from ros2_textfuse.prompts.textif_sentences import sentence_of, unread
from ros2_textfuse.runtime.threads import one_thread

if TYPE_CHECKING:
    from torch import Tensor

    from ros2_textfuse.networks.textif import TextIF

SENTENCES_KEPT = 256  # features of; a prompt of mode auto comes back to few sentences again and again


class PromptInput(Protocol):
    """What a network reads of prompts."""

    def features(self, prompt: Prompt) -> NDArray[np.float32]:
        """What the network's `modulation` is made of: [1, config.inputs].

        Raises:
            EncoderError: the prompt has a text, and there is no sentence encoder.
        """

    def of_requests(self, requests: Tensor) -> Tensor:
        """The same for requests as training draws them.

        Args:
            requests: [B, modes + 1], rows as of `Prompt.vector`.

        Returns:
            float32 [B, config.inputs].
        """

    def unread(self, prompt: Prompt) -> tuple[str, ...]:
        """What of a prompt the network has no use for, in words for whoever asked for it."""


def prompt_input(source: NetworkSource) -> PromptInput:
    """What the network of `source` reads of prompts.

    Raises:
        EncoderError: the network is textif, and its tokenizer cannot be used.
    """
    return SentenceInput(cast("TextIF", network_of(source))) if reads_sentences(source) else SeverityInput()


class SeverityInput:
    """Severities of the degradations and the balance of the cameras; see `PromptInput`."""

    def features(self, prompt: Prompt) -> NDArray[np.float32]:
        """See `PromptInput.features`."""
        return prompt.vector()[None]

    def of_requests(self, requests: Tensor) -> Tensor:
        """See `PromptInput.of_requests`."""
        return requests

    def unread(self, prompt: Prompt) -> tuple[str, ...]:
        """See `PromptInput.unread`."""
        return ()


class SentenceInput:
    """A sentence, as CLIP's text tower reads it, once for each sentence; see `PromptInput`."""

    def __init__(self, network: TextIF) -> None:
        self._tokenizer = ClipTokenizer()
        self._longest = min(CONTEXT, network.config.text.context)
        self._tower = network.text
        self._read = lru_cache(SENTENCES_KEPT)(self._encode)

    def features(self, prompt: Prompt) -> NDArray[np.float32]:
        """See `PromptInput.features`."""
        return self._read(sentence_of(prompt))

    def of_requests(self, requests: Tensor) -> Tensor:
        """See `PromptInput.of_requests`."""
        import torch

        prompts = [Prompt(severities=in_order(dict(zip(MODES, row, strict=False)))) for row in requests.tolist()]
        return torch.from_numpy(np.concatenate([self.features(prompt) for prompt in prompts])).to(requests.device)

    def unread(self, prompt: Prompt) -> tuple[str, ...]:
        """See `PromptInput.unread`."""
        excess = len(self._tokenizer.encode(sentence_of(prompt))) - self._longest
        cut = (f"textif reads {self._longest} tokens: the last {excess} of the prompt are left out",)
        return (*unread(prompt), *(cut if excess > 0 else ()))

    def _encode(self, sentence: str) -> NDArray[np.float32]:
        import torch

        tokens = list(self._tokenizer.encode(sentence))
        kept = [*tokens[:-1][: self._longest - 1], tokens[-1]]  # the end stays the end
        with torch.inference_mode(), one_thread():
            features = self._tower(torch.tensor([kept], device=self._tower.projection.device))
        array: NDArray[np.float32] = features.float().cpu().numpy()
        return array
