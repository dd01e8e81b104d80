import importlib.util
import itertools

import cv2
import numpy as np
import pytest

from ros2_textfuse.recordings import simulated_scene
from ros2_textfuse.recordings.simulated_scene import SHOT, frames, write_videos

if importlib.util.find_spec("ultralytics") is None:
    pytest.skip("ultralytics, whose photographs the scene is made of, is not installed", allow_module_level=True)


def test_shapes_dtypes_and_count():
    pairs = list(frames(3))
    assert len(pairs) == 3
    for visible, thermal in pairs:
        assert visible.shape == (480, 640, 3) and visible.dtype == np.uint8
        assert thermal.shape == (480, 640) and thermal.dtype == np.uint8
    assert list(frames(0)) == []


def test_other_sizes():
    visible, thermal = next(frames(1, size=(240, 320)))
    assert visible.shape == (240, 320, 3) and thermal.shape == (240, 320)


def test_the_same_seed_gives_the_same_frames():
    first, again, longer, other = (
        list(itertools.islice(frames(count, seed=seed), 3)) for count, seed in ((3, 1), (3, 1), (9, 1), (3, 2))
    )
    for one, two, three in zip(first, again, longer, strict=True):
        assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(one, two, three, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])


def test_visible_is_dark_and_thermal_is_not():
    for visible, thermal in itertools.islice(frames(SHOT), 0, None, 50):
        assert 10 < visible.mean() < 40
        assert 70 < thermal.mean() < 160
        assert (visible == 255).mean() < 0.01


def test_the_still_is_the_first_view_by_day():
    visible, thermal = simulated_scene.still()
    assert visible.mean() > 80
    assert cv2.absdiff(thermal, next(frames(1))[1]).mean() < 5


def test_people_are_warm_and_the_sides_are_registered():
    """Where the first view shows the two men and the road, by the camera's path."""
    _, thermal = next(frames(1))
    chest, other_chest, road = thermal[240:280, 80:120], thermal[220:260, 215:240], thermal[420:460, 300:500]
    assert chest.mean() > road.mean() + 50
    assert other_chest.mean() > road.mean() + 30


def test_the_camera_moves_and_returns():
    thermal = [pair[1] for pair in frames(SHOT + 1)]
    still = cv2.absdiff(thermal[0], thermal[1]).mean()
    assert cv2.absdiff(thermal[0], thermal[SHOT // 2]).mean() > 2 * still
    assert cv2.absdiff(thermal[0], thermal[SHOT]).mean() < 1.5 * still
    assert max(cv2.absdiff(a, b).mean() for a, b in itertools.pairwise(thermal)) < 15


def test_videos_read_back(tmp_path):
    paths = write_videos(tmp_path / "new", fps=20, count=10)
    assert [path.name for path in paths] == ["visible.mp4", "thermal.mp4"]
    for side, path in enumerate(paths):
        video = cv2.VideoCapture(str(path))
        assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(20)
        read = [frame for _ in range(11) for ok, frame in [video.read()] if ok]
        assert len(read) == 10
        original = next(frames(1))[side]
        expected = original if side == 0 else cv2.cvtColor(original, cv2.COLOR_GRAY2RGB)
        assert cv2.absdiff(np.ascontiguousarray(read[0][..., ::-1]), expected).mean() < 10


def test_an_unwritable_video_is_an_error(tmp_path):
    (tmp_path / "visible.mp4").mkdir()
    with pytest.raises(OSError, match=r"visible\.mp4"):
        write_videos(tmp_path, count=1)


def test_without_the_photographs_the_error_names_the_cure(monkeypatch):
    monkeypatch.setattr(simulated_scene.importlib.util, "find_spec", lambda name: None)
    simulated_scene._scene.cache_clear()
    with pytest.raises(FileNotFoundError, match="pip install"):
        next(frames(1))
