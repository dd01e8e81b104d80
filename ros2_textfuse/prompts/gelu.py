"""The Gaussian error linear unit in NumPy, which has no error function."""

import numpy as np
from numpy.typing import NDArray

# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 1.5e-7 of the error function.
SLOPE = np.float32(0.3275911)
TERMS = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """x times the probability that a normal variable lies below it, float32 of any shape."""
    away = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + SLOPE * away)
    series = np.zeros_like(t)
    for term in TERMS:
        series = (series + term) * t
    tail = series * np.exp(-away * away) / 2  # probability beyond |x|
    return x * np.where(x < 0, tail, 1 - tail)
