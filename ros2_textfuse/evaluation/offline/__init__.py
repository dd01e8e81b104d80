"""Evaluation of recordings, pair by pair, and the comparison of two runs."""
