"""Evaluation of a running graph: what was seen, figures, scenarios and their verdict."""
