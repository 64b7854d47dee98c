"""An embedded account served by `diagnose serve`, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.account import Account, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Neither the machine's own account nor its proxies have a part in these tests.
OURS = (
    "CLOUDFLARE_",
    "CF_",
    "WRANGLER_",
    "DIAGNOSE_",
    "NODE_",
    "NPM_",
    "npm_",
    "http",
    "HTTP",
    "FORCE_COLOR",
)


def scrubbed() -> dict[str, str]:
    """The environment without what would lead a client elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@dataclass(frozen=True)
class Served:
    """An account that is being served."""

    base_url: str
    account_id: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """What sends a client to this account."""
        return {
            "CLOUDFLARE_API_BASE_URL": self.base_url,
            "CLOUDFLARE_API_TOKEN": self.token,
            "CLOUDFLARE_ACCOUNT_ID": self.account_id,
        }

    def account(self) -> Account:
        """Our own client; use it with `async with`."""
        return Account.cloudflare(Secret(self.token), self.account_id, self.base_url)


@contextmanager
def serve(state: Path, *options: str) -> Iterator[Served]:
    """Serve the account kept in a folder until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnose", "serve", "--port", "0", "--state", str(state), *options],
        env=scrubbed() | {"PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        assert line, f"serve ended with {process.wait(timeout=30)}"
        try:
            yield Served(**json.loads(line))
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert process.returncode == 0
