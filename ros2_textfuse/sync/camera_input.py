"""The way in of one camera's images: checked, and under a stamp of the visible camera's clock."""

from typing import Any

from numpy.typing import NDArray

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.imaging.image_files import MOST_PIXELS
from ros2_textfuse.sync.pairing import Stamped


class CameraInput:
    """Takes images as a camera sends them, or as a recording holds them, and refuses what cannot be used.

    Args:
        name: `visible` or `thermal`.
        offset: nanoseconds to add to stamps.
        most_pixels: of a compressed image, above which it is refused before it is decoded.
    """

    def __init__(self, name: str, offset: int = 0, most_pixels: int = MOST_PIXELS) -> None:
        self.name = name
        self.offset = offset
        self.most_pixels = most_pixels

    def accept(self, image: Any, stamp: int) -> Stamped[Any]:
        """Check an image; its pixels are not touched, unless it is compressed.

        Args:
            image: with the fields of sensor_msgs/Image; or of sensor_msgs/CompressedImage, which is decoded.
            stamp: nanoseconds, the camera's own.

        Returns:
            The image, with the fields of sensor_msgs/Image, under its stamp with the offset.

        Raises:
            ImageError: it cannot be used; the message says what was expected.
        """
        if not hasattr(image, "encoding"):
            image = compressed.decode(image, self.most_pixels)
        encodings.check_message(image, encodings.ENCODINGS[self.name])
        return Stamped(stamp + self.offset, image)

    def array(self, image: Stamped[Any]) -> NDArray:
        """An accepted image as an array that `Fuser` takes."""
        return encodings.camera_array(image.image, self.name)
