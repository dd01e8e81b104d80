"""Opening the page for the person who asked for it."""

import os
import webbrowser


def has_screen() -> bool:
    """Whether a browser would be seen: not over SSH, nor on a robot without a screen."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and not os.environ.get("SSH_CONNECTION")


def open_page(address: str) -> bool:
    """Open an address in the person's browser; returns whether one was found."""
    if not has_screen():
        return False
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
