"""The messages of detections: vision_msgs, or where it is not installed, textfuse's own with the same field names."""

try:
    from vision_msgs.msg import BoundingBox2D, Detection2D, Detection2DArray, ObjectHypothesisWithPose
except ImportError:  # not on PyPI
    from textfuse.msg import BoundingBox2D, Detection2D, Detection2DArray, ObjectHypothesisWithPose

__all__ = ["BoundingBox2D", "Detection2D", "Detection2DArray", "ObjectHypothesisWithPose"]
