"""A process that ends itself when it is wedged, for a starter that starts again what ends and does not listen.

`ros2 launch` respawns a node that ended, and takes one that lives and answers nothing for well. `textfuse up` and
systemd listen to heartbeats instead (notify.py), and need none of this.
"""

import faulthandler
import os
import signal

SECONDS = "TEXTFUSE_WATCHDOG"
"""Environment variable: seconds without a heartbeat, after which this process ends itself; unset where it does not."""


def put_off(seconds: float | None = None) -> None:
    """Start to count anew; nothing where SECONDS is unset.

    When the count runs out, the kernel's timer sends SIGALRM. Neither a lock that is held nor a C library that never
    returns stops that, as they would stop a thread of ours. All threads' stacks go to the standard error first.

    Args:
        seconds: for what takes long and is not wedged; those of SECONDS by default.
    """
    usual = os.environ.get(SECONDS)
    if usual is None:
        return
    faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)  # the default action comes after: the end
    signal.setitimer(signal.ITIMER_REAL, seconds or float(usual))


def stop() -> None:
    """Count no more, whoever puts it off later; nothing where SECONDS is unset."""
    if os.environ.pop(SECONDS, None):
        signal.setitimer(signal.ITIMER_REAL, 0)
