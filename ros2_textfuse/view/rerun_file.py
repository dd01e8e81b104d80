"""A recording, fused, as a file for the Rerun viewer; and the stream of a graph to a file or a viewer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.fuser import Fuser
from ros2_textfuse.runtime.output import claim_file

if TYPE_CHECKING:  # the stream of a graph has no use for them
    from ros2_textfuse.batch.objects import ObjectFinder
    from ros2_textfuse.batch.pairs import Pair

MAGIC = b"RRF"  # with which Rerun's files begin
ADDRESS = "rerun+"  # with which a viewer's address begins
QUALITY = 85  # of JPEG


class RerunError(TextfuseError, RuntimeError):
    """The file cannot be made; the message says why and what to do."""


def claim(path: Path) -> None:
    """Check that Rerun is installed, and that a file may be written.

    Raises:
        RerunError: rerun-sdk is not installed.
        OutputError: the file exists and is none of Rerun.
    """
    _rerun()
    claim_file(path, lambda head: head.startswith(MAGIC))


def write(
    path: Path,
    pairs: "Iterator[Pair]",
    fuser: Fuser,
    objects: "ObjectFinder | None",
    ordered: bool,
    title: str,
) -> int:
    """Write visible, thermal and fused images on the timeline `recording`, and the prompt; returns how many pairs.

    Args:
        path: of the file, ending in .rrd.
        pairs: of the recording, as the fusion node would have fused them.
        fuser: with the prompt, which prepared the pairs.
        objects: to bring out; None for none.
        ordered: whether the pairs follow each other in time.
        title: of the recording.

    Raises:
        RerunError: rerun-sdk is not installed.
    """
    rerun = _rerun()
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with rerun.RecordingStream("textfuse", recording_id=title) as stream:
        stream.save(path)
        stream.log("prompt", rerun.TextDocument(fuser.prompt.summary()), static=True)
        for pair in pairs:
            fused = fuser.fuse_prepared(pair.visible, pair.thermal)
            if objects:
                objects.bring_out(fused, pair.visible, pair.thermal, pair.time if ordered else None)
            images = {"visible": pair.visible, "thermal": pair.thermal, "fused": fused}
            stream.set_time("recording", duration=pair.time)
            for name, pixels in images.items():
                stream.log(name, rerun.Image(pixels).compress(jpeg_quality=QUALITY))
            count += 1
        stream.disconnect()
    return count


@contextmanager
def streaming(target: str, title: str) -> Iterator[tuple[Any, Any]]:
    """A stream to a file, or to a viewer that runs, and the module that makes what is logged.

    Args:
        target: of the file; or the viewer's address, `rerun+http://HOST:PORT/proxy`.
        title: of what is logged.

    Raises:
        RerunError: rerun-sdk is not installed.
        OutputError: the file exists and is none of Rerun.
    """
    rerun, live = _rerun(), target.startswith(ADDRESS)
    if not live:
        claim(Path(target))
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    with rerun.RecordingStream("textfuse", recording_id=title) as stream:
        if live:
            stream.connect_grpc(target)
        else:
            stream.save(target)
        try:
            yield stream, rerun
        finally:
            stream.disconnect()


def _rerun() -> Any:
    try:
        import rerun
    except ImportError as error:
        raise RerunError("Rerun is not installed: pip install rerun-sdk") from error
    return rerun
