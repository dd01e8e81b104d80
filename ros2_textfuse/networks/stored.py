"""Networks as their safetensors files hold them, read without torch.

The header of a file names the architecture, its config and the order of the severity vector; a file that does not fit
this version is refused with the reason, never loaded half.

Importing torch takes seconds and 180 MiB. Where an engine is cached, a prompt is all that the network itself is needed
for, and that is a small MLP: so the network is made of the arrays only when somebody asks for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.prompts.gelu import gelu

NAMES = ("nano", "nano-open", "pico")  # models that come with the package
CHECKPOINTS = (".pth", ".pt")  # of Text-IF's authors, which are converted
ARCHITECTURES = ("nano", "pico", "textif")
CLEARING = "clearing"  # of the networks in front of them, which fuse nothing
CLEARED = {"visible_noise": "clear-noise", "rain": "clear-rain"}
"""Mode -> the weights of the network that takes it from the visible image, in the order in which they are to act."""
LEAST = 0.1  # severity from which on they act: for a mode that is named and hardly there, none takes a millisecond
LARGEST = 1e4
"""Of a weight's magnitude; trained ones are within a few tens, and float16 ends at 65504."""


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """The content of a weights file, checked."""

    path: Path
    architecture: str
    """One of ARCHITECTURES, or CLEARING."""
    config: Mapping[str, Any]
    """Sizes of the network."""
    arrays: Mapping[str, NDArray]
    """Parameter name -> value."""

    @property
    def inputs(self) -> int:
        """As `GuidedConfig.inputs`."""
        return len(MODES) + 1

    def modulation(self, request: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `modulation` of nano, pico and those that clear: float32 [B, modes + 1] -> [B, modulation_size].

        Raises:
            WeightsError: the arrays are not those of the architecture.
        """
        if self.architecture == CLEARING:
            return request[:, [MODES.index(self.config["mode"])]]
        try:
            into, out_of, gates = (self.arrays[f"{name}.weight"] for name in ("words.0", "words.2", "isp.gates"))
            words = _linear(gelu(_linear(request, into)), out_of)
            gate = np.tanh(5 * _linear(request[:, :-1], gates))
        except (KeyError, ValueError) as error:
            raise misfit(self.path, error) from error
        return np.concatenate([words, gate], 1)


def _linear(x: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    # Not `@`: OpenBLAS wakes a thread for every core even for this little, which then spins beside the fusion.
    return np.einsum("bi,oi->bo", x, weight)


def misfit(path: Path, error: Exception) -> WeightsError:
    """What to say of a file whose header and tensors are not of one network."""
    return WeightsError(f"{path}: header and tensors do not fit ({error}); export it again")


def read_clearing(mode: str) -> StoredNetwork:
    """The weights of the network that takes a mode of CLEARED from the visible image; they come with the package.

    Raises:
        WeightsError: as of `read_stored`.
    """
    return read_stored(Path(__file__).with_name(f"{CLEARED[mode]}.safetensors"), (CLEARING,))


def read_stored(name_or_path: str | Path = "nano", architectures: tuple[str, ...] = ARCHITECTURES) -> StoredNetwork:
    """Read and check a weights file.

    Args:
        name_or_path: one of NAMES for weights of this package, or the path of a safetensors file.
        architectures: that it may hold.

    Raises:
        WeightsError: the file is missing, truncated or corrupt, of another architecture or other modes, or holds
            numbers that are not finite or beyond all measure.
    """
    path = find_weights(name_or_path)
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, TypeError) as error:  # TypeError: numbers that NumPy does not know
        raise WeightsError(f"{path}: truncated or corrupt ({error}); fetch or export it again") from error
    for name, array in arrays.items():
        if not np.isfinite(array).all() or (array.size and np.abs(array).max() > LARGEST):
            raise WeightsError(
                f"{path}: {name} holds numbers that no trained network has (not finite, or above {LARGEST:g}): the "
                "training diverged or the file is damaged; train or export it again"
            )
    found = metadata.get("architecture", "unknown (no header of textfuse)")
    if found not in architectures:
        known = " or ".join(architectures)
        raise WeightsError(f"{path}: architecture {found}, expected {known}; give a file of `textfuse train`")
    modes = metadata.get("modes")
    if modes != json.dumps(MODES) and found != "textif":  # which reads sentences
        raise WeightsError(
            f"{path}: trained for the modes {modes}, this version has {json.dumps(MODES)}; "
            "use the textfuse version that it was trained with, or train again"
        )
    try:
        config = json.loads(metadata["config"])
    except (KeyError, ValueError) as error:
        raise misfit(path, error) from error
    return StoredNetwork(path, found, config, arrays)


def find_weights(name_or_path: str | Path) -> Path:
    """The file of a model name or a path; ~ in it is the home folder, which no shell puts into model:=~/my.safetensors.

    Raises:
        WeightsError: there is no such file.
    """
    named = str(name_or_path) in NAMES
    path = Path(__file__).with_name(f"{name_or_path}.safetensors") if named else Path(name_or_path).expanduser()
    if path.is_file():
        return path
    if named:
        raise WeightsError(f"{path}: missing; install textfuse again, or make it with `textfuse train`")
    raise WeightsError(f"{path}: no such file; give a safetensors file or one of the names {', '.join(NAMES)}")
