"""The quality command on a folder that the test writes."""

import json

import cv2
import numpy as np
import pytest

from ros2_textfuse import cli
from ros2_textfuse.degradations.modes import MODES
from ros2_textfuse.degradations.pairs import load_pairs
from ros2_textfuse.evaluation import quality
from ros2_textfuse.prompts.text_encoder import EncoderError, find_encoder
from tests.helpers.images import street
from tests.helpers.recordings import write_folders


@pytest.fixture
def folder(tmp_path):
    """Two pairs, of which one is bright enough for a clean one."""
    visible, thermal = street(64, 80)
    for name, gain in (("set_day", 1.0), ("set_night", 0.2)):
        for side, image in (("vi", visible[..., ::-1]), ("ir", thermal)):
            (tmp_path / "data" / side).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "data" / side / f"{name}.png"), (image * gain).astype(np.uint8))
    return tmp_path / "data"


def test_one_command_writes_tables_and_sheets(folder, tmp_path, monkeypatch, capsys):
    try:
        find_encoder()
    except EncoderError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(quality, "PHRASINGS", 1)
    still = (np.stack([image] * 20) for image in street(64, 80))
    videos = map(str, write_folders(tmp_path / "still", *still))
    out = tmp_path / "out"
    assert cli.main(["quality", "--data", str(folder), "--out", str(out), "--video", *videos]) == 0
    result = json.loads((out / "quality.json").read_text())
    assert result["fusion"]["set"]["pairs"] == 2 and result["repair"]["pairs"] == 1
    assert 0 <= result["retention"]["set"]["fused"] <= 1
    assert set(result["repair"]["single"]) == set(MODES) and len(result["repair"]["compounds"]) == 21
    assert result["repair"]["single"]["low_light"]["change"][0] == 0
    assert result["video"]["visible"] == {
        "frames": 20,
        "static_stretches": 1,
        **dict.fromkeys(("visible", "thermal", "fused"), pytest.approx(0)),
    }
    assert (out / "quality.md").read_text() in capsys.readouterr().out
    result["repair"]["compounds"]["rain+ir_noise"]["smaller_single_gain"] = 0.0  # a network that does nothing for rain
    assert "| +0.0 | - |" in quality.report(result)
    assert cv2.imread(str(out / "repair.jpg")).shape[1] == cv2.imread(str(out / "fusion.jpg")).shape[1]


def test_degraded_pairs_are_the_same_each_time(folder):
    pair = load_pairs(folder)[0]
    for first, second in zip(pair.degraded({"rain": 0.5}), pair.degraded({"rain": 0.5}), strict=True):
        np.testing.assert_array_equal(first, second)


def test_thermal_images_of_16_bits_are_named(folder, capsys, tmp_path):
    cv2.imwrite(str(folder / "ir" / "set_night.png"), np.full((64, 80), 30000, np.uint16))
    assert cli.main(["quality", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "set_night.png has pixels of uint16; 8 bits are needed" in capsys.readouterr().err


def test_only_night(folder, capsys, tmp_path):
    for side in ("vi", "ir"):
        (folder / side / "set_day.png").unlink()
    assert cli.main(["quality", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "bright enough" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_folder(tmp_path, capsys):
    assert cli.main(["quality", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 1
    assert "vi/NAME" in capsys.readouterr().err
