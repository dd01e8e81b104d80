"""What a user of a fleet may cause."""

from ros2_textfuse.errors import TextfuseError


class FleetError(TextfuseError):
    """Recordings, a store or a cluster cannot be used; the message says why and what to do."""


class StoreError(FleetError):
    """A store cannot be read or written, or holds something else than was asked for."""


def needs(package: str) -> FleetError:
    """What to say where a package of the extra is not installed."""
    return FleetError(f"{package} is not installed, which a fleet needs: pip install duckdb fsspec pyarrow ray")
