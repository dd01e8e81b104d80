import functools
import importlib.util
import logging
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from ros2_textfuse.detection import export, ultralytics_model
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.drawing import draw
from ros2_textfuse.detection.types import Detection, DetectorError
from ros2_textfuse.detection.weights import WeightsError, find_weights

PLACES = getattr(importlib.util.find_spec("ultralytics"), "submodule_search_locations", None)
if not PLACES:
    pytest.skip("ultralytics is not installed", allow_module_level=True)
try:
    find_weights()
except WeightsError as error:
    pytest.skip(f"the detector's weights are not to be had here: {error}", allow_module_level=True)

needs_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")
ENGINES = [pytest.param("openvino", marks=needs_openvino), "torch"]

# Where people see them in bus.jpg, 810 x 1080.
BUS = (10, 230, 806, 742)
PEOPLE = [(48, 398, 245, 904), (222, 404, 346, 862), (668, 392, 810, 881)]


@pytest.fixture(scope="module")
def bus():
    return cv2.imread(str(Path(PLACES[0]) / "assets" / "bus.jpg"))[..., ::-1]


@pytest.fixture(scope="module")
def detectors():
    """Each engine built once, when it is first asked for."""
    return functools.cache(lambda engine: Detector(engine=engine))


def overlap(a, b):
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, width) * max(0, height)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def assert_bus_and_people(found, scale=(1, 1), shift=(0, 0)):
    def place(box):
        return [value * scale[i % 2] + shift[i % 2] for i, value in enumerate(box)]

    assert any(d.name == "bus" and overlap(d.box, place(BUS)) > 0.85 for d in found)
    for person in PEOPLE:
        assert any(d.name == "person" and overlap(d.box, place(person)) > 0.75 for d in found)


@pytest.mark.parametrize("engine", ENGINES)
def test_finds_the_bus_and_the_people(engine, detectors, bus):
    detector = detectors(engine)
    assert detector.engine_name == engine
    found = detector.detect(bus)
    assert_bus_and_people(found)
    assert all(isinstance(d, Detection) and detector.names[d.class_id] == d.name for d in found)
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert all(detector.confidence <= d.score <= 1 for d in found)
    assert all(0 <= d.box[0] < d.box[2] <= 810 and 0 <= d.box[1] < d.box[3] <= 1080 for d in found)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("width", "height"), [(405, 540), (640, 480), (700, 300)])
def test_boxes_are_right_at_other_sizes(engine, width, height, detectors, bus):
    side = round(810 * height / 1080)  # the image at its own proportions, in a field of another shape
    image = np.full((height, width, 3), 90, np.uint8)
    left = (width - side) // 2
    image[:, left : left + side] = cv2.resize(bus, (side, height), interpolation=cv2.INTER_AREA)
    assert_bus_and_people(detectors(engine).detect(image), (side / 810, height / 1080), (left, 0))


@needs_openvino
def test_the_engines_agree(detectors, bus):
    first, second = (detectors(engine).detect(bus) for engine in ("openvino", "torch"))
    first, second = ([d for d in found if d.score > 0.35] for found in (first, second))
    assert len(first) == len(second)
    for one in first:  # openvino may compute in bfloat16
        other = max((d for d in second if d.name == one.name), key=lambda d: overlap(d.box, one.box))
        assert one.score == pytest.approx(other.score, abs=0.05)
        assert one.box == pytest.approx(other.box, abs=6)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_in_a_black_image(engine, detectors):
    assert detectors(engine).detect(np.zeros((480, 640, 3), np.uint8)) == []


def test_takes_rgb_and_any_memory_layout(detectors, bus):
    detector = detectors("torch")
    assert not bus.flags.c_contiguous
    assert detector.detect(bus) == detector.detect(np.ascontiguousarray(bus))
    read_only = np.frombuffer(bus.tobytes(), np.uint8).reshape(bus.shape)  # as a ROS message gives it
    assert detector.detect(bus) == detector.detect(read_only)


def test_classes_and_confidence_filter(bus):
    detector = Detector(engine="torch", classes=["bus"], confidence=0.5)
    assert {d.name for d in detector.detect(bus)} == {"bus"}
    detector.classes = ["person"]
    assert {d.name for d in detector.detect(bus)} == {"person"}
    detector.confidence = 0.99
    assert detector.detect(bus) == []
    detector.classes, detector.confidence = [], 0.25
    assert {"bus", "person"} <= {d.name for d in detector.detect(bus)}


def test_an_unknown_class_is_refused_with_the_near_ones(detectors):
    with pytest.raises(ValueError, match="'persn'; did you mean person"):
        Detector(engine="torch", classes=["persn"])
    detector = detectors("torch")
    with pytest.raises(ValueError, match=r"knows no class 'qqqq'.*bicycle"):
        detector.classes = ["qqqq"]
    assert detector.classes == ()


@pytest.mark.parametrize(
    ("image", "error", "text"),
    [
        (np.zeros((48, 64, 3), np.float32), TypeError, "float32"),
        (np.zeros((48, 64, 3), np.uint16), TypeError, "uint16"),
        (np.zeros((48, 64), np.uint8), ValueError, r"\[48, 64\]"),
        (np.zeros((48, 64, 4), np.uint8), ValueError, r"\[48, 64, 4\]"),
        (np.zeros((0, 64, 3), np.uint8), ValueError, r"\[0, 64, 3\]"),
    ],
)
def test_wrong_images_are_refused(image, error, text, detectors):
    with pytest.raises(error, match=text):
        detectors("torch").detect(image)
    with pytest.raises(error, match=text):
        draw(image, [])


@pytest.mark.parametrize(
    "wrong",
    [{"engine": "onnx"}, {"confidence": 1.5}, {"image_size": (0, 640)}, {"image_size": 640}, {"threads": -1}],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Detector(**wrong)


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_damaged_weights_are_a_clear_error(engine, tmp_path):
    path = tmp_path / "broken.pt"
    path.write_bytes(find_weights().read_bytes()[:100_000])
    with pytest.raises(WeightsError, match=r"broken\.pt cannot be read"):
        Detector(weights=path, engine=engine)


def test_torch_keeps_its_threads(bus):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        Detector(engine="torch").detect(bus)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@needs_openvino
def test_threads_reach_openvino(bus):
    detector = Detector(engine="openvino", threads=1)
    compiled = detector._network._infer._request.get_compiled_model()
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert_bus_and_people(detector.detect(bus))


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of this test alone, at a small image size."""
    weights = find_weights()
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    shutil.copy(weights, tmp_path / "cache")
    return tmp_path / "cache"


class Harmful:
    def __reduce__(self):
        return (pytest.exit, ("code of a weights file was executed",))


@pytest.mark.parametrize("content", [Harmful(), {"model": Harmful()}])
def test_code_in_a_weights_file_is_not_executed(tmp_path, content):
    torch.save(content, tmp_path / "detector.pt")
    with pytest.raises(WeightsError, match=r"detector\.pt cannot be read .* holds code of its own"):
        Detector(tmp_path / "detector.pt", engine="torch")


@needs_openvino
def test_an_export_is_kept_and_a_damaged_one_built_again(own_cache, caplog):
    caplog.set_level(logging.INFO)
    Detector(engine="openvino", image_size=(90, 120))
    assert caplog.text.count("Exported to") == 1
    (export,) = own_cache.glob("*_openvino")
    assert "96x128" in export.name  # rounded up to 32
    Detector(engine="openvino", image_size=(96, 128))
    assert caplog.text.count("Exported to") == 1
    network = next(export.rglob("*.bin"))
    network.write_bytes(bytes(network.stat().st_size))
    Detector(engine="openvino", image_size=(96, 128))
    assert "is damaged and is built again" in caplog.text
    assert caplog.text.count("Exported to") == 2
    assert not list(own_cache.glob(".export-*"))


@needs_openvino
def test_with_a_cached_export_nothing_imports_torch():
    """It takes seconds and 200 MiB."""
    code = """
import sys
from ros2_textfuse.detection.detector import Detector
from ros2_textfuse.detection.tracking import Tracker
Detector(engine="openvino"), Tracker()
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""
    Detector(engine="openvino")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert not done.returncode, done.stderr.decode()


def test_the_tensorrt_path_with_a_stand_in_for_device_and_exporter(own_cache, monkeypatch, caplog):
    """No GPU is needed: what the path does around ultralytics' exporter is the same."""
    weights = find_weights()

    class Exporter:
        def export(self, **options):
            assert options["format"] == "engine" and options["device"] == "cuda:0"
            raise RuntimeError("stand-in: out of GPU memory")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "stand-in")
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(export.importlib.metadata, "version", lambda name: "1.0")
    monkeypatch.setattr(export, "read_weights", lambda path: Exporter())
    on_torch = SimpleNamespace(names={0: "person"}, segments=False)
    monkeypatch.setattr(ultralytics_model, "UltralyticsModel", lambda *_: on_torch)
    assert Detector(weights=weights).engine_name == "torch"
    assert "out of GPU memory" in caplog.text
    with pytest.raises(DetectorError, match="out of GPU memory"):
        Detector(weights=weights, engine="tensorrt")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@needs_openvino
def test_an_interrupted_export_is_no_reason_for_torch(monkeypatch):
    def interrupted(*_):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise DetectorError("cannot be exported") from error

    monkeypatch.setattr(Detector, "_load_export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Detector()


def test_tensorrt_without_a_device_is_a_clear_error():
    with pytest.raises(DetectorError, match="needs a CUDA device"):
        Detector(engine="tensorrt")


@needs_openvino
@pytest.mark.skipif(torch.cuda.is_available(), reason="auto takes torch on a CUDA device")
def test_without_a_writable_cache_auto_runs_on_torch_and_says_why(tmp_path, monkeypatch, caplog):
    weights = find_weights()
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEXTFUSE_CACHE", str(tmp_path / "file" / "below"))
    assert Detector(weights=weights).engine_name == "torch"
    assert "cannot be kept" in caplog.text
    with pytest.raises(DetectorError, match="cannot be kept"):
        Detector(weights=weights, engine="openvino")


def test_draw_returns_an_annotated_copy(detectors, bus):
    before = bus.copy()
    found = [Detection("person", 0, 0.9, (100.0, 200.0, 300.0, 400.0)), Detection("bus", 5, 0.5, (-5, -5, 900, 1100))]
    drawn = draw(bus, found)
    assert np.array_equal(bus, before)
    assert drawn.shape == bus.shape and drawn.dtype == np.uint8
    assert not np.array_equal(drawn[200, 150:250], bus[200, 150:250])  # the box's upper edge
    assert np.array_equal(drawn[300, 150:250], bus[300, 150:250])  # and nothing inside it
    assert np.array_equal(draw(bus, []), bus)
