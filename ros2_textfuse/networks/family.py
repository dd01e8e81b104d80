"""The networks that an engine can compile, as one type."""

from ros2_textfuse.networks.clearing import Clearing
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.textif import TextIF

FusionNetwork = GuidedNetwork | TextIF | Clearing
"""What takes a pair and a modulation; `Clearing` gives the visible image back, the others a fused one."""
