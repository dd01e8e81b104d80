"""The geometric relation of the two cameras: calibration files, finding one, and warping by it."""
