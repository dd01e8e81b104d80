from ros2_textfuse.imaging.cameras import CAMERAS, other_camera


def test_each_is_the_other_of_the_other():
    assert [other_camera(camera) for camera in CAMERAS] == [*reversed(CAMERAS)]
