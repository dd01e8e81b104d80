"""The ROS nodes: they turn messages into arrays, hand them to the core, and publish what comes back."""

import sys

from ros2_textfuse.runtime import middleware

try:
    middleware.require()
except middleware.MiddlewareError as error:  # importing rclpy would end the process with an error of its C library
    sys.exit(f"textfuse: {error}")
