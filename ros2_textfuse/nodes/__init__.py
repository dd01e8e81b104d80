"""The ROS nodes: they turn messages into arrays, hand them to the core, and publish what comes back."""

import os
import sys

from ros2_textfuse.runtime import middleware

# Before NumPy is loaded: the matrix products of a sentence are small, and a second thread for them gains nothing and
# spins on a core that the fusion needs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    middleware.require()
except middleware.MiddlewareError as error:  # importing rclpy would end the process with an error of its C library
    sys.exit(f"textfuse: {error}")
