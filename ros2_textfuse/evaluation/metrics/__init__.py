"""Metrics: of fused images, of images without a reference, and of detections in them."""

from ros2_textfuse.evaluation.metrics.fusion import SINGLE, evaluate, evaluate_single, to_grey

__all__ = ["SINGLE", "evaluate", "evaluate_single", "to_grey"]
