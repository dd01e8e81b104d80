"""`python -m ros2_textfuse.nodes.view`."""

import sys

from ros2_textfuse.nodes.view.node import main

if __name__ == "__main__":
    sys.exit(main())
