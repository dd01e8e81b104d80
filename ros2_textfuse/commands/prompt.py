"""`textfuse prompt`: call the set_prompt service, or explain what a prompt would do."""

import argparse
import sys

from ros2_textfuse.commands import prompt_arguments
from ros2_textfuse.commands.node_arguments import namespace
from ros2_textfuse.errors import TextfuseError
from ros2_textfuse.runtime import environment

LONGEST = 3600.0  # s


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "prompt",
        nargs="*",
        metavar="WORD",
        help="what is wrong with the images, what to bring out, which camera to trust, with or without quotes; nothing "
        "for no prompt",
    )
    prompt_arguments.add_arguments(parser)
    parser.add_argument("--explain", action="store_true", help="say what the prompt does, without a running node")
    parser.add_argument("--namespace", type=namespace, default="textfuse", help="of the fusion node (%(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="SECONDS", help="to wait for the node (%(default)g)"
    )


def run(args: argparse.Namespace) -> int:
    """Set or explain the prompt; returns 0, 1 when it was refused, 2 when no node answered."""
    if not 0 < args.timeout <= LONGEST:
        raise TextfuseError(f"--timeout is {args.timeout:g}: expected more than 0, at most {LONGEST:g}")
    args.prompt = " ".join(args.prompt)
    return _explain(args) if args.explain else _set(args)


def _explain(args: argparse.Namespace) -> int:
    from ros2_textfuse.prompts import resolve
    from ros2_textfuse.prompts.explanation import explain

    prompt = resolve(args.prompt, args.mode, args.severity, args.object, args.balance)
    rows = explain(args.prompt)
    width = max((len(clause) for clause, _ in rows), default=0)
    for clause, told in rows:
        print(f"{clause:{width}}  -> {told}")
    print(f"together: {prompt.summary()}")
    return 0


def _set(args: argparse.Namespace) -> int:
    environment.prepare()
    import rclpy
    from rclpy.client import Client
    from textfuse.srv import SetPrompt

    from ros2_textfuse.nodes.common.compat import rclpy_running

    request = SetPrompt.Request(
        prompt=args.prompt,
        modes=args.mode,
        severity=args.severity or 0.0,
        objects=args.object,
        balance=args.balance or 0.0,
    )
    with rclpy_running():
        node = rclpy.create_node("prompt", namespace=args.namespace)
        client: Client = node.create_client(SetPrompt, "set_prompt")
        service = node.resolve_service_name(client.srv_name)
        answer = None
        if client.wait_for_service(timeout_sec=args.timeout):
            future = client.call_async(request)
            rclpy.spin_until_future_complete(node, future, timeout_sec=args.timeout)
            answer = future.result()
        node.destroy_node()
    if answer is None:
        print(f"textfuse prompt: nobody answers on {service}: is `textfuse up` running?", file=sys.stderr)
        return 2
    print(answer.message, file=sys.stdout if answer.success else sys.stderr)
    return 0 if answer.success else 1
