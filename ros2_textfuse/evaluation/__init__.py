"""How good a fused picture is, in figures."""
