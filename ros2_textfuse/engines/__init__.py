"""Engines run a network on uint8 images; all keep to one interface and differ only in speed.

An engine is built for one image size, since static shapes are what compilers do best.
"""

from ros2_textfuse.engines.base import Engine, EngineConfig, EngineError
from ros2_textfuse.engines.selection import ENGINES, build_engine
from ros2_textfuse.engines.verification import check_shows

__all__ = ["ENGINES", "Engine", "EngineConfig", "EngineError", "build_engine", "check_shows"]
