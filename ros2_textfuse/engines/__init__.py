"""Engines run a network on uint8 pictures; all keep to one interface and differ only in speed.

An engine is built for one picture size, since static shapes are what compilers do best.
"""

from ros2_textfuse.engines.base import Engine, EngineError, build_engine

__all__ = ["Engine", "EngineError", "build_engine"]
