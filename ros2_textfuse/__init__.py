"""textfuse: real-time, text-guided fusion of RGB and thermal images."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ros2_textfuse.fuser import Fuser

__all__ = ["Fuser", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `Fuser` on first use, so that nodes and commands which need no network start without torch."""
    if name == "Fuser":
        from ros2_textfuse.fuser import Fuser

        return Fuser
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
