"""Trains the reader of whole sentences: low-rank updates of the sentence encoder, and one signed slot for each item.

The encoder's own weights stay as published. Beside each of its linear layers a product of two narrow matrices is
learnt, which turns a model of what sentences are about into one of what they want. Over half an hour on
one CPU core.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.prompts.phrasings import TRAIN, prompts, words
from ros2_textfuse.prompts.sentence_reader import as_read
from ros2_textfuse.prompts.slots import SLOTS, STATES, in_slots, labelled
from ros2_textfuse.prompts.spelling import corrected
from ros2_textfuse.prompts.text_encoder import find_encoder, vocabulary
from ros2_textfuse.prompts.tone import read_tone
from ros2_textfuse.runtime.threads import one_thread
from ros2_textfuse.training.sentence_forms import Example, varied

RANK = 8  # of the updates
BATCH = 32
MADE = 1500  # sentences from templates, many of them negations
PHRASINGS = 300  # of the severity head's sentences, in each pass
_DROPOUT, _RATE, _HEAD_RATE = 0.1, 1e-3, 3e-3
_WARM_UP = 40  # steps
_MAX_TOKENS = 64  # a sentence of two of the longest
_HEADS, _LAYERS, _WIDTH, _EPS = 12, 6, 384, 1e-12


class _Adapted(nn.Module):
    """A frozen linear layer and its low-rank update."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, x: Tensor) -> Tensor:
        narrow = F.linear(F.dropout(x, _DROPOUT, self.training), self.down)
        return F.linear(x, self.weight, self.bias) + F.linear(narrow, self.up)


class Reader(nn.Module):
    """Token numbers and attention mask, int64 [N, T] each, to logits, float32 [N, slots, states].

    Args:
        weights: of all-MiniLM-L6-v2, as published.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        published = load_file(weights)
        self._embeddings = [
            published[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")
        ]
        self._norms = {
            name.removesuffix(".weight"): (weight, published[name.replace(".weight", ".bias")])
            for name, weight in published.items()
            if name.endswith("LayerNorm.weight")
        }
        parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
        parts += ["attention.output.dense", "intermediate.dense", "output.dense"]
        self._names = [f"encoder.layer.{number}.{part}" for number in range(_LAYERS) for part in parts]
        self.layers = nn.ModuleList(
            _Adapted(published[f"{name}.weight"], published[f"{name}.bias"]) for name in self._names
        )
        self.look = nn.Linear(_WIDTH, len(SLOTS))  # where in the sentence each slot looks
        nn.init.zeros_(self.look.weight)
        nn.init.zeros_(self.look.bias)
        self.state = nn.Parameter(torch.randn(len(SLOTS), STATES, _WIDTH) * 0.02)
        self.state_bias = nn.Parameter(torch.tensor([3.0, 0.0, 0.0]).repeat(len(SLOTS), 1))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Logits of each slot's states."""
        x = self._tokens(tokens, mask)
        look = self.look(x).masked_fill(mask[..., None] == 0, -1e4).softmax(1)  # [N, T, slots]
        seen = self._dropout(torch.einsum("nts,ntw->nsw", look, x))
        return torch.einsum("nsw,skw->nsk", seen, self.state) + self.state_bias

    def begin_with(self, weights: Path) -> None:
        """Go on from what an earlier training has learnt.

        Raises:
            WeightsError: they are of no reader, or of one of other slots.
        """
        try:
            learnt = load_file(weights)
            for name, tensor in self.tensors().items():
                tensor.data.copy_(learnt[name])
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise WeightsError(f"{weights} holds no weights of a reader of {len(SLOTS)} slots: {error}") from error

    def tensors(self) -> dict[str, Tensor]:
        """What is learnt, under the names that `prompts.sentence_reader` reads."""
        updates = {
            f"{name}.{part}": getattr(layer, part)
            for name, layer in zip(self._names, self.layers, strict=True)
            for part in ("up", "down")
        }
        head = {"look.weight": self.look.weight, "look.bias": self.look.bias, "state": self.state}
        return updates | head | {"state_bias": self.state_bias}

    def _tokens(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Features of each token, [N, T, 384]."""
        word, position, kind = self._embeddings
        x = self._norm(word[tokens] + position[: tokens.shape[1]] + kind[0], "embeddings.LayerNorm")
        x = self._dropout(x)
        kept = mask.bool()[:, None, None]
        for number in range(_LAYERS):
            query, key, value, joint, wide, narrow = self.layers[6 * number : 6 * number + 6]
            q, k, v = (part(x).unflatten(-1, (_HEADS, -1)).transpose(1, 2) for part in (query, key, value))
            seen = F.scaled_dot_product_attention(q, k, v, kept).transpose(1, 2).flatten(2)
            x = self._norm(x + self._dropout(joint(seen)), f"encoder.layer.{number}.attention.output.LayerNorm")
            x = self._norm(x + self._dropout(narrow(F.gelu(wide(x)))), f"encoder.layer.{number}.output.LayerNorm")
        return x

    def _dropout(self, x: Tensor) -> Tensor:
        return F.dropout(x, _DROPOUT, self.training)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (_WIDTH,), *self._norms[name], eps=_EPS)


def sentences() -> list[Example]:
    """The labelled sentences, and requests of `phrasings/requests.yaml`."""
    found = [
        Example(_as_read(one.text), in_slots(one, denials_marked=part == "sentences"))
        for part in ("sentences", "tuning")
        for listed in words(part).values()
        for one in map(labelled, listed)
    ]
    for name, listed in words("requests").items():
        right = in_slots(labelled(f"=> {'' if name == 'cameras' else name}"))
        if name == "cameras":  # one of them; which, is not written there
            right[SLOTS.index("balance")] = [False, True, True]
        if name == "brighter":
            right[SLOTS.index("low_light"), 1] = True
        found += [Example(text, right, 0.5) for text in listed if name != "none"]
    return found


def phrasings(seed: int) -> list[Example]:
    """The severity head's sentences, by hand and from templates: their modes are known, and nothing else of them."""
    found = []
    for prompted in prompts(TRAIN, MADE, seed):
        right = in_slots(labelled("=> " + ", ".join(prompted.severities)), denials_marked=False)
        right[len(MODES) :] = True
        if not read_tone(prompted.text):  # "brighter" is of the tone here, and of the dark there
            found.append(Example(_as_read(prompted.text), right, 0.4))
    return found


def fit(steps: int, seed: int, progress: Callable[[int, float], None], start: Path | None = None) -> Reader:
    """The trained reader.

    Args:
        steps: of gradient descent, BATCH sentences each.
        seed: the same seed gives the same reader on the same machine.
        progress: called with each step and its loss.
        start: weights to begin with; None for the encoder's as published.

    Raises:
        WeightsError: `start` holds no weights of a reader.
    """
    folder = find_encoder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_TOKENS)
    tokenizer.enable_padding()
    rng = random.Random(seed)
    torch.manual_seed(seed)
    reader = Reader(folder / "model.safetensors")
    if start:
        reader.begin_with(start)
    optimiser = torch.optim.AdamW(
        [
            {"params": reader.layers.parameters(), "lr": _RATE},
            {"params": [*reader.look.parameters(), reader.state, reader.state_bias], "lr": _HEAD_RATE},
        ],
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    with one_thread():
        for step, batch in zip(range(steps), _batches(sentences(), phrasings(seed), rng), strict=False):
            encodings = tokenizer.encode_batch([one.text for one in batch])
            tokens = torch.tensor([encoding.ids for encoding in encodings])
            mask = torch.tensor([encoding.attention_mask for encoding in encodings])
            with torch.autocast("cpu", torch.bfloat16):  # a third faster where the CPU has it
                logits = reader(tokens, mask)
            loss = loss_of(logits.float(), batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            progress(step, loss.item())
    return reader.eval()


def loss_of(logits: Tensor, batch: Sequence[Example]) -> Tensor:
    """How improbable it is that each slot is in one of its right states; [N, slots, states] to a scalar."""
    right = torch.from_numpy(np.stack([one.right for one in batch]))
    weights = torch.tensor([one.weight for one in batch])
    likely = logits.log_softmax(-1).masked_fill(~right, -torch.inf).logsumexp(-1)
    return -(likely.sum(-1) * weights).mean()


def save(reader: Reader, path: Path, seed: int) -> None:
    """Writes what was learnt where `prompts.sentence_reader` finds it, in fp16 (0.8 MB)."""
    metadata = {
        "slots": ",".join(SLOTS),
        "encoder": "sentence-transformers/all-MiniLM-L6-v2",
        "seed": str(seed),
        "licence": "Apache-2.0; trained on this repository's own sentences",
    }
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in reader.tensors().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata)
    path.chmod(0o644)  # safetensors writes for the owner alone


def _as_read(text: str) -> str:
    return as_read(corrected(text, vocabulary())[0])


def _batches(own: Sequence[Example], others: Sequence[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Sentences of like length together, pass after pass."""
    while True:
        found = list(varied([*own, *rng.sample(others, min(PHRASINGS, len(others)))], rng))
        found.sort(key=lambda one: len(one.text) * rng.uniform(0.8, 1.25))
        batches = [found[start : start + BATCH] for start in range(0, len(found), BATCH)]
        rng.shuffle(batches)
        yield from batches
