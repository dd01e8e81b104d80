"""The detection node."""
