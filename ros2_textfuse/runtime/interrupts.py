"""SIGINT, SIGTERM and SIGHUP: what asks a process to end, and how none of them gets lost."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A person, a service manager, and a terminal that was closed."""


Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


def hold() -> None:
    """Let SIGNALS wait until `on_signal`, in this process and in a program that it becomes by exec.

    For while modules are imported, which takes seconds: Python would show a traceback of wherever that was.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def on_signal(handler: Handler) -> None:
    """Have all SIGNALS handled by `handler`, in this process's main thread; those that were held come at once.

    SIGINT also where the parent ignores it, as `nohup make test &` does: who sends it to this very process means it.
    SIGHUP not, since ignoring it is what nohup is for.
    """
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def interrupt(number: int, frame: FrameType | None = None) -> None:
    """A handler: any of SIGNALS is a KeyboardInterrupt, so that files and processes are cleaned up behind it."""
    raise KeyboardInterrupt(number)


def exit_code(error: KeyboardInterrupt) -> int:
    """What a command returns that was interrupted: 128 and the signal's number, as a shell has it."""
    return 128 + (error.args[0] if error.args else signal.SIGINT)


def ignore() -> None:
    """Let nothing interrupt the end of this process."""
    on_signal(signal.SIG_IGN)


@contextlib.contextmanager
def ignored() -> Iterator[None]:
    """Let nothing interrupt what is done here; what comes meanwhile is dropped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    ignore()
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def deferred() -> Iterator[list[int]]:
    """Let what interrupts wait: numbers of the signals that came are in the list, and whoever works here looks at it.

    For work in steps that are short and must not break off in their middle.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    on_signal(lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def not_swallowed() -> Iterator[None]:
    """Around code that may catch a KeyboardInterrupt, or make another error of it: it is raised again at the end.

    Tracing a network calls Python from C++, and what Python raises there comes out as a RuntimeError.
    """
    raised: list[KeyboardInterrupt] = []
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        yield
        return
    previous = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        try:
            previous[signal.Signals(number)](number, frame)  # type: ignore[operator,misc]
        except KeyboardInterrupt as error:
            raised.append(error)
            raise

    for number, handler in previous.items():
        if callable(handler):
            signal.signal(number, note)
    try:
        yield
    except Exception:
        if not raised:
            raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if raised:
        raise raised[0] from None
