"""How good a fused image is, in figures."""
