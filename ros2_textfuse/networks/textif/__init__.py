"""The network of Text-IF and its authors' checkpoints."""

from ros2_textfuse.networks.textif.checkpoint import load_checkpoint
from ros2_textfuse.networks.textif.network import TextIF, TextIFConfig

__all__ = ["TextIF", "TextIFConfig", "load_checkpoint"]
