"""A process that measures cases: a crash, a broken CUDA context or an endless build takes its own case along only."""

import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.gpu_check.cases import DETECTOR, TEXTIF, Case

Answer = tuple[dict[str, Any], NDArray[np.uint8] | None]

ROOT = Path(__file__).parents[2]


class Worker:
    """Measures cases in a process of its own, which is begun anew after a case that failed.

    Args:
        log: what the compilers print goes here.
        limit: seconds of timing, each.
    """

    def __init__(self, log: Path, limit: float) -> None:
        self._log, self._limit = log, limit
        self._process: subprocess.Popen | None = None

    def measure(self, case: Case, patience: float) -> Answer:
        """One row of the result and an image; or a row with `error`, and None.

        Args:
            case: what is measured.
            patience: seconds after which the process is ended.
        """
        process = self._process or self._begin()
        try:
            self._pipe.send(case)
            if self._pipe.poll(patience):
                answer: Answer = self._pipe.recv()
            else:
                answer = {"error": f"not done within {patience:.0f} s"}, None
        except (EOFError, OSError):
            code = process.wait(10)
            answer = {"error": f"the process ended ({code}); {self._log.name} says what it printed"}, None
        if "error" in answer[0]:
            self.end()
        return answer

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
            self._process = None

    def _begin(self) -> subprocess.Popen:
        self._pipe, theirs = Pipe()
        number = theirs.fileno()
        command = [sys.executable, "-m", "tools.gpu_check.worker", str(number), str(self._limit)]
        with self._log.open("ab") as log, theirs:  # closed here, so that its end is seen
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, pass_fds=[number])
        return self._process


def serve(pipe: Connection, limit: float) -> None:
    """Measure the cases that come through the pipe, until it ends."""
    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        print(f"\n--- {case.name}", flush=True)
        pipe.send(answer_to(case, limit))


def answer_to(case: Case, limit: float) -> Answer:
    """What `Worker.measure` returns, measured in this process."""
    try:
        if case.model == DETECTOR:
            from tools.gpu_check import detection

            return detection.measure(case, limit)
        from tools.gpu_check import fusion

        return fusion.measure_textif(case, limit) if case.model == TEXTIF else fusion.measure(case, limit)
    except Exception as error:  # compilers raise whatever comes, and the other cases are worth having
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:500]}, None


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), float(sys.argv[2]))
