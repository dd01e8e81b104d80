"""What the robot runs is what the commands evaluate: the same parameter file, the same images."""

import hashlib

import numpy as np
import yaml

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.geometry.calibration import Calibration, CameraModel, write_calibration
from ros2_textfuse.nodes.common.parameter_file import read_parameters
from ros2_textfuse.recordings.frames import Tally, recorded_pairs
from ros2_textfuse.recordings.source import open_recording
from ros2_textfuse.runtime.processes import node_command
from ros2_textfuse.settings import FusionSettings
from tests.end_to_end.conftest import scene
from tests.helpers.graph import START
from tests.helpers.recordings import write_bag

COUNT = 14
HOMOGRAPHY = np.array([[1.05, 0.02, -8.0], [-0.02, 1.05, 5.0], [0.0, 0.0, 1.0]])


def test_a_parameter_file_gives_the_same_images_in_the_node_and_offline(graph, tmp_path):
    """Held thermal counts under plateau equalisation, on a clock that is off, aligned, with a balance."""
    visible, thermal = zip(*(tuple(image[::2, ::2] for image in scene(3 * n)) for n in range(COUNT)), strict=True)
    counts = np.stack(thermal).astype(np.uint16) * 20 + 29000
    bag = write_bag(tmp_path / "bag", np.stack(visible), counts, 4.0, thermal_delay=-0.1)
    size = {camera: CameraModel(320, 240) for camera in ("visible", "thermal")}
    write_calibration(Calibration("", "visible", size, HOMOGRAPHY), tmp_path / "rig.yaml")
    given = {
        "engine": "eager",
        "width": 320,
        "height": 240,
        "hold": 0.4,
        "thermal_time_offset": -0.05,
        "thermal_gain": "plateau",
        "calibration": str(tmp_path / "rig.yaml"),
        "balance": 0.4,  # modes would follow the images, here of a stream and there of single pairs
    }
    params = tmp_path / "params.yaml"
    params.write_text(yaml.safe_dump({"/**/fusion": {"ros__parameters": given}}))
    graph.processes.start("fusion", node_command("fusion", params_file=params), log=graph.logs / "fusion.log")
    graph.wait(lambda: graph.seen["status"], START, "fusion is not active")
    graph.play(bag=str(bag))

    settings = FusionSettings.from_parameters(read_parameters(params, "fusion"))
    fuser = Fuser.from_settings(settings, settings.alignment())
    recording = open_recording(bag=str(bag))
    pairs = list(recorded_pairs(recording, settings, Tally.from_recording(recording)))
    offline = [hashlib.sha256(fuser.fuse(pair.visible, pair.thermal).tobytes()).hexdigest() for pair in pairs]
    robot = [hashlib.sha256(message.data).hexdigest() for message in graph.seen["fused"]]
    assert len(robot) == len(pairs) == COUNT and len(set(robot)) == COUNT
    assert robot == offline
    assert {round(pair.difference, 3) for pair in pairs} == {-0.15}
