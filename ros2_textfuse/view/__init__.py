"""The window: a page in a browser that shows what the robot sees and takes a prompt; nothing here knows ROS."""
