"""What `textfuse drive` takes from a parameter file."""

import numpy as np

from ros2_textfuse import cli
from ros2_textfuse.commands import drive, fusion_arguments
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.settings import FusionSettings
from tests.helpers.messages import noise
from tests.helpers.recordings import write_bag


def test_thermal_counts_are_taken_by_the_settings_gain_control(tmp_path, monkeypatch, capsys):
    def made(recording, seconds, gain_control):
        raise TextfuseError(f"the range is {gain_control.range}")

    bag = write_bag(tmp_path / "bag", noise(2, 32, 32, 3), noise(2, 32, 32, dtype=np.uint16))
    settings = FusionSettings(thermal_low=20000.0, thermal_high=30000.0)
    monkeypatch.setattr(fusion_arguments, "settings", lambda args: settings)
    monkeypatch.setattr(drive, "Drive", made)
    assert cli.main(["drive", str(bag), "--out", str(tmp_path / "out")]) == 1
    assert "the range is (20000.0, 30000.0)" in capsys.readouterr().err
