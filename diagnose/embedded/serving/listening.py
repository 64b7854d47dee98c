"""The loopback port that an account is served on."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from diagnose.errors import ServeError, UsageError

LOOPBACK: Final = "127.0.0.1"
_LARGEST_PORT: Final = 65_535


def listen(port: int = 0, host: str = LOOPBACK) -> socket.socket:
    """A socket that is bound to a port of this machine and to nothing that another machine reaches.

    Args:
        port: 0 takes a free one.
        host: `localhost`, or an address of the loopback interface.

    Raises:
        UsageError: the host is not this machine, or the port is no port.
        ServeError: the port is taken, or must not be used.
    """
    address = _loopback(host)
    if not 0 <= port <= _LARGEST_PORT:
        raise UsageError(f"{port} is no port", hint=f"0 takes a free one; the others go to {_LARGEST_PORT}")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sends answers without delay only on sockets that say that they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port that a server left a moment ago can be taken again; one that is in use cannot.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise ServeError(
            f"port {port} cannot be used: {error.strerror}",
            where=address,
            hint="stop what listens there, or take a free port with --port 0",
        ) from error
    return listener


def origin(listener: socket.socket) -> str:
    """`http://HOST:PORT` of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loopback(host: str) -> str:
    try:
        address = ipaddress.ip_address(LOOPBACK if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise UsageError(
            f"the account is served on this machine only, not on {host!r}",
            why="whoever holds the token may change everything in it",
            hint="leave out --host, or name 127.0.0.1, ::1 or localhost",
        )
    return str(address)
