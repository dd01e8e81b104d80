"""What the core logs, by way of a node's logger, and how often a node says the same."""

import logging

from rclpy.node import Node

LOG_PERIOD = 5.0  # s, between two lines about the same fault
TRACE_PERIOD = 60.0  # s, between two tracebacks from one place: a fault of textfuse may come back with each image


class RosLogHandler(logging.Handler):
    """Hands what the core logs to a node's logger, so that it reaches /rosout."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record; rclpy keeps one severity for each line of code, hence the branches."""
        message = self.format(record)  # with the traceback, where there is one
        if record.levelno >= logging.ERROR:
            self._logger.error(message)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(message)
        else:
            self._logger.info(message)


def forward_logs(node: Node) -> None:
    """Send what the core logs at INFO and above to `node`'s logger."""
    core = logging.getLogger("ros2_textfuse")
    core.setLevel(logging.INFO)
    core.handlers = [RosLogHandler(node)]
    core.propagate = False
