"""What is checked, the most telling first, and what this machine lacks for it."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

MODELS = ("nano", "pico")
ENGINES = ("tensorrt", "compile", "eager")
SIZES = ("640x480", "1280x1024")
DETECTOR = "detector"
TEXTIF = "textif"
DETECTOR_ENGINES = ("tensorrt", "torch")
DETECTOR_SIZE = (640, 480)

NEEDS = {"tensorrt": "torch_tensorrt", "compile": "triton"}  # engine -> module to import
CURES = {
    "torch_tensorrt": "pip install torch-tensorrt-rtx, or torch-tensorrt from NVIDIA's index or a JetPack image",
    "triton": "it comes with CUDA builds of torch",
    "tensorrt": "pip install tensorrt; the detector's export does not take TensorRT-RTX",
    "ultralytics": "pip install ultralytics-opencv-headless",
}


@dataclass(frozen=True)
class Case:
    """One row of the result.

    Args:
        model: a network's name or weights file, TEXTIF for the paper's own architecture, or DETECTOR.
        engine: one of `engines.ENGINES`, of `detection.detector.ENGINES` for the detector.
        precision: `float16` or `float32`; empty where the engine has no choice.
        width: of the images, pixels.
        height: of the images, pixels.
        weights: a checkpoint of Text-IF or the detector's weights; None for random ones of the former.
    """

    model: str
    engine: str
    precision: str
    width: int
    height: int
    weights: Path | None = None

    @property
    def name(self) -> str:
        """For people: `nano tensorrt float16 640x480`."""
        parts = Path(self.model).stem, self.engine, self.precision, f"{self.width}x{self.height}"
        return " ".join(filter(None, parts))


def plan(
    models: list[str], engines: list[str], sizes: list[str], textif: Path | None, detector: Path | None
) -> list[Case]:
    """Every case, the most telling first, since time may run out: float16 before float32, small images before large.

    Args:
        models: names or weights files.
        engines: of fusion.
        sizes: WIDTHxHEIGHT each; the first one is that of the paper's network too.
        textif: its checkpoint; None for random weights.
        detector: its weights; None where there are none.
    """
    fast = [engine for engine in engines if engine != "eager"]

    def of(precision: str, size: str, engines: list[str], models: list[str], weights: Path | None = None) -> list[Case]:
        width, height = map(int, size.split("x"))
        return [Case(model, engine, precision, width, height, weights) for model in models for engine in engines]

    eager = [engine for engine in engines if engine == "eager"]
    first, *others = sizes
    detectors = [Case(DETECTOR, engine, "", *DETECTOR_SIZE, detector) for engine in DETECTOR_ENGINES]
    return [
        *of("float16", first, fast, models),
        *detectors,
        *of("float32", first, eager, models),
        *of("float16", first, fast, [TEXTIF], textif),
        *[case for size in others for case in of("float16", size, fast, models)],
        *of("float32", first, fast, models),
        *of("float32", first, eager, [TEXTIF], textif),
        *[case for size in others for case in of("float32", size, fast, models)],
    ]


def lacking(case: Case) -> str:
    """What this machine lacks for a case, with its cure; empty when it can run."""
    if case.model == DETECTOR:
        modules = ["ultralytics", *(["tensorrt"] if case.engine == "tensorrt" else [])]
        if case.weights is None or not case.weights.is_file():
            return "no weights of the detector here, and nothing is fetched: name them by --detector"
    else:
        modules = [NEEDS[case.engine]] if case.engine in NEEDS else []
        if missing := _no_weights(case.model):
            return missing
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed: {CURES[module]}"
    return ""


def _no_weights(model: str) -> str:
    from ros2_textfuse.networks.stored import NAMES

    if model in (TEXTIF, *NAMES) or Path(model).is_file():
        return ""
    return f"there is no weights file {model}"
