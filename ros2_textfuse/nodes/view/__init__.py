"""The node behind the window."""
