"""Training of the fusion networks: degradations, losses, data, and the run itself."""
