"""Object detection: the detector and its weights."""
