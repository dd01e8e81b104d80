"""A run over many recordings: what is there, what is done already, and the rest by whatever workers there are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.fleet import files, schema
from ros2_textfuse.fleet.errors import FleetError, StoreError
from ros2_textfuse.fleet.evaluation import Job, Task, evaluate
from ros2_textfuse.fleet.finished import forget
from ros2_textfuse.fleet.identity import Identity, identify_batch
from ros2_textfuse.fleet.recipe import Recipe
from ros2_textfuse.fleet.sources import Source, find_sources
from ros2_textfuse.fleet.store import Store

BATCH = 16  # recordings that are identified at a time

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers(Protocol):
    """Whoever does the work."""

    name: str
    """For the user."""
    threads: int
    """Of each one's engine."""

    def each(
        self, work: Callable[..., Result], common: Any, items: Sequence[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """Call `work(common, item)` for each item; results come in any order, with what went wrong among them."""

    def evaluate(self, job: Job, tasks: Sequence[Task]) -> Iterator[tuple[Task, int | Exception]]:
        """As `each` of `evaluate`, with long recordings in stretches where there are workers for them."""


class OneProcess:
    """All of it in this process, one after the other, with all of the machine's cores for each."""

    name = "one process"
    threads = 0

    def each(
        self, work: Callable[..., Result], common: Any, items: Sequence[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """See Workers."""
        for item in items:
            try:
                yield item, work(common, item)
            except (TextfuseError, OSError, MemoryError) as error:
                yield item, error

    def evaluate(self, job: Job, tasks: Sequence[Task]) -> Iterator[tuple[Task, int | Exception]]:
        """See Workers."""
        return self.each(evaluate, job, tasks)


@dataclass
class Outcome:
    """What a run has come to."""

    found: int = 0
    """Recordings that were named."""
    done: int = 0
    """Of them in the store before."""
    stored: int = 0
    """Put into it by this run."""
    frames: int = 0
    """Of those."""
    same: int = 0
    """Recordings with the content of another."""
    failed: dict[str, str] = field(default_factory=dict)
    """Recording -> why it is not in the store; the next run tries it again."""

    @property
    def whole(self) -> bool:
        """Whether all that was named is in the store."""
        return not self.failed


Progress = Callable[[int, int, Outcome], object]
"""Told of bytes done, bytes in all, and the outcome so far."""


def evaluate_fleet(
    named: Sequence[str],
    recipe: Recipe,
    path: str,
    workers: AbstractContextManager[Workers],
    progress: Progress = lambda done, total, outcome: None,
    **options: Any,
) -> Outcome:
    """Evaluate recordings into a store; what is in it already is left as it is.

    Args:
        named: what `find_sources` takes.
        recipe: how to evaluate.
        path: of the store, a folder or URL.
        workers: entered when there is work.
        progress: told as the run goes.
        options: of `Job`.

    Raises:
        FleetError: there are no recordings, or no workers.
        StoreError: the store holds something else, or cannot be written; what was done by then is in it.
        OSError: what was named cannot be read.
    """
    sources = find_sources(named)
    own = {*schema.RECORDING, *schema.FRAME, *schema.LISTED}
    if taken := sorted({name for source in sources for name in source.labels} & own):
        raise FleetError(f"the manifest's column {', '.join(taken)} is one of the store's own: give it another name")
    store = Store.claim(files.absolute(path), recipe.description)
    outcome = Outcome(found=len(sources))
    with workers as crew:
        tasks = _identified(sources, recipe, store, crew, outcome)
        there = store.keys()
        forget(store, there)  # of a run that ended between the two
        todo = [task for key, task in tasks.items() if key not in there]
        outcome.done = len(tasks) - len(todo)
        total, size = sum(task.size for task in todo), 0
        progress(0, total, outcome)
        # The largest first: at the end no worker waits for one that began late.
        todo.sort(key=lambda task: -task.size)
        for task, result in crew.evaluate(Job(recipe, store, crew.threads, **options), todo):
            size += task.size
            if isinstance(result, StoreError):
                raise StoreError(f"{result}. {outcome.stored} of {len(todo)} recordings were stored before")
            if isinstance(result, Exception):
                outcome.failed[str(task.source)] = str(result) or type(result).__name__
            else:
                outcome.stored += 1
                outcome.frames += result
            progress(size, total, outcome)
    return outcome


def _identified(
    sources: Sequence[Source], recipe: Recipe, store: Store, crew: Workers, outcome: Outcome
) -> dict[str, Task]:
    """Tasks by key; recordings.parquet is brought up to date."""
    before = store.listed()
    known = {row["identity"]: row["content"] for row in before if row.get("identity") and row.get("content")}
    batches = [list(sources[at : at + BATCH]) for at in range(0, len(sources), BATCH)]
    rows = {(row["source"], row["thermal_source"]): row for row in before}
    named = set()
    tasks: dict[str, Task] = {}
    for batch, found in crew.each(identify_batch, known, batches):
        if isinstance(found, Exception):
            raise FleetError(f"recordings could not be identified: {found}") from found
        for source, identity in zip(batch, found, strict=True):
            row = _row(source, identity, recipe)
            place = row["source"], row["thermal_source"]
            if identity.problem and place in rows:  # a disk that is not mounted: what was measured of it still holds
                row["key"] = rows[place]["key"]
            rows[place] = row
            named.add(place)
            if row["problem"]:
                outcome.failed[str(source)] = row["problem"]
            elif row["key"] in tasks:
                outcome.same += 1
            else:
                tasks[row["key"]] = Task(source, identity.content, row["key"], identity.size)
    # What an earlier run knew by another name, and this one has found, was moved.
    store.list(rows[name] for name in sorted(rows) if name in named or rows[name]["key"] not in tasks)
    return tasks


def _row(source: Source, identity: Identity, recipe: Recipe) -> dict[str, Any]:
    """Of recordings.parquet."""
    key, problem = None, identity.problem
    if not problem:
        try:
            key = recipe.key(identity.content, source)
        except (TextfuseError, OSError) as error:
            problem = str(error)
    return {
        **source.labels,
        "source": source.paths[0],
        "thermal_source": "".join(source.paths[1:]),
        "key": key,
        "problem": problem,
        "identity": identity.stat,
        "content": identity.content,
    }
