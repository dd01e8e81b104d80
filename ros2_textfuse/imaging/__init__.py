"""Images of cameras and messages: encodings, gain control, health, and drawing on them."""
