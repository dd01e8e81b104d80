"""The ROS nodes: they turn messages into arrays, hand them to the core, and publish what comes back."""
