"""FusionStatus from what is known of cameras and fusion."""

from dataclasses import fields
from typing import Any

from rclpy.time import Time
from std_msgs.msg import Header
from textfuse.msg import FusionStatus
from textfuse.srv import SetPrompt

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.fusion.ledger import Stages
from ros2_textfuse.nodes.fusion.state import Situation, judge
from ros2_textfuse.sync.policy import PairingPolicy

COUNTS = ("pairs_fused", "passed_through", "images_rejected", "prompt_changes")
OF_CAMERAS = ("fault", "rate", "gap", "age", "received", "unpaired", "missing", "missing_share")


def status_message(situation: Situation, policy: PairingPolicy[Any], fuser: Fuser) -> FusionStatus:
    """The status of this moment, a message of its own."""
    account = situation.account
    status = FusionStatus(model=fuser.model_name, engine=fuser.engine_name, engine_warning=fuser.engine_warning)
    status.model_reason = fuser.model_reason
    status.header = Header(stamp=Time(nanoseconds=max(0, account.stamp)).to_msg(), frame_id=account.frame_id)
    status.state, status.message = judge(situation)
    fill_prompt(status, fuser)
    status.thermal_low, status.thermal_high = fuser.gain_control.range or (0.0, 0.0)
    for stage in fields(Stages):
        setattr(status, stage.name, getattr(account.stages, stage.name))
    for name in COUNTS:
        setattr(status, name, getattr(account, name))
    status.pairs_dropped = account.pairs_dropped + policy.late
    status.pairs_skipped = account.pairs_skipped + policy.skipped
    status.thermal_held, status.clock_resets = policy.held, policy.clock_resets
    for camera in situation.cameras:
        for name in OF_CAMERAS:
            setattr(status, f"{camera.name}_{name}", getattr(camera, name))
    status.doubt = fuser.doubt
    return status


def fill_prompt(message: FusionStatus | SetPrompt.Response, fuser: Fuser) -> None:
    """The active prompt and what it resolved to, with what the images add to it."""
    for name, value in fuser.in_force.fields().items():
        setattr(message, name, value)
    if isinstance(message, SetPrompt.Response):
        message.not_understood = list(fuser.in_force.unknown)
