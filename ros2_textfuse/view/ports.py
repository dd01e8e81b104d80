"""The address of the page: a port that is free, and a token for those who come over a network."""

import errno
import ipaddress
import secrets
import socket

from ros2_textfuse.errors import TextfuseError

PORT = 8420
TRIES = 20  # ports after the one asked for


class AddressError(TextfuseError, OSError):
    """The page cannot be served there; the message says why and what to do."""


def is_local(host: str) -> bool:
    """Whether an address is this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(16)


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket that listens on the port, or on the next one that is free.

    Args:
        host: address or name of this machine; 0.0.0.0 for all.
        port: 0 for any.

    Returns:
        The socket, and a note where another port was taken; empty where it is the one asked for.

    Raises:
        AddressError: the host is none of this machine, or all of the ports are in use.
    """
    for candidate in range(port, min(65536, port + TRIES)) if port else (0,):
        try:
            found = _listen(host, candidate)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise AddressError(
                f"{host} cannot be listened on ({error.strerror or error}): give an address of this machine, "
                "127.0.0.1 for this machine alone, or 0.0.0.0 for all"
            ) from error
        return found, f"port {port} is in use: took {candidate}" if candidate != port else ""
    raise AddressError(f"ports {port} to {port + TRIES - 1} cannot be used: name another one")


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(100)
    except OSError:
        listener.close()
        raise
    return listener
