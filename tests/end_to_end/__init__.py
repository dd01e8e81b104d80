"""The real nodes as processes over DDS."""
