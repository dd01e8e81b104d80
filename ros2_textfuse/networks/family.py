"""The family of fusion networks, as one type."""

from ros2_textfuse.networks.guided import GuidedNetwork
from ros2_textfuse.networks.textif import TextIF

FusionNetwork = GuidedNetwork | TextIF
