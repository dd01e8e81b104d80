"""Several processes that train one network: torch's distributed package, as torchrun starts it.

A batch belongs to all of them: each works on its own rows, and what a row holds depends on the step and on its number
in the batch, never on the process. So any number of processes is the same run, and one process is the plain case.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from ros2_textfuse.errors import TextfuseError

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # that torchrun sets
Made = TypeVar("Made")


class ProcessesError(TextfuseError):
    """The processes cannot train together; the message says why and what to change."""


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Be one of the processes that torchrun started; nothing where it did not start this one.

    Args:
        device: of the network, which decides how gradients travel: gloo, or NCCL between GPUs.

    Raises:
        ProcessesError: torchrun's variables are incomplete, or the others cannot be reached.
    """
    if "RANK" not in os.environ:
        yield
        return
    if missing := [name for name in VARIABLES if name not in os.environ]:
        raise ProcessesError(f"RANK is set and {', '.join(missing)} not: start with torchrun, or unset RANK")
    try:
        distributed.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    except (RuntimeError, ValueError) as error:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise ProcessesError(f"the other processes cannot be reached at {where}: {error}") from error
    try:
        yield
    finally:
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this is the process that writes: checkpoint, log, weights, what a person reads."""
    return int(os.environ.get("RANK", "0")) == 0


def is_first_here() -> bool:
    """Whether this is the first process on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def own_device(name: str) -> torch.device:
    """The device of this process: of `cuda`, each process on a machine takes a GPU of its own."""
    return torch.device(name, int(os.environ["LOCAL_RANK"])) if name == "cuda" and count() > 1 else torch.device(name)


def own_rows(batch: int) -> range:
    """The rows of a batch that this process works on.

    Raises:
        ProcessesError: the batch cannot be shared evenly.
    """
    if batch % count():
        nearest = max(count(), batch // count() * count())
        raise ProcessesError(
            f"--batch {batch} cannot be shared evenly by {count()} processes: name a multiple, such as {nearest}"
        )
    share, rank = batch // count(), distributed.get_rank() if count() > 1 else 0
    return range(rank * share, (rank + 1) * share)


def own_part(drawn: Tensor, dim: int) -> Tensor:
    """The rows of this process, of what was drawn for the whole batch along a dimension."""
    return drawn.chunk(count(), dim)[distributed.get_rank()] if count() > 1 else drawn


def shared(module: nn.Module) -> nn.Module:
    """The module whose backward pass averages gradients over the processes; all begin with the first one's weights."""
    return nn.parallel.DistributedDataParallel(module, broadcast_buffers=False) if count() > 1 else module


def mean(values: Tensor) -> Tensor:
    """Values, averaged over the processes."""
    if count() == 1:
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total / count()


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any process."""
    return flag if count() == 1 else bool(mean(torch.tensor(float(flag))))


def from_first(make: Callable[[], Made]) -> Made:
    """What the first process makes, in all of them; what it cannot, none of them can."""
    if count() == 1:
        return make()
    made: list = [*_tried(make)] if is_first() else [None, None]
    distributed.broadcast_object_list(made)
    if made[1] is not None:
        raise made[1]
    return made[0]


def by_each(make: Callable[[], Made]) -> Made:
    """What each process makes for itself; what one cannot, none of them goes on without.

    Raises:
        ProcessesError: another process failed.
    """
    if count() == 1:
        return make()
    made, error = _tried(make)
    errors: list = [None] * count()
    distributed.all_gather_object(errors, error and str(error))
    if error is not None:
        raise error
    if failed := [f"process {rank}: {text}" for rank, text in enumerate(errors) if text]:
        raise ProcessesError(f"another process cannot train: {failed[0]}")
    return made  # type: ignore[return-value]


def agree(facts: Mapping[str, str]) -> None:
    """Check that what has to be the same in all processes is.

    Args:
        facts: by name, in words for whoever started them.

    Raises:
        ProcessesError: it is not, and how.
    """
    if count() == 1:
        return
    of_all: list = [None] * count()
    distributed.all_gather_object(of_all, dict(facts))
    different = [
        f"{name} is {of_all[0].get(name)} in process 0 and {found.get(name)} in process {rank}"
        for rank, found in enumerate(of_all)
        for name in facts
        if found.get(name) != of_all[0].get(name)
    ]
    if different:
        raise ProcessesError(
            f"the processes were not started alike: {'; '.join(different[:3])}; give all of them the same "
            "command, data and version"
        )


def _tried(make: Callable[[], Made]) -> tuple[Made | None, Exception | None]:
    try:
        return make(), None
    except (TextfuseError, OSError) as error:
        return None, error
