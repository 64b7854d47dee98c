"""What the commands import, since what they import is most of how long they take to start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PROBE = """
import sys
from diagnose.cli import main

sys.argv = ["diagnose", *sys.argv[1:]]
try:
    main()
except SystemExit as ending:
    print(f"\\nended with {ending.code}", file=sys.stderr)
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""
HEAVY = {"httpx", "tabulate", "tomlkit", "asyncio", "importlib.metadata", "apsw", "starlette", "ast_grep_py"}
WEB = {"starlette", "uvicorn", "multipart", "python_multipart"}
PROJECT = {
    "wrangler.toml": 'name = "tides"\nmain = "worker.py"\ncompatibility_date = "2026-04-01"\n'
    'compatibility_flags = ["python_workers"]\n',
    "worker.py": "from workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    '    async def fetch(self, request):\n        return Response("ok")\n',
}


def run_probe(*words: str) -> tuple[str, set[str]]:
    """How a command ended, and every module that it had imported by then."""
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *_, code, modules = ended.stderr.splitlines()
    return code, set(modules.split())


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_what_needs_no_project_imports_nothing_heavy(word: str):
    code, modules = run_probe(word)

    assert code == "ended with 0"
    assert "click" in modules
    assert modules & HEAVY == set()


def test_an_offline_run_imports_no_web_framework(write_project: Callable[[Mapping[str, str]], Path]):
    folder = write_project(PROJECT)

    code, modules = run_probe("run", "--offline", "--select", "CFG,SRC,LIM", str(folder))

    assert code == "ended with 0"
    assert "ast_grep_py" in modules
    assert modules & WEB == set()


def test_the_surface_of_plug_ins_imports_no_web_framework():
    ended = subprocess.run(
        [sys.executable, "-c", "import sys, diagnose.plugin; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert set(ended.stdout.split()) & (WEB | {"httpx", "apsw"}) == set()
