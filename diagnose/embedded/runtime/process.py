"""The worker's process: started in a group of its own with nothing of ours, always killed and reaped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.embedded.runtime.interpreter import ISOLATED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from diagnose.embedded.invocation import RuntimeLimits

_CHILD = Path(__file__).parent / "child"
_PACKAGE = "_diagnose_worker"
_START = f"""
import importlib.util, sys
folder = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location(
    {_PACKAGE!r}, folder + "/__init__.py", submodule_search_locations=[folder]
)
sys.modules[{_PACKAGE!r}] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
sys.modules["ssl"] = None  # asyncio does without, and starts faster
importlib.import_module({_PACKAGE + ".main"!r}).main()
"""
_READ_BYTES = 1 << 16
_LONGEST_LINE = 8192


class WorkerProcess:
    """A running child and the connection to it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self.reader = reader
        self._writer = writer

    async def write(self, content: bytes) -> None:
        """Send bytes; a child that is gone is noticed when reading."""
        with suppress(ConnectionError):
            self._writer.write(content)
            await self._writer.drain()

    async def ended(self) -> int:
        """Wait for the end: an exit code, or minus the number of a signal."""
        return await self._process.wait()


@asynccontextmanager
async def start(
    executable: str, *, limits: RuntimeLimits, sandbox: bool, on_output: Callable[[str, str], None]
) -> AsyncIterator[WorkerProcess]:
    """Start the child, and at the end kill its whole group and reap it, whatever happened."""
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory(prefix="diagnose-worker-") as folder, ours:
        with theirs:
            process = await _spawn(executable, folder, theirs.fileno(), limits=limits, sandbox=sandbox)
        reader, writer = await asyncio.open_connection(sock=ours, limit=limits.frame_bytes)
        listeners = [
            asyncio.create_task(_listen(process.stdout, "log", on_output)),
            asyncio.create_task(_listen(process.stderr, "error", on_output)),
        ]
        try:
            yield WorkerProcess(process, reader, writer)
        finally:
            await _to_its_end(_end(process, writer, listeners))


async def _spawn(
    executable: str, folder: str, channel: int, *, limits: RuntimeLimits, sandbox: bool
) -> asyncio.subprocess.Process:
    options = {
        "channel": channel,
        "parent": os.getpid(),
        "sandbox": sandbox,
        "limits": {
            "sleep_seconds": limits.sleep_seconds,
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
        },
    }
    Path(folder).chmod(0o500)  # noqa: ASYNC240 - one call on a new, empty folder
    return await asyncio.create_subprocess_exec(
        executable,
        *ISOLATED,
        "-c",
        _START,
        str(_CHILD),
        json.dumps(options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={},
        pass_fds=(channel,),
        start_new_session=True,
    )


async def _listen(
    stream: asyncio.StreamReader | None, level: str, on_output: Callable[[str, str], None]
) -> None:
    """Read everything, so that the child never blocks; hand over lines of bounded length."""
    if stream is None:
        return
    line = b""
    while chunk := await stream.read(_READ_BYTES):
        *lines, line = (line + chunk).split(b"\n")
        for complete in lines:
            on_output(level, complete[:_LONGEST_LINE].decode("utf-8", "replace"))
        line = line[:_LONGEST_LINE]
    if line:
        on_output(level, line.decode("utf-8", "replace"))


async def _to_its_end(cleaning: Coroutine[None, None, None]) -> None:
    """Clean up although we are being cancelled, even again and again, as cancel scopes do."""
    task = asyncio.ensure_future(cleaning)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def _end(
    process: asyncio.subprocess.Process, writer: asyncio.StreamWriter, listeners: list[asyncio.Task[None]]
) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    await asyncio.gather(*listeners)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
