"""`diagnose serve` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Served:
    """A server that answers, until `stop`, `kill` or the end of the `with` block."""

    process: subprocess.Popen[str]
    line: dict[str, str]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=f"{self.line['base_url']}/accounts/{self.line['account_id']}",
            headers={"Authorization": f"Bearer {self.line['token']}"},
            timeout=60,
        )

    @classmethod
    def start(cls, *words: str | Path, **environment: str) -> Self:
        """Start it, and wait for its line."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "CF_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "diagnose", "serve", *map(str, words)],
            env=kept | {"PYTHONWARNINGS": "error"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            _, err = process.communicate()
            raise AssertionError(f"serve ended with {process.returncode}: {err}")
        return cls(process, json.loads(line))

    def stop(self, number: int = signal.SIGTERM, *, timeout: float = 30) -> tuple[int, str, str]:
        """End it by a signal within these seconds; its exit code, and what it wrote after its line."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.kill()

    def result(self, method: str, path: str, **more: Any) -> Any:
        """The result of a call that succeeds."""
        answer = self.client.request(method, path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def create_database(self, name: str = "market") -> str:
        """Its UUID."""
        uuid: str = self.result("POST", "/d1/database", json={"name": name})["uuid"]
        return uuid

    def rows(self, uuid: str, sql: str) -> list[list[Any]]:
        """What a statement returns."""
        rows: list[list[Any]] = self.result("POST", f"/d1/database/{uuid}/raw", json={"sql": sql})[0][
            "results"
        ]["rows"]
        return rows

    def module(self, script: str) -> str:
        """The code that is deployed, of a worker with one module."""
        answer = self.client.get(f"/workers/scripts/{script}/content/v2")
        assert answer.status_code == 200, answer.text
        head, _, rest = answer.text.partition("\r\n\r\n")
        boundary = head.partition("\r\n")[0]
        return rest.rpartition(f"\r\n{boundary}")[0]
