"""Arguments that name nodes, shared by the verbs that start or ask them."""

import argparse
import re

_NAMESPACE = re.compile(r"/?(?:[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)?", re.ASCII)


def namespace(text: str) -> str:
    """The type of --namespace; rclpy would end a command with a traceback."""
    if not _NAMESPACE.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no namespace: expected names of letters, digits and _, with / between, as front/textfuse"
        )
    return text
