"""How good a fused image is, in figures: `metrics`, of recordings (`offline`) and of a running graph (`live`)."""
