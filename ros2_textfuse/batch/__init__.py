"""Recordings fused in one go, without nodes: pairs as the fusion node has them, videos and bags of the fused images."""
