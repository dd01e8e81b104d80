"""A published checkpoint becomes a safetensors file once; later starts read that one."""

import logging
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ros2_textfuse.errors import WeightsError

SOURCE = "converted_from"

logger = logging.getLogger(__name__)


def origin(path: Path) -> dict[str, str]:
    """What the header of a converted file says of the checkpoint that it was made from."""
    found = path.stat()
    return {SOURCE: f"{path.name}, {found.st_size} bytes, {found.st_mtime_ns}"}


def is_converted(path: Path, checkpoint: Path) -> bool:
    """Whether `path` is the conversion of `checkpoint` as it is now.

    Raises:
        WeightsError: `path` is a file that no conversion has made, and stands where one would.
    """
    if not path.exists():
        return False
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path}: cannot be read ({error}); remove it, and {checkpoint} is converted again"
        ) from error
    if SOURCE not in metadata:
        raise WeightsError(f"{path} stands where {checkpoint} is converted to, and is something else: move one of them")
    return metadata[SOURCE] == origin(checkpoint)[SOURCE]
