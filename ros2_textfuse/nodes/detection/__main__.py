"""`python -m ros2_textfuse.nodes.detection`."""

import sys

from ros2_textfuse.runtime.gently import import_gently


def main() -> int:
    """Run the detection node; it starts nicely, since fusion, which a robot steers by, loses images to that."""
    code: int = import_gently("ros2_textfuse.nodes.detection.node").main()
    return code


if __name__ == "__main__":
    sys.exit(main())
