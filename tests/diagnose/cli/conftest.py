"""The command line in this process, without a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from diagnose import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WORKER = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
"""
WRANGLER = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Run `diagnose` with these words."""
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "FORCE_COLOR", "DIAGNOSE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def start(*words: object) -> Ended:
        monkeypatch.setattr("sys.argv", ["diagnose", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(ending.value.code or 0), out, err)

    return start


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Path:
    """A correct worker that imports nothing."""
    return write_project({"wrangler.toml": WRANGLER, "worker.py": WORKER})


@pytest.fixture
def misspelt(write_project: Callable[[Mapping[str, str]], Path]) -> Path:
    """A project with one problem that has a safe fix: `name` for `database_name`."""
    database = '\n[[d1_databases]]\nbinding = "DB"\nname = "harbour" # ours\n'
    database += 'database_id = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"\n'
    return write_project({"wrangler.toml": WRANGLER + database, "worker.py": WORKER})


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo as it is written."""
    from diagnose.demo.writing import write_demo

    write_demo(tmp_path / "demo")
    return tmp_path / "demo"
