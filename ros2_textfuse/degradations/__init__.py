"""The degradations: their names and order, how to make them (`synthesis`), and pairs to try them on (`pairs`).

Only `modes` is imported here: networks and prompts need the names and nothing else.
"""

from ros2_textfuse.degradations.modes import MODES

__all__ = ["MODES"]
