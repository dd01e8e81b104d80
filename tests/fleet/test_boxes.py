"""What a detector finds in the streams, in the store, among what is mined and in the slices."""

import tempfile
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from ros2_textfuse.detection.joining import join
from ros2_textfuse.detection.types import Detection
from ros2_textfuse.errors import WeightsError
from ros2_textfuse.fleet import boxes as module
from ros2_textfuse.fleet import mining
from ros2_textfuse.fleet.boxes import disagreement
from ros2_textfuse.fleet.errors import StoreError
from ros2_textfuse.fleet.figures import prepare, sliced, slicings
from ros2_textfuse.fleet.mining import choose
from ros2_textfuse.fleet.queries import connect
from ros2_textfuse.fleet.recipe import Recipe, _as_file
from ros2_textfuse.fleet.run import OneProcess, evaluate_fleet
from ros2_textfuse.fleet.store import Store
from ros2_textfuse.settings import FusionSettings
from tests.helpers.campaign import campaign
from tests.helpers.recordings import write_bag

NIGHT, LENGTH = 3, 8  # frames of which the fourth is dark to the visible camera


class WarmAndBright:
    """A detector of persons: what is bright, wherever it is."""

    def __init__(self, weights, confidence, threads):
        pass

    def detect(self, image):
        rows, columns = np.nonzero(image.max(axis=2) > 200)
        if len(rows) < 20:
            return []
        box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        return [Detection("person", 0, 0.9, tuple(map(float, box)))]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Of a drive in which both cameras show one person, but for one frame, in which thermal alone does."""
    folder = tmp_path_factory.mktemp("boxes")
    rng = np.random.default_rng(0)
    visible = rng.integers(20, 90, (LENGTH, 16, 20, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    thermal = rng.integers(20, 90, (LENGTH, 16, 20), np.uint8).repeat(4, 1).repeat(4, 2)
    visible[:, 16:48, 24:40] = thermal[:, 16:48, 24:40] = 255
    visible[NIGHT, 16:48, 24:40] = 60
    bag = write_bag(folder / "drive", visible, thermal, rate=1 / 3)
    (weights := folder / "own.pt").write_bytes(b"weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Detector", WarmAndBright)
        recipe = Recipe.read(FusionSettings(engine="eager"), detector=str(weights))
        evaluate_fleet([str(bag)], recipe, str(folder / "store"), nullcontext(OneProcess()), stretch=2)
    return Store.open(str(folder / "store"))


def test_the_store_holds_the_boxes_of_each_stream(store):
    (file,) = store.keys()
    rows = pq.read_table(f"{store.path}/frames/{file}.parquet").to_pylist()
    assert rows[0]["stretches"] > 1, "they survive being kept as a stretch"
    person = {"name": "person", "score": 0.9, "left": 24.0, "top": 16.0, "right": 40.0, "bottom": 48.0}
    for number, row in enumerate(rows):
        assert row["boxes_thermal"] == [person] and row["boxes_visible"] == [person] * (number != NIGHT)
        assert row["objects"] == ["person"] and (row["disagreement"] > 0) == (number == NIGHT)
    assert store.settings["detector"].startswith("own.pt ")


def test_where_the_streams_disagree_is_mined_first_and_sliced(store, monkeypatch):
    first = [one.number for one in choose(store, 20, 0.0)][:3]
    assert NIGHT in first, "as unusual as the one of low retention and the rare one"
    reason = "boxes disagree"
    monkeypatch.setattr(mining, "UNUSUAL", {reason: mining.UNUSUAL[reason]})
    chosen = choose(store, 20, 0.0)
    assert chosen[0].number == NIGHT and [one.reason == reason for one in chosen] == [True] + [False] * (LENGTH - 1)
    connection = connect(store)
    prepare(connection, False)
    of = {
        one.title: {row["level"]: row["frames"] for row in sliced(connection, one, ["score"])}
        for one in slicings(connection)
    }
    assert of["Objects"] == {"person": LENGTH}
    assert of["Boxes of the streams"]["agree"] == LENGTH - 1 and sum(of["Boxes of the streams"].values()) == LENGTH


def test_how_far_streams_disagree():
    def seen_by(*streams, score=0.9):
        one = Detection("car", 2, score, (0.0, 0.0, 10.0, 10.0))
        return join({stream: [one] if stream in streams else [] for stream in ("visible", "thermal", "fused")})

    assert disagreement([]) == disagreement(seen_by("visible", "thermal", "fused")) == 0
    assert 0 < disagreement(seen_by("visible", score=0.1)) < 0.1 < disagreement(seen_by("visible", "thermal")) < 0.5
    assert 0.5 < disagreement(seen_by("thermal")) <= 1


def test_another_detector_is_another_store(store, tmp_path):
    (other := tmp_path / "own.pt").write_bytes(b"others")
    with pytest.raises(StoreError, match=r"detector is 'own.pt \w+', asked for 'own.pt \w+'"):
        Store.claim(store.path, Recipe.read(FusionSettings(engine="eager"), detector=str(other)).description)
    with pytest.raises(StoreError, match=r"detector is 'own.pt \w+', asked for None"):
        Store.claim(store.path, Recipe.read(FusionSettings(engine="eager")).description)
    with pytest.raises(WeightsError, match="no weights file"):
        Recipe.read(FusionSettings(), detector=str(tmp_path / "gone.pt"))


def test_weights_that_somebody_else_put_in_their_place_are_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _as_file(b"ours", "/own.pt").write_bytes(b"theirs")
    assert _as_file(b"ours", "/own.pt").read_bytes() == b"ours"


@campaign
def test_a_real_detector_finds_the_bus_in_all_streams_and_nothing_in_one_that_is_black():
    ultralytics = pytest.importorskip("ultralytics")
    boxes = Recipe.read(FusionSettings(), detector="yolo26n.pt").boxes(1)
    bus = cv2.imread(str(Path(ultralytics.__file__).parent / "assets" / "bus.jpg"))[..., ::-1]
    found = boxes(bus, cv2.cvtColor(bus, cv2.COLOR_RGB2GRAY), bus)
    assert "bus" in found["objects"] and found["objects"].count("person") >= 3 and found["disagreement"] < 0.3
    dark = boxes(bus, np.zeros(bus.shape[:2], np.uint8), bus)
    assert dark["boxes_thermal"] == [] and dark["disagreement"] == pytest.approx(0.5, abs=0.1)
