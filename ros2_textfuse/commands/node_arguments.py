"""Arguments that name nodes, shared by the verbs that start or ask them."""

import argparse
import re

_TOPIC = re.compile(r"/?[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*", re.ASCII)


def add_cameras(parser: argparse.ArgumentParser) -> None:
    """Add --visible and --thermal."""
    for camera, name in ("visible", "RGB"), ("thermal", "thermal"):
        topic_of = f"/{camera}/image_raw"
        parser.add_argument(
            f"--{camera}", type=topic, default=topic_of, metavar="TOPIC", help=f"of the {name} camera ({topic_of})"
        )


def namespace(text: str) -> str:
    """The type of --namespace; rclpy would end a command with a traceback."""
    if text not in ("", "/") and not _TOPIC.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no namespace: expected names of letters, digits and _, with / between, as front/textfuse"
        )
    return text


def topic(text: str) -> str:
    """The type of --visible and --thermal: a full name, as a relative one would lie among the nodes' own topics."""
    if not _TOPIC.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no topic: expected names of letters, digits and _, with / between, as /cam/rgb/image_raw"
        )
    return "/" + text.lstrip("/")
