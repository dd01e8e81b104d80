"""The names of the two cameras."""

CAMERAS = ("visible", "thermal")


def other_camera(camera: str) -> str:
    """The other one of the two."""
    return "thermal" if camera == "visible" else "visible"
