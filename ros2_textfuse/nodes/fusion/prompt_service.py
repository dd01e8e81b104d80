"""The service that changes the prompt."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future
from textfuse.srv import SetPrompt

from ros2_textfuse.fuser import Fuser
from ros2_textfuse.nodes.common.logs import LOG_PERIOD
from ros2_textfuse.nodes.fusion.status import fill_prompt
from ros2_textfuse.prompts.prompt import PromptError
from ros2_textfuse.prompts.text_encoder import EncoderError

LEAVING = 0.02  # s between two looks whether the last call has been answered


class PromptService:
    """`set_prompt` of a node.

    To read a sentence takes a twentieth of a second or more. A thread does it, while the executor's own goes on to
    receive images: two or three pairs would be lost with each prompt.

    Args:
        node: that serves.
        fuser: that gets the prompt.
        changed: called after the prompt has changed, by the executor's thread.
        note: asked then for what else the caller should know; empty for nothing.
    """

    def __init__(self, node: Node, fuser: Fuser, changed: Callable[[], None], note: Callable[[], str]) -> None:
        self._node, self._fuser, self._changed, self._note = node, fuser, changed, note
        self._reader = ThreadPoolExecutor(1, "prompts")
        self._answering = self._leaving = False
        # ROS's default keeps ten calls, and of a thousand a second half are lost without an answer.
        calls = QoSProfile(depth=10000)
        # A group of its own: one call is answered after the other, and nothing else waits for them.
        group = MutuallyExclusiveCallbackGroup()
        self._service = node.create_service(
            SetPrompt, "set_prompt", self._set_prompt, qos_profile=calls, callback_group=group
        )

    def destroy(self) -> None:
        """Take the service back, as soon as a call that is being read has been answered."""
        self._leaving = True
        self._reader.shutdown(False)
        if not self._answering:
            self._node.destroy_service(self._service)
            return

        def leave() -> None:
            if not self._answering:
                self._node.destroy_timer(timer)
                self._node.destroy_service(self._service)

        timer = self._node.create_timer(LEAVING, leave, clock=Clock(clock_type=ClockType.STEADY_TIME))

    async def _set_prompt(self, request: SetPrompt.Request, response: SetPrompt.Response) -> SetPrompt.Response:
        if self._leaving:
            response.message = "refused: the node is being cleaned up"
            return response
        self._answering = True
        try:
            done: Future[Any] = Future()
            reading = self._reader.submit(self._read, request, response)
            reading.add_done_callback(lambda _: self._wake(done))
            await done
            reading.result()  # nobody foresaw what this raises
            if response.success:
                self._changed()
                response.message = "; ".join(filter(None, [response.message, self._note()]))
            return response
        finally:
            self._answering = False

    def _read(self, request: SetPrompt.Request, response: SetPrompt.Response) -> None:
        """Change the prompt and fill the answer, but for what the node has to add."""
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

    def _wake(self, done: "Future[Any]") -> None:
        done.set_result(None)
        if self._node.executor:  # it looks at what it awaits only when something happens
            self._node.executor.wake()
