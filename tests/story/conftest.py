"""The product as its users start it: one process per command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.demo.writing import write_demo

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parent.parent / "fixtures"
ANSWERS = ("--option", "option=direct", "--option", "trigger=cron:0 3 * * *")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    def findings(self, code: str) -> list[dict[str, Any]]:
        return [finding for finding in self.json["findings"] if finding["code"] == code]


def run_command(*words: str | Path, cwd: Path | None = None, **environment: str) -> Ended:
    """Run `diagnose` without a terminal and without any Cloudflare variable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "CF_", "FORCE_COLOR"))}
    ended = subprocess.run(
        [sys.executable, "-m", "diagnose", *map(str, words)],
        cwd=cwd,
        env=kept | {"PYTHONWARNINGS": "error", "NO_COLOR": "1", "COLUMNS": "100"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="session")
def diagnose() -> Callable[..., Ended]:
    """Run the command."""
    return run_command


@pytest.fixture(scope="session")
def broken_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as it is written; not to be changed."""
    folder = tmp_path_factory.mktemp("broken") / "demo"
    write_demo(folder)
    return folder


@pytest.fixture
def demo(broken_demo: Path, tmp_path: Path) -> Path:
    """A demo of one's own."""
    return Path(shutil.copytree(broken_demo, tmp_path / "demo"))


@pytest.fixture(scope="session")
def fixed_demo(tmp_path_factory: pytest.TempPathFactory, broken_demo: Path) -> Path:
    """The demo after `fix`; not to be changed."""
    folder = Path(shutil.copytree(broken_demo, tmp_path_factory.mktemp("fixed") / "demo"))
    ended = run_command("fix", folder, "--yes", *ANSWERS)
    assert ended.code == 0, ended.out + ended.err
    return folder


def all_files(folder: Path) -> dict[str, bytes]:
    """Every file with its content, the tool's own included."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def project_files(folder: Path) -> dict[str, bytes]:
    """Every file of the project itself."""
    return {name: content for name, content in all_files(folder).items() if not name.startswith(".diagnose")}


@pytest.fixture(scope="session")
def files() -> Callable[[Path], dict[str, bytes]]:
    return all_files


@pytest.fixture(scope="session")
def sources() -> Callable[[Path], dict[str, bytes]]:
    return project_files
