"""The life of the child: lock down, receive the worker, deliver one event, say what happened."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from . import failure, handlers, importer, isolate, loop, output, packages, sandbox
from .channel import Channel
from .console import write_log
from .context import settle_pending
from .web import response_frame
from .wire import decode_bytes

if TYPE_CHECKING:
    import asyncio

_LIBRARIES = (
    *("zlib", "_datetime", "_decimal", "_struct", "binascii", "math", "_random"),
    *("_bz2", "_lzma", "_sqlite3", "_hashlib", "_uuid", "pyexpat"),
)
"""Extension modules whose shared libraries lie outside the standard library, or that most workers import."""


def main() -> None:
    """Run with one argument: JSON with `channel`, `parent`, `limits` and `sandbox`."""
    options = json.loads(sys.argv[1])
    sandbox.die_with(options["parent"])
    channel = Channel(options["channel"])
    state = isolate.Isolate(channel)
    isolate.start(state)
    _prepare()
    limits = options["limits"]
    event_loop = loop.Loop(state, limits["sleep_seconds"])
    sandbox.limit_resources(cpu_seconds=limits["cpu_seconds"], memory_bytes=limits["memory_bytes"])
    reason = _lock() if options["sandbox"] else None
    channel.send({"op": "ready", "refused": reason, "python": ".".join(map(str, sys.version_info[:3]))})
    if reason is None:
        _run(state, event_loop, channel.receive())


def _prepare() -> None:
    """Import what cannot be imported later, and forget where we are."""
    for name in _LIBRARIES:
        try:
            __import__(name)
        except ImportError:
            continue
    sys.modules.pop("ssl", None)  # set to None by the parent's start text
    os.environ.clear()
    sys.argv = ["worker"]


def _lock() -> str | None:
    try:
        sandbox.lock(tuple(path for path in sys.path if os.path.exists(path)))  # noqa: PTH110 - pathlib would cost start-up
    except OSError as error:
        return str(error)
    return None


def _run(state: isolate.Isolate, event_loop: loop.Loop, setup: dict[str, Any]) -> None:
    state.configure(setup)
    finder = importer.Finder(
        {name: decode_bytes(content) for name, content in setup["modules"].items()}, setup["base"]
    )
    state.files = finder.files
    packages.install()
    importer.install(finder)
    loop.install_clock(state, event_loop.seconds)
    sys.stdout, sys.stderr = output.LogStream("log"), output.LogStream("error")
    event_loop.set_exception_handler(_report_unhandled)
    try:
        module = handlers.load(importer.module_name(setup["main_module"]))
        state.in_handler = True
        event_loop.run_until_complete(_deliver(state, module, setup["trigger"]))
    except loop.SleptTooLongError:
        state.channel.end({"op": "expired", "slept": state.slept})
    except loop.HungError:
        state.channel.send({"op": "hung"})
    except BaseException as error:  # noqa: BLE001 - whatever a worker raises is evidence
        state.channel.send(failure.report(state, error))
    _finish(state)


async def _deliver(state: isolate.Isolate, module: Any, trigger: dict[str, Any]) -> None:
    answer = await handlers.deliver(state, module, trigger)
    if answer is not None:
        state.channel.send(response_frame(answer))
    await settle_pending()


def _report_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    write_log("error", f"Uncaught (in promise) {error}" if error else str(context.get("message")))


def _finish(state: isolate.Isolate) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    state.channel.end({"op": "done"})
