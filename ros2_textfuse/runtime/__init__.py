"""What surrounds a run: environment, processes and graphs of them, cache folder, the machine."""

from ros2_textfuse.runtime.cache_folder import cache_dir
from ros2_textfuse.runtime.graph import GraphError, NodeGraph

__all__ = ["GraphError", "NodeGraph", "cache_dir"]
