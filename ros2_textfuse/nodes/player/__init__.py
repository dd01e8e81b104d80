"""The player node."""
