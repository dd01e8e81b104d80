"""A child process ends with the process that started it, however that one ended."""

import os
import select
import signal
import threading
import time

PARENT = "TEXTFUSE_PARENT"
"""Environment variable: id of the process to end with. Whoever starts nodes sets it; unset, a node stands alone."""

PATIENCE = 15.0  # s between the request to end and the end
POLL = 1.0  # s, where Linux cannot tell by itself


def end_with_parent() -> None:
    """Have this process asked to end (SIGTERM) when the one that PARENT names has ended, and ended if it does not.

    A thread waits for that, and not prctl(PR_SET_PDEATHSIG): that signal comes when the parent's *thread* ends, and
    not at all when a debugger or a shell stands in between.
    """
    parent = int(os.environ.get(PARENT) or os.getpid())
    if parent != os.getpid():
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    _wait_for_end(parent)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_end(process: int) -> None:
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # no Linux, or one before 5.3, or a container that forbids it
        _poll(process)
        return
    ended = select.poll()
    ended.register(descriptor, select.POLLIN)
    ended.poll()
    os.close(descriptor)


def _poll(process: int) -> None:
    while True:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        except PermissionError:  # it lives, as another user's
            pass
        time.sleep(POLL)
