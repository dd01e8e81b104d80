"""What `textfuse doctor` sees of the ROS graph."""
