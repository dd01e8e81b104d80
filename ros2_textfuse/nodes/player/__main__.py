"""`python -m ros2_textfuse.nodes.player`."""

import sys

from ros2_textfuse.nodes.player.node import main

if __name__ == "__main__":
    sys.exit(main())
