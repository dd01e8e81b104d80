"""How bright a colour is."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601), as JPEG, OpenCV and the fusion field's metrics have them."""
