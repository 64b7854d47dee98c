"""The embedded account on a loopback port, for every client that speaks HTTP."""

from diagnose.embedded.serving.application import make_served, serve
from diagnose.embedded.serving.background import BackgroundServer, ServerThread
from diagnose.embedded.serving.listening import listen
from diagnose.embedded.serving.server import Server
from diagnose.embedded.serving.uvicorn_log import UvicornLog

__all__ = ["BackgroundServer", "Server", "ServerThread", "UvicornLog", "listen", "make_served", "serve"]
