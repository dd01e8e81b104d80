"""An interrupt is an interrupt, whatever the code in between makes of it."""

import signal

import pytest

from ros2_textfuse.runtime import interrupts


@pytest.fixture(autouse=True)
def handlers():
    """The handlers of a command, and the old ones after the test."""
    previous = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    interrupts.on_signal(interrupts.interrupt)
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


def swallow():
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt:
        return


def wrap():
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt as error:
        raise RuntimeError("conversion failed") from error


@pytest.mark.parametrize("code", [swallow, wrap])
def test_an_interrupt_is_not_swallowed(code):
    with pytest.raises(KeyboardInterrupt) as caught, interrupts.not_swallowed():
        code()
    assert interrupts.exit_code(caught.value) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is interrupts.interrupt


def test_another_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="as it was"), interrupts.not_swallowed():
        raise RuntimeError("as it was")


def test_ignored_means_ignored():
    with interrupts.ignored():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_is_held_comes_with_the_handlers():
    """As an interrupt does that comes while modules are imported."""
    interrupts.hold()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        interrupts.on_signal(interrupts.interrupt)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
