"""The embedded account on a loopback port, for every client that speaks HTTP."""

from diagnose.embedded.serving.listening import listen
from diagnose.embedded.serving.server import Server

__all__ = ["Server", "listen"]
