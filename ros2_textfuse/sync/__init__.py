"""Stamps to pairs, and the offset between two cameras' clocks."""
