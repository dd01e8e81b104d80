"""The networks that an engine can compile, as one type."""

from ros2_textfuse.networks.derain import Derain
from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.textif import TextIF

FusionNetwork = GuidedNetwork | TextIF | Derain
"""What takes a pair and a modulation; `Derain` gives the visible image back, the others a fused one."""
