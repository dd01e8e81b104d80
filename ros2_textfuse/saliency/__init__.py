"""Bringing objects out: where they are, and how a fused image shows them more plainly."""
