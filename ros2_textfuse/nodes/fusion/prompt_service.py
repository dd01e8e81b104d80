"""The service that changes the prompt."""

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import QoSProfile
from textfuse.srv import SetPrompt

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.nodes.fusion.status import fill_prompt
from ros2_textfuse.prompts.prompt import PromptError
from ros2_textfuse.prompts.text_encoder import EncoderError


class PromptService:
    """`set_prompt` of a node.

    Args:
        node: that serves.
        fuser: that gets the prompt.
        changed: called after the prompt has changed.
        note: asked then for what else the caller should know; empty for nothing.
    """

    def __init__(self, node: Node, fuser: Fuser, changed: Callable[[], None], note: Callable[[], str]) -> None:
        self._node, self._fuser, self._changed, self._note = node, fuser, changed, note
        # ROS's default keeps ten calls, and of a thousand a second half are lost without an answer.
        calls = QoSProfile(depth=10000)
        self._service = node.create_service(SetPrompt, "set_prompt", self._set_prompt, qos_profile=calls)

    def destroy(self) -> None:
        """Take the service back."""
        self._node.destroy_service(self._service)

    def _set_prompt(self, request: SetPrompt.Request, response: SetPrompt.Response) -> SetPrompt.Response:
        logger = self._node.get_logger()
        try:
            # 0 is what a field holds that a caller left out.
            severity = None if request.severity == 0 else request.severity
            balance = None if request.balance == 0 else request.balance
            prompt = self._fuser.set_prompt(request.prompt, request.modes, severity, request.objects, balance)
            response.success, response.message = True, prompt.summary()
            logger.info(f"prompt: {response.message}")
        except (PromptError, EncoderError) as error:
            response.success, response.message = False, f"refused, the old prompt stays active: {error}"
            logger.warning(response.message, throttle_duration_sec=LOG_PERIOD)
        fill_prompt(response, self._fuser)
        if response.success:
            self._changed()
            response.message = "; ".join(filter(None, [response.message, self._note()]))
        return response
