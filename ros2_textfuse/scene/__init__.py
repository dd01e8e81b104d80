"""What the images themselves say: degradations and their severity, the light, and the scene as a sentence."""
