"""The degradations: their names and order, how to make them, and pairs to try them on."""
