"""`python -m ros2_textfuse.nodes.detection`."""

import sys

from ros2_textfuse.nodes.detection.node import main

sys.exit(main())
