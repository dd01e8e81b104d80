"""Which topics of a bag are the two cameras."""

import re
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass

from ros2_textfuse.imaging import compressed
from ros2_textfuse.imaging.encodings import THERMAL_ENCODINGS, VISIBLE_ENCODINGS, ImageError
from ros2_textfuse.recordings.bag_reader import BESIDE, COMPRESSED, IMAGE, Bag, BagError, Topic

LOOKS = 10  # messages of a topic that are tried for one that can be read
COUNTS = ("mono16", "16UC1")  # raw counts: only a thermal camera sends them
THERMAL_NAME = re.compile(r"(^|[/_])(thermal|therm|lwir|ir|infra\w*|flir|boson|lepton)([/_\d]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class ImageTopic:
    """An image topic of a bag."""

    topic: str
    count: int
    encoding: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.topic} ({self.count} images, {self.encoding} {self.width}x{self.height})"


def find_cameras(bag: Bag, visible: str = "", thermal: str = "") -> tuple[ImageTopic, ImageTopic]:
    """The visible and the thermal topic of a bag: those named, else the default names, else by type and encoding.

    A topic with raw counts, or a grey one with a name such as lwir or infrared, is thermal; the others are visible.
    Where only the compressed topic beside a name is in the bag, the name stands for it.

    Args:
        bag: to look into.
        visible: topic name, or empty to find it.
        thermal: topic name, or empty to find it.

    Raises:
        BagError: there is none of a kind, or more than one to choose from; the message lists all image topics.
    """
    cameras, unreadable = _cameras(bag)
    there = f"{bag.path} has images on: {'; '.join(map(str, cameras.values())) or 'no topic'}"
    if unreadable:
        there += f"; not readable: {'; '.join(f'{topic} ({reason})' for topic, reason in unreadable.items())}"
    named = {kind: bag.images(name) for kind, name in (("visible", visible), ("thermal", thermal)) if name}
    taken = {topic.name for topic in named.values() if topic}
    chosen = []
    for kind, name in (("visible", visible), ("thermal", thermal)):
        topic = named[kind] if name else bag.images(f"/{kind}/image_raw")
        if topic and topic.name in cameras:
            chosen.append(cameras[topic.name])
            continue
        if name:
            raise BagError(f"no {kind} images on {name}: {there}")
        suited = [camera for camera in cameras.values() if _is_thermal(camera) == (kind == "thermal")]
        suited = [camera for camera in suited if camera.topic not in taken]
        suited = [camera for camera in suited if not _is_beside(camera.topic, cameras)]
        if len(suited) != 1:
            several = "more than one topic could be" if suited else "no topic looks like"
            raise BagError(f"{several} the {kind} camera, name it by --{kind}-topic: {there}")
        chosen.append(suited[0])
    if chosen[0] == chosen[1]:
        raise BagError(f"{chosen[0].topic} cannot be both cameras: {there}")
    return chosen[0], chosen[1]


def _cameras(bag: Bag) -> tuple[dict[str, ImageTopic], dict[str, str]]:
    """The image topics that can be read, and of the others why not."""
    cameras, unreadable = {}, {}
    for topic in bag.topics.values():
        if topic.msgtype in (IMAGE, COMPRESSED) and topic.count:
            try:
                cameras[topic.name] = ImageTopic(topic.name, topic.count, *_look(bag, topic))
            except ImageError as error:
                unreadable[topic.name] = str(error)
    return cameras, unreadable


def _look(bag: Bag, topic: Topic) -> tuple[str, int, int]:
    """Encoding, width and height of the first image of a topic that can be read.

    Raises:
        ImageError: none can, of the first ones.
    """
    fault = ImageError("no image")
    with closing(bag.messages((topic.name,))) as messages:
        for _, (_, _, message) in zip(range(min(LOOKS, topic.count)), messages, strict=False):
            try:
                if topic.msgtype == COMPRESSED:
                    image = compressed.decode(message)
                    return image.encoding, image.width, image.height
                if message.encoding in (*VISIBLE_ENCODINGS, *THERMAL_ENCODINGS):
                    return message.encoding, message.width, message.height
                raise ImageError(f"encoding '{message.encoding}'")
            except ImageError as error:
                fault = error
    raise fault


def _is_thermal(camera: ImageTopic) -> bool:
    grey = camera.encoding in THERMAL_ENCODINGS
    return camera.encoding in COUNTS or (grey and THERMAL_NAME.search(camera.topic) is not None)


def _is_beside(topic: str, cameras: Collection[str]) -> bool:
    """Whether a topic is the compressed one of another that is there as well."""
    return topic.endswith(BESIDE) and topic.removesuffix(BESIDE) in cameras
