"""Recordings fused without nodes: the pairs as the fusion node would have them, videos and bags of the fused images."""
