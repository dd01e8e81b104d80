"""`python -m ros2_textfuse.nodes.detection`."""

import sys

from ros2_textfuse.runtime.gently import import_gently


def main() -> int:
    """Run the detection node; fusion, which a robot steers by, loses no image while it starts or is started anew."""
    code: int = import_gently("ros2_textfuse.nodes.detection.node").main()
    return code


if __name__ == "__main__":
    sys.exit(main())
