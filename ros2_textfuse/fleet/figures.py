"""Figures over a store: means with intervals by recording, in all and in slices, of one store or against another."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ros2_textfuse.evaluation.metrics.bootstrap import Clusters, interval_of
from ros2_textfuse.evaluation.metrics.fusion import SINGLE
from ros2_textfuse.evaluation.offline.summary import AGAINST_SOURCES
from ros2_textfuse.fleet import schema
from ros2_textfuse.imaging.cameras import CAMERAS
from ros2_textfuse.scene.conditions import CONDITIONS

if TYPE_CHECKING:
    import duckdb

FIGURES = (
    "score",
    "retention",
    *SINGLE,
    *AGAINST_SOURCES,
    *(f"{camera}_{name}" for camera in CAMERAS for name in SINGLE),
    *(f"{stream}_flicker" for stream in schema.STREAMS),
)
"""Columns of which means are told."""
SHOWN = ("score", "retention", "Qabf", "VIF", "SSIM", "fused_flicker")
"""Those that slices are told in."""
LEVELS = 24  # of a manifest's column, above which it is no column to slice by
MOVING = (0.5, 4.0)  # pixels a frame: still, slow, fast
DISAGREE = (0.1, 0.5)  # of schema.BOXES
FUSING = (10, 33, 100)  # ms


@dataclass(frozen=True)
class Slicing:
    """A way to sort frames."""

    title: str
    about: str
    expression: str
    """SQL over a frame's columns: text, or NULL for frames that are left out."""


BOXES = [
    Slicing(
        "Objects",
        "that the detector finds in the streams together; a frame counts for each kind",
        "unnest(coalesce(nullif(list_distinct(objects), []), ['none']))",
    ),
    Slicing(
        "Boxes of the streams",
        "whether the detector finds the same in all three",
        f"case when disagreement < {DISAGREE[0]} then 'agree' when disagreement < {DISAGREE[1]} then 'agree in part' "
        "when disagreement is not null then 'disagree' end",
    ),
]
"""Of a store that was made with a detector."""


def slicings(connection: "duckdb.DuckDBPyConnection", also: Iterable[str] = ()) -> list[Slicing]:
    """The usual ones, and the columns of the manifest that have few values.

    Args:
        connection: of `queries.connect`.
        also: columns of frames or of the manifest to slice by whatever they hold.
    """
    faults = " || ' ' || ".join(f"case {c}_fault when '' then '' else '{c} ' || {c}_fault end" for c in CAMERAS)
    named = ", ".join(f"case when condition_{name} > 0 then '{name.replace('_', ' ')}' end" for name in CONDITIONS)
    still, slow = MOVING
    steps = " ".join(f"when fuse_ms < {limit} then 'under {limit} ms'" for limit in FUSING)
    found = [
        Slicing("Time of day", "by the brightness of the visible image", "light"),
        Slicing("Camera health", "what a camera's image shows", f"coalesce(nullif(trim({faults}), ''), 'both well')"),
        Slicing(
            "Estimated degradation",
            "by the images themselves; a frame counts for each that it shows",
            f"unnest(coalesce(nullif(list_filter([{named}], lambda x: x is not null), []), ['none']))",
        ),
        Slicing(
            "Motion",
            "of the visible image, from frame to frame",
            f"case when motion < {still} then 'still' when motion < {slow} then 'slow' "
            "when motion is not null then 'fast' end",
        ),
        Slicing("Computer", "median time of one fusion", f"case {steps} else 'from {FUSING[-1]} ms' end"),
        Slicing("Software", "version of textfuse", "version"),
    ]
    if _has_boxes(connection):
        found += BOXES
    there = [row[0] for row in connection.execute("describe recordings").fetchall()]
    own = [name for name in there if name not in (*schema.RECORDING, *schema.LISTED)]
    for name in dict.fromkeys([*own, *also]):
        quoted = '"' + name.replace('"', '""') + '"'
        if name in own and name not in also:
            (levels,) = connection.execute(f"select count(distinct {quoted}) from recordings").fetchone() or (0,)
            if not 1 < levels <= LEVELS:
                continue
        found.append(Slicing(name, "of the manifest" if name in own else "", f"{quoted}::varchar"))
    return found


def prepare(connection: "duckdb.DuckDBPyConnection", compared: bool) -> bool:
    """Make the table `facts`, a row for each frame with what is sliced by; of two stores with the differences.

    Args:
        connection: of `queries.connect`, with the other store where there is one.
        compared: whether the facts are the store minus the other one, frame by frame, where they share frames.

    Returns:
        Whether they share any; else the facts are the store's own.
    """
    heavy = [*schema.IMAGES, *(f"boxes_{stream}" for stream in schema.STREAMS if _has_boxes(connection))]
    listed = "(select * from recordings qualify row_number() over (partition by key order by source) = 1)"
    own = [row[0] for row in connection.execute("describe recordings").fetchall()]
    own = [name for name in own if name not in (*schema.RECORDING, *schema.LISTED)]
    labels = "".join(f', r."{name}"' for name in own)
    connection.execute(
        f"create or replace table facts as select f.* exclude ({', '.join(heavy)}){labels} from frames f "
        f"left join {listed} r using (key)"
    )
    if not compared:
        return True
    differences = ", ".join(f"f.{name} - o.{name} as {name}" for name in FIGURES)
    connection.execute(
        f"create or replace table differences as select f.* exclude ({', '.join(FIGURES)}), {differences} "
        "from facts f join other_frames o using (content, number)"
    )
    (shared,) = connection.execute("select count(*) from differences").fetchone() or (0,)
    return bool(shared)


def _has_boxes(connection: "duckdb.DuckDBPyConnection") -> bool:
    """Whether the store was made with a detector."""
    return "objects" in {name for name, *_ in connection.execute("describe frames").fetchall()}


def sliced(
    connection: "duckdb.DuckDBPyConnection", slicing: Slicing | None, figures: Sequence[str], table: str = "facts"
) -> list[dict[str, Any]]:
    """Means with 95 % intervals, for each level of a slicing.

    Args:
        connection: with the table.
        slicing: None for all frames in one.
        figures: columns of the table.
        table: facts, or differences.

    Returns:
        For each level, the most frequent first: level, recordings, frames, and figures: name -> mean, low, high, and
        certainty, the share of drawings on the mean's side of zero; None where there is none.
    """
    wanted = ", ".join(f"sum({name}), count({name})" for name in figures)
    expression = slicing.expression if slicing else "'all'"
    rows = connection.execute(
        f"select level, key, count(*), {wanted} from (select *, {expression} as level from {table}) "
        "where level is not null group by level, key order by level, key"
    ).fetchall()
    levels = sorted({row[0] for row in rows})
    keys = {key: place for place, key in enumerate(sorted({row[1] for row in rows}))}
    sums, counts = (np.zeros((len(keys), len(levels), len(figures))) for _ in range(2))
    frames = np.zeros((len(keys), len(levels)))
    for level, key, count, *values in rows:
        at = keys[key], levels.index(level)
        frames[at], sums[at], counts[at] = count, [value or 0.0 for value in values[::2]], values[1::2]
    if not keys:
        return []
    drawn = Clusters(len(keys)).means(sums.reshape(len(keys), -1), counts.reshape(len(keys), -1))
    drawn = drawn.reshape(-1, len(levels), len(figures))
    found = []
    for place, level in enumerate(levels):
        with np.errstate(invalid="ignore"):
            means = sums[:, place].sum(0) / counts[:, place].sum(0)
        found.append(
            {
                "level": level,
                "recordings": int((frames[:, place] > 0).sum()),
                "frames": int(frames[:, place].sum()),
                "figures": {
                    name: _figure(float(means[number]), drawn[:, place, number]) for number, name in enumerate(figures)
                },
            }
        )
    return sorted(found, key=lambda row: (-row["frames"], row["level"]))


def _figure(mean: float, drawn: NDArray[np.float64]) -> dict[str, float] | None:
    interval = interval_of(mean, drawn)
    if interval is None:
        return None
    finite = drawn[np.isfinite(drawn)]
    return {**asdict(interval), "certainty": float((finite * np.sign(mean) > 0).mean())}
