"""The columns of a store's Parquet files; docs/reference/file-formats.md says what each means."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ros2_textfuse.evaluation.metrics.fusion import SINGLE
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.scene.conditions import CONDITIONS

if TYPE_CHECKING:
    import pyarrow

STREAMS = (*CAMERAS, "fused")
IMAGES = tuple(f"image_{stream}" for stream in STREAMS)
RECORDING = {
    "key": "string",
    "content": "string",
    "source": "string",
    "thermal_source": "string",
    "duration": "double",
    "period": "double",
    "visible_images": "int64",
    "thermal_images": "int64",
    "pairs": "int64",
    "evaluated": "int64",
    "exclusions": "string",
    "damage": "string",
    "error": "string",
    "stretches": "int64",
    "fuse_ms": "double",
    "model": "string",
    "engine": "string",
    "version": "string",
    "machine": "string",
}
"""Columns that say the same in each row of a file -> their types."""
FRAME = {
    "number": "int64",
    "time": "double",
    "pairing_ms": "double",
    **dict.fromkeys(SINGLE + AGAINST_SOURCES, "double"),
    **{f"{camera}_{name}": "double" for camera in CAMERAS for name in SINGLE},
    **{f"{stream}_{kind}": "double" for stream in STREAMS for kind in ("level", "flicker", "change")},
    "retention": "double",
    "salient": "int64",
    "brightness": "double",
    "light": "string",
    **{f"condition_{name}": "double" for name in CONDITIONS},
    "visible_fault": "string",
    "thermal_fault": "string",
    "motion": "double",
    "looks": "uint64",
    "score": "double",
    **dict.fromkeys(IMAGES, "binary"),
}
"""Columns of a frame -> their types; NULL in the one row of a recording without any."""
BOX = {"name": "string", "score": "double", **dict.fromkeys(("left", "top", "right", "bottom"), "double")}
"""Of one detection, in pixels of the pair."""
BOXES = {**{f"boxes_{stream}": "boxes" for stream in STREAMS}, "objects": "strings", "disagreement": "double"}
"""Further columns of a frame -> their types, of a store that was made with a detector."""
LISTED = ("source", "thermal_source", "key", "problem", "identity", "content")
"""Columns of recordings.parquet, all text, to which those of a manifest come."""


def table(
    recording: Mapping[str, Any], frames: Sequence[Mapping[str, Any]], columns: Mapping[str, str] = FRAME
) -> "pyarrow.Table":
    """The rows of a recording's file: one for each frame, or one for a recording without any."""
    import pyarrow as pa

    measured = frames_table(frames or [{}], columns)
    same = {name: pa.repeat(pa.scalar(recording[name], _type(kind)), len(measured)) for name, kind in RECORDING.items()}
    return pa.table(same | dict(zip(measured.column_names, measured.columns, strict=True)))


def frames_table(frames: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> "pyarrow.Table":
    """Rows of frames alone.

    Args:
        frames: what is known of each.
        columns: of the table -> their types.
    """
    import pyarrow as pa

    rows = {name: [_known(frame.get(name)) for frame in frames] for name in columns}
    return pa.table(rows, schema=pa.schema([(name, _type(kind)) for name, kind in columns.items()]))


def _type(kind: str) -> "pyarrow.DataType":
    import pyarrow as pa

    if kind == "boxes":
        return pa.list_(pa.struct({name: _type(of) for name, of in BOX.items()}))
    return pa.list_(pa.string()) if kind == "strings" else getattr(pa, kind.replace("double", "float64"))()


def _known(value: Any) -> Any:
    """NULL for what is no number: else every mean would be none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
