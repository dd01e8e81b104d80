"""A rosbag2 bag as a recording of two cameras."""

from array import array
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cached_property
from itertools import islice
from statistics import median_low
from typing import Any

from ros2_textfuse.imaging import compressed, encodings
from ros2_textfuse.recordings.bag_reader import COMPRESSED, IMAGE, Bag, BagError
from ros2_textfuse.recordings.types import RecordedImage, Recording, RecordingError
from ros2_textfuse.sync.pairing import stamp_ns

ANOTHER_TIME = 10.0  # s between stamp and recording, which no camera's delay reaches
LOOKS = 10  # images that are looked at for that


class BagRecording(Recording):
    """A rosbag2 bag, read without ROS. Compressed images come as the raw ones that they were."""

    def __init__(self, bag: Bag, visible_topic: str, thermal_topic: str) -> None:
        self.bag = bag
        self.damage = bag.damage
        """Why the bag is read without its index, from the front; empty where it has one."""
        self._cameras: dict[str, str] = {}  # topic -> camera
        counts = []
        for camera, name in (("visible", visible_topic), ("thermal", thermal_topic)):
            topic = bag.images(name)
            if topic is None:
                there = [topic.name for topic in bag.topics.values() if topic.msgtype in (IMAGE, COMPRESSED)]
                raise RecordingError(
                    f"{bag.path} has no {camera} images on {name}, of type {IMAGE} or {COMPRESSED}; "
                    f"it has them on: {', '.join(there) or 'no topic'}"
                )
            if not topic.count:
                raise RecordingError(f"{bag.path} has no {camera} image")
            self._cameras[topic.name] = camera
            counts.append(topic.count)
        self.counts = counts[0], counts[1]
        seconds = (bag.end - bag.start) / 1e9
        self.duration = seconds + seconds / max(1, max(counts) - 1)  # the last image lasts as long as the others

    @property
    def topics(self) -> dict[str, str]:
        """Camera -> its topic."""
        return {camera: topic for topic, camera in self._cameras.items()}

    @cached_property
    def origin(self) -> int:
        """The header stamp, in ns, that counts as 0 s: when the recording began, by the clock that stamps the images.

        That is another clock where the bag was recorded from one that was played, or a driver stamps by its uptime.
        """
        apart = []
        with suppress(BagError), closing(self.bag.messages((self.topics["visible"],))) as messages:
            for _, recorded, message in islice(messages, LOOKS):
                if stamp := stamp_ns(message):
                    apart.append(stamp - recorded)
        offset = median_low(apart) if apart else 0  # the first image may be a stale one
        return self.bag.start + (offset if abs(offset) > ANOTHER_TIME * 1e9 else 0)

    def images_from(self, time: float) -> Iterator[RecordedImage]:
        """The images in the order in which they were recorded."""
        start = self.bag.start + round(time * 1e9) if time > 0 else None
        for topic, recorded, message in self.bag.messages(tuple(self._cameras), start):
            stamp = stamp_ns(message)
            time = (recorded - self.bag.start) / 1e9
            # A driver that does not stamp leaves zero: the time of recording is the best that is known.
            taken = (stamp - self.origin) / 1e9 if stamp else time
            if self.bag.topics[topic].msgtype == COMPRESSED:
                yield _decoded(self._cameras[topic], time, taken, message)
                continue
            data = array("B")
            data.frombytes(message.data.data)
            yield RecordedImage(
                self._cameras[topic],
                time,
                taken,
                message.height,
                message.width,
                message.encoding,
                message.is_bigendian,
                message.step,
                data,
            )


def _decoded(camera: str, time: float, stamp: float, message: Any) -> RecordedImage:
    """The raw image of a CompressedImage, rgb8, mono8 or mono16; one with a fault where it is damaged."""
    try:
        image = compressed.decode(message)
        encodings.check_message(image, encodings.ENCODINGS[camera])
        return RecordedImage.from_pixels(camera, time, encodings.camera_array(image, camera), stamp)
    except encodings.ImageError as error:
        return RecordedImage(camera, time, stamp, fault=str(error))
