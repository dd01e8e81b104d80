"""What holds for the whole suite: nothing that it starts outlives it, whatever fails and however it ends."""

import os
import signal
import sys
import time

import psutil
import pytest

from ros2_textfuse.runtime import shared_memory, telemetry
from ros2_textfuse.runtime.parent import PARENT

# For this process, before torch is loaded, and for all that it starts. Images of tests are small: threads bring
# nothing, and on cores that others use too (pytest -n 2) they wait for each other in a loop, at twenty times the cost.
os.environ.setdefault("OMP_NUM_THREADS", "1")
telemetry.switch_off()  # before any test's own import of OpenVINO

SESSION = "TEXTFUSE_TEST_SESSION"
"""Environment variable by which processes of this run are known, also when their parent is gone."""

CRASHED = 3
"""Exit code of a run of which a worker crashed: some of its tests have never run, so the failed ones are not all."""
_crashes = pytest.StashKey[list[object]]()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    if error:
        node.config.stash.setdefault(_crashes, []).append(error)


def pytest_sessionfinish(session):
    if session.config.stash.get(_crashes, []):
        session.exitstatus = CRASHED


@pytest.fixture(autouse=True)
def an_interrupt_comes_at_once():
    """Python handles signals itself and in this thread: what rclpy and Ray leave tells it later, amid another test."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))


@pytest.fixture(scope="session", autouse=True)
def hang_ups_reach_the_children():
    """Also where `nohup` started this: what is ignored is inherited, and a handler that does nothing is not."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_behind():
    """Nodes and commands end with this process, even if it is killed; what is left at the end is ended and named."""
    os.environ[SESSION] = os.environ[PARENT] = str(os.getpid())
    yield
    left = [process for process in psutil.process_iter() if process.pid != os.getpid() and _of_this_run(process)]
    names = [" ".join(process.cmdline()) for process in left]
    for process in left:
        process.kill()
    _, alive = psutil.wait_procs(left, 10.0)
    _remove_shared_memory()
    assert not left, f"processes outlived the tests: {names}, of them unkillable: {alive}"


def _of_this_run(process: psutil.Process) -> bool:
    try:
        return process.environ().get(SESSION) == str(os.getpid()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:  # it has ended, or is another user's
        return False


def _remove_shared_memory() -> None:
    if "rclpy" in sys.modules and any(shared_memory.FOLDER.glob("fast*_el")):  # left by what was killed
        time.sleep(shared_memory.YOUNG)
    shared_memory.remove_abandoned()
