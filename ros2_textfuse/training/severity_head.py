"""Trains the head that turns sentences into severities; about a minute on two CPU cores.

The sentence encoder stays frozen and sees every clause once. The head has one hidden layer and answers, for each
mode, whether a clause speaks of it and how strong it is; one answer more says whether it speaks of the images at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.prompts import understand
from ros2_textfuse.prompts.balance import read_balance
from ros2_textfuse.prompts.clauses import clauses
from ros2_textfuse.prompts.object_meaning import KINDS
from ros2_textfuse.prompts.object_names import OBJECT_WORDS
from ros2_textfuse.prompts.phrasings import TRAIN, Part, Prompted, words
from ros2_textfuse.prompts.phrasings import handwritten as handwritten_of
from ros2_textfuse.prompts.phrasings import prompts as prompts_of
from ros2_textfuse.prompts.text_encoder import FEATURES, encode
from ros2_textfuse.prompts.tone import read_tone
from ros2_textfuse.runtime.threads import one_thread

HIDDEN = 512  # of each member
MEMBERS = 3
THRESHOLD = 0.5  # of the probability that a mode is meant
BATCH = 256
OUTPUTS = 2 * len(MODES) + 1
HANDWRITTEN_WEIGHT = 3.0  # a sentence somebody wrote against one from the templates


@dataclass(frozen=True)
class Examples:
    """Clauses and what they mean: features float32 [N, 384], present [N, M + 1] of 0 and 1, severities [N, M]."""

    features: Tensor
    present: Tensor
    severities: Tensor
    weights: Tensor


def examples(part: Part, count: int, seed: int) -> Examples:
    """Training examples of single clauses: what a clause of several means is not known of each."""
    written = {prompted.text for prompted in handwritten_of(part)}
    meant: dict[str, tuple[Prompted, float]] = {}
    for prompted in prompts_of(part, count, seed):
        weight = HANDWRITTEN_WEIGHT if prompted.text in written else 1.0
        parts = clauses(prompted.text)
        if len(parts) > 1 and prompted.severities:
            continue
        for clause in parts:
            meant.setdefault(clause.meaning, (prompted, weight))
            if clause.negated and prompted.severities:  # "enough light", of "not enough light"
                meant.setdefault(clause.affirmed, (Prompted("", {}, True), weight))
    features = torch.from_numpy(encode(list(meant)))
    present = torch.zeros(len(meant), len(MODES) + 1)
    severities = torch.zeros(len(meant), len(MODES))
    for row, (prompted, _) in enumerate(meant.values()):
        for mode, severity in prompted.severities.items():
            present[row, MODES.index(mode)] = 1
            severities[row, MODES.index(mode)] = severity
        present[row, -1] = prompted.about
    return Examples(features, present, severities, torch.tensor([weight for _, weight in meant.values()]))


def fit(data: Examples, epochs: int, seed: int) -> nn.Sequential:
    """The trained head: [N, 384] -> [N, 2 M + 1], logits of presence (M modes, then "about"), then of severity.

    It is the mean of MEMBERS heads from different seeds, written as one: a single one changes its mind about one
    unseen sentence in thirty from seed to seed.
    """
    with one_thread():
        members = [_fit_member(data, epochs, seed * MEMBERS + member) for member in range(MEMBERS)]
    mean = nn.Sequential(nn.Linear(FEATURES, MEMBERS * HIDDEN), nn.ReLU(), nn.Linear(MEMBERS * HIDDEN, OUTPUTS))
    parameters = [[parameter.detach() for parameter in member.parameters()] for member in members]
    hidden, hidden_bias, output, output_bias = zip(*parameters, strict=True)
    joined = (torch.cat(hidden), torch.cat(hidden_bias), torch.cat(output, 1) / MEMBERS, sum(output_bias) / MEMBERS)
    mean.load_state_dict(dict(zip(mean.state_dict(), joined, strict=True)))
    return mean


def _fit_member(data: Examples, epochs: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    head = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, OUTPUTS))
    steps = epochs * -(-len(data.features) // BATCH)
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(data.features)).split(BATCH):
            output = head(data.features[rows])
            present, weight = data.present[rows], data.weights[rows, None]
            logits, strength = output[:, : len(MODES) + 1], output[:, len(MODES) + 1 :]
            meant = present[:, :-1] * weight
            error = (strength.sigmoid() - data.severities[rows]) ** 2 * meant
            loss = F.binary_cross_entropy_with_logits(logits, present, weight)
            loss = loss + 2 * error.sum() / meant.sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return head


def fit_classes(sentences: Mapping[str, Sequence[str]], steps: int = 400) -> nn.Linear:
    """A linear classifier of feature vectors: [N, 384] -> logits of the classes, in their order.

    Args:
        sentences: class -> sentences. A class of a hundred times as many sentences counts three times as much.
        steps: of gradient descent over all sentences.
    """
    texts = [text for listed in sentences.values() for text in listed]
    classes = torch.tensor([number for number, listed in enumerate(sentences.values()) for _ in listed])
    features = torch.from_numpy(encode(texts))
    weight = torch.tensor([len(listed) for listed in sentences.values()]).float() ** -0.75
    with one_thread():
        torch.manual_seed(0)
        layer = nn.Linear(FEATURES, len(sentences))
        optimiser = torch.optim.AdamW(layer.parameters(), lr=0.05, weight_decay=0.02)
        for _ in range(steps):
            loss = F.cross_entropy(layer(features), classes, weight)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return layer


def request_sentences() -> dict[str, list[str]]:
    """Class of `prompts.requests` -> sentences; what names a degradation, or nothing, is of none."""
    found = words("requests")
    neutral = [prompted.text for prompted in handwritten_of(TRAIN)]
    meanings = [part.meaning for text in neutral for part in clauses(text)]
    found["none"] += [text for text in dict.fromkeys(meanings) if not (read_balance(text) or read_tone(text))]
    return found


def noun_sentences() -> dict[str, list[str]]:
    """Kind of `prompts.object_meaning` -> nouns with their article, and the words of the lists."""
    found = {kind: listed.split(", ") for kind, listed in words("nouns").items()}
    for word, classes in OBJECT_WORDS.items():
        kinds = [kind for kind, meant in KINDS.items() if set(classes) <= set(meant)]
        if kinds or "person" not in classes:  # a cyclist is of two kinds
            found[kinds[0] if kinds else "other"].append(word)
    return {kind: [f"a {noun}" for noun in listed] for kind, listed in found.items()}


def save(head: nn.Sequential, path: Path, seed: int) -> None:
    """Writes the heads where `prompts.head` finds them, in fp16 (1.2 MB)."""
    linear = {"requests": fit_classes(request_sentences()), "nouns": fit_classes(noun_sentences())}
    tensors = {
        f"{task}.{name}": parameter for task, layer in linear.items() for name, parameter in layer.named_parameters()
    } | dict(
        zip(("hidden.weight", "hidden.bias", "output.weight", "output.bias"), head.parameters(), strict=True),
        threshold=torch.tensor(THRESHOLD).logit(),
    )
    metadata = {
        "modes": ",".join(MODES),
        "encoder": "sentence-transformers/all-MiniLM-L6-v2",
        "seed": str(seed),
        "licence": "Apache-2.0; trained on this repository's own phrasings",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().half().contiguous() for name, tensor in tensors.items()}, path, metadata)
    path.chmod(0o644)  # safetensors writes for the owner alone


def evaluate(cases: list[Prompted]) -> dict[str, float]:
    """Figures of `understand`, end to end, on `cases`.

    Returns:
        `precision` and `recall` over all modes, `precision/<mode>` and `recall/<mode>`, `severity_mae` where a mode
        was rightly found, `false_alarms` (share of the neutral sentences in which any mode was found) and `unknown`
        (share of the sentences about something else that were reported as not understood, or as objects).
    """
    found = np.zeros((len(cases), len(MODES)))
    meant = np.zeros_like(found)
    noticed = []
    for row, case in enumerate(cases):
        said = understand(case.text)
        found[row] = [said.modes.get(mode, 0.0) for mode in MODES]
        meant[row] = [case.severities.get(mode, 0.0) for mode in MODES]
        if not case.about:
            noticed.append(bool(said.unknown or said.objects))
    hit = (found > 0) & (meant > 0)
    neutral = ~np.any(meant > 0, axis=1)

    def ratio(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
        return float(hits.sum() / of.sum()) if of.any() else float("nan")

    figures = {
        "precision": ratio(hit, found > 0),
        "recall": ratio(hit, meant > 0),
        "severity_mae": float(np.abs(found - meant)[hit].mean()) if hit.any() else float("nan"),
        "false_alarms": ratio(np.any(found > 0, axis=1) & neutral, neutral),
        "unknown": float(np.mean(noticed)) if noticed else float("nan"),
    }
    for index, mode in enumerate(MODES):
        figures[f"precision/{mode}"] = ratio(hit[:, index], found[:, index] > 0)
        figures[f"recall/{mode}"] = ratio(hit[:, index], meant[:, index] > 0)
    return figures
