"""Built engines, kept between runs."""

import contextlib
import hashlib
import importlib.metadata
import logging
import os
import re
import time
from pathlib import Path

from ros2_textfuse import networks
from ros2_textfuse.engines.base import EngineConfig
from ros2_textfuse.networks.source import arrays_of
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

LARGEST = 512 << 20  # bytes of the folder; an engine has 1 to 60 MB
ABANDONED = 3600.0  # s after which nobody writes on an engine that is not whole
DIGEST_SIZE = hashlib.sha256().digest_size


class CachedEngine:
    """The file of one built engine; its name says for what, and a checksum in front that it is whole.

    The compilers' own readers are no judge of that: OpenVINO takes a blob with a hole of zeros, and fuses with it.

    Args:
        kind: of the engine, such as `openvino`.
        config: network and image size.
        precision: such as `bf16`.
        device: CPU or GPU that the engine is compiled for.
        distributions: whose versions the engine depends on; they may be missing.
    """

    def __init__(self, kind: str, config: EngineConfig, precision: str, device: str, distributions: tuple[str, ...]):
        versions = [f"{name} {_version(name)}" for name in distributions]
        parts = (kind, precision, device, f"{config.height}x{config.width}", *versions, _fingerprint(config))
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        stem = re.sub(r"\W+", "-", f"{kind} {precision} {config.width}x{config.height}").lower()
        self.path = cache_dir() / "engines" / f"{stem}-{key}.engine"

    def load(self) -> bytes | None:
        """The engine as it was stored; None when there is none, or, with a warning, when its file is damaged."""
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            logger.warning("The cached engine cannot be read and is built again: %s", error)
            return None
        digest, blob = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
        if hashlib.sha256(blob).digest() != digest:
            logger.warning("The cached engine %s is damaged and is built again", self.path)
            return None
        with contextlib.suppress(OSError):
            os.utime(self.path)  # when it was used, for those that must make room
        return blob

    def store(self, blob: bytes) -> None:
        """Keep a built engine; where that is impossible, a warning says why and what it means."""
        # Complete or not at all, also when two nodes build the same engine at once.
        partial = self.path.with_suffix(f".{os.getpid()}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(blob).digest() + blob)
            partial.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            logger.warning("The engine cannot be kept in %s and is built anew each time: %s", self.path.parent, error)
            return
        with contextlib.suppress(OSError):  # another node may make room at the same time
            _make_room(self.path)


def _make_room(newest: Path) -> None:
    """Remove the engines that were used longest ago, until the folder holds LARGEST bytes, the newest one kept.

    What a process left half-written when it was killed goes as well.
    """
    for partial in newest.parent.glob("*.partial"):
        if time.time() - partial.stat().st_mtime > ABANDONED:
            partial.unlink(missing_ok=True)
    engines = {path: path.stat() for path in newest.parent.glob("*.engine") if path != newest}
    room = LARGEST - newest.stat().st_size - sum(found.st_size for found in engines.values())
    for path, found in sorted(engines.items(), key=lambda entry: entry[1].st_mtime):
        if room >= 0:
            return
        path.unlink(missing_ok=True)
        room += found.st_size
        logger.info("The engine cache is full: %s is removed", path.name)


def _version(distribution: str) -> str:
    """Of an installed distribution; empty where it is missing, as openvino may be on a machine with a GPU."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _fingerprint(config: EngineConfig) -> str:
    """Of the weights, and of the code that makes a graph of them."""
    state = hashlib.sha256()
    for name, array in sorted(arrays_of(config.source).items()):
        state.update(f"{name} {array.shape} {array.dtype}".encode())
        state.update(array.tobytes())
    # Named, not imported: it needs torch, and a cached engine does not.
    for path in (*sorted(Path(networks.__file__).parent.rglob("*.py")), Path(__file__).with_name("image_graph.py")):
        state.update(path.read_bytes())
    return state.hexdigest()
