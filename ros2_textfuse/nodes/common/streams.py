"""Where the fusion node publishes the images that others look at."""

TOPICS = {"fused": "fused", "visible": "aligned/visible", "thermal": "aligned/thermal"}
"""Stream -> topic in the nodes' namespace; those of the cameras are in the fused image's geometry."""
