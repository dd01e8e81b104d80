"""Recordings of two cameras: bags, videos and folders, read, written, spoilt and simulated."""
