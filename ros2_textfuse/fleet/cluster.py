"""Workers of a Ray cluster: of this machine, started for the run, or one that runs already.

Ray schedules, retries what a lost machine or worker had begun, and keeps its workers' threads apart. Here a recording
becomes a task, and a stretch of a long one a task of that task, but on a GPU.
"""

import contextlib
import importlib.util
import itertools
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

import psutil

from ros2_textfuse.fleet.errors import FleetError, StoreError, needs
from ros2_textfuse.fleet.evaluation import Job, Measured, Part, Task, evaluate, evaluate_part
from ros2_textfuse.runtime import telemetry

AHEAD = 4  # tasks for each core that wait in Ray, so that none is idle; the others wait here
OBJECTS = 128 << 20  # bytes of shared memory for what tasks hand to each other: states of cuts and rows, no images
RETRIES = 3  # of a task whose worker or machine was lost
PATIENCE = 5.0  # s to reach a cluster's address
LINGER = 5.0  # s that Ray's processes may take to end

Item = TypeVar("Item")
Result = TypeVar("Result")


def has_ray() -> bool:
    """Whether Ray is installed."""
    return importlib.util.find_spec("ray") is not None


class Cluster:
    """Workers of Ray, within a `with` block.

    Args:
        address: `ray://HOST:PORT` or `HOST:PORT` of a cluster, `auto` for one that this machine belongs to; empty to
            start one on this machine.
        count: workers of this machine; 0 for one for each core.
        gpus: share of a GPU that a task takes; 0 to fuse on CPUs.

    Raises:
        FleetError: Ray is not installed, the cluster cannot be reached, or none of its machines has so much of a GPU;
            when it is entered.
    """

    threads = 1

    def __init__(self, address: str = "", count: int = 0, gpus: float = 0.0) -> None:
        self._address, self._count, self._gpus = address, count, gpus
        self._own = False
        self._others: set[psutil.Process] = set()  # children of this process that are not Ray's
        self.name = ""

    def __enter__(self) -> "Cluster":
        telemetry.switch_off()
        if not self._address and "ray" not in sys.modules and "RAY_AUTH_MODE" not in os.environ:
            # A secret of this run alone, which the import reads: else Ray writes one into the home folder.
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        try:
            import ray
        except ImportError as error:
            raise needs("ray") from error
        if self._address:
            _reach(self._address)
        self._others = set(psutil.Process().children(recursive=True))
        if ray.is_initialized():  # by whoever calls this
            self.name = f"a running Ray with {_cores(ray)} workers"
            self._find_gpus(ray)
            return self
        options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if self._address:
            options |= {"address": self._address}
        else:
            count = self._count or len(os.sched_getaffinity(0))
            # "local", since without an address Ray joins whatever cluster once ran on this machine.
            options |= {
                "address": "local",
                "num_cpus": count,
                "object_store_memory": OBJECTS,
                "include_dashboard": False,
            }
        try:
            ray.init(**options)
        except Exception as error:  # of many kinds: gRPC's, Ray's, and the system's
            where = f"the cluster at {self._address}" if self._address else "Ray on this machine"
            raise FleetError(
                f"{where} cannot be used: {error}; --workers 1 evaluates in one process, without Ray"
            ) from error
        self._own = True
        where = f"the cluster at {self._address}" if self._address else "this machine"
        self.name = f"{_cores(ray)} workers of {where}"
        try:
            self._find_gpus(ray)
        except FleetError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._own:
            import ray

            started = set(psutil.Process().children(recursive=True)) - self._others
            ray.shutdown()
            _, alive = psutil.wait_procs(started, LINGER)  # Ray does not wait for its workers
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _find_gpus(self, ray: Any) -> None:
        """Raise FleetError where no task could ever begin: Ray waits for a GPU, and says nothing."""
        most = max((node["Resources"].get("GPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
        if self._gpus > most:
            raise FleetError(
                f"--gpus is {self._gpus:g}, and of {self.name} no machine has more than {most:g}: leave it out to fuse "
                "on CPUs, or use machines with a GPU"
            )

    def each(
        self, work: Callable[..., Result], common: Any, items: Sequence[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """See `run.Workers`."""
        return self._each(work, common, items)

    def evaluate(self, job: Job, tasks: Sequence[Task]) -> Iterator[tuple[Task, int | Exception]]:
        """See `run.Workers`."""
        return self._each(_evaluate, job, tasks)

    def _each(
        self, work: Callable[..., Result], common: Any, items: Sequence[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]:
        import ray

        remote = ray.remote(num_cpus=1, num_gpus=self._gpus, max_retries=RETRIES)(work)
        shared, rest = ray.put(common), iter(items)
        running: dict[Any, Item] = {}
        limit = AHEAD * max(1, _cores(ray))
        try:
            while True:
                for item in itertools.islice(rest, limit - len(running)):
                    running[remote.remote(shared, item)] = item
                if not running:
                    return
                ready, _ = ray.wait(list(running), num_returns=1)
                # All that are ready, so that a wait over many is not made for each.
                ready, _ = ray.wait(list(running), num_returns=len(running), timeout=0) if ready else (ready, None)
                for reference in ready:
                    item = running.pop(reference)
                    yield item, _result(reference)
        finally:
            for reference in running:
                with contextlib.suppress(Exception):
                    ray.cancel(reference, force=False)


def _evaluate(job: Job, task: Task) -> int:
    """On a worker: a recording, whose stretches are tasks of their own.

    Of a task that waits for others, Ray gives the core away and not the GPU, for which they would wait for ever.
    """
    import ray

    _one_core()
    holds_gpu = ray.get_runtime_context().get_assigned_resources().get("GPU", 0) > 0
    return evaluate(job, task, None if holds_gpu else lambda parts: _spread(job, parts))


def _evaluate_part(job: Job, part: Part) -> Measured:
    _one_core()
    return evaluate_part(job, part)


def _spread(job: Job, parts: Iterable[Part]) -> Sequence[Measured]:
    import ray

    remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_evaluate_part)
    shared = ray.put(job)
    references = [remote.remote(shared, part) for part in parts]  # the first ones run while the rest is being found
    found: Sequence[Measured] = ray.get(references)  # Ray gives this task's core to others while it waits
    return found


def _one_core() -> None:
    """Keep the libraries of a worker to the core that it has; Ray says so to OpenMP alone."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def _result(reference: Any) -> Any:
    """What a task returned, or what went wrong: in words for what only Ray knows."""
    import ray
    from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

    try:
        return ray.get(reference)
    except OutOfMemoryError:
        return FleetError(
            "its worker ran out of memory, and so did those that tried again: use fewer workers, or machines with more"
        )
    except WorkerCrashedError:
        return FleetError(f"its worker ended unexpectedly, {RETRIES + 1} times: see Ray's logs")
    except RayTaskError as error:
        cause = error.cause if isinstance(error.cause, Exception) else error
        return StoreError(str(cause)) if isinstance(cause, StoreError) else cause
    except RayError as error:
        return FleetError(f"Ray could not finish it: {error}")


def _cores(ray: Any) -> int:
    return int(ray.cluster_resources().get("CPU", 1))


def _reach(address: str) -> None:
    """See whether anybody listens, since Ray tries for minutes.

    Raises:
        FleetError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").partition(":")
    if not port.isdigit():
        if address == "auto":
            return
        raise FleetError(f"{address} is no address of a cluster: expected ray://HOST:10001, HOST:6379 or auto")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise FleetError(
            f"the cluster at {address} cannot be reached ({error}): is it up, and its port open?"
        ) from error
