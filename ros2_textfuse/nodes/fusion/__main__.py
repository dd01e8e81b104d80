"""`python -m ros2_textfuse.nodes.fusion`."""

import sys

from ros2_textfuse.nodes.fusion.node import main

if __name__ == "__main__":
    sys.exit(main())
