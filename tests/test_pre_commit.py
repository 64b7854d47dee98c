"""The pre-commit hook, run by pre-commit itself over the demo project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from diagnose.demo.writing import write_demo

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
(HOOK,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


@pytest.fixture
def pre_commit(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run pre-commit in a repository, with a cache of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "GITHUB_", "GIT_"))}
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "diagnose").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m diagnose "$@"\n')
    (scripts / "diagnose").chmod(0o755)
    kept |= {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "PATH": f"{scripts}:{kept['PATH']}"}

    def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", *words],
            cwd=cwd,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The demo as a repository whose hook is ours, as it is in the manifest but installed already."""
    folder = tmp_path / "repository"
    write_demo(folder)
    hook = HOOK | {"language": "system"}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    for words in (("init", "--quiet"), ("add", ".")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


def test_the_manifest_is_valid(pre_commit: Callable[..., subprocess.CompletedProcess[str]]):
    ended = pre_commit("validate-manifest", str(MANIFEST))

    assert ended.returncode == 0, ended.stdout


def test_the_hook_is_the_offline_run():
    assert (HOOK["id"], HOOK["entry"], HOOK["pass_filenames"]) == (
        "diagnose",
        "diagnose run --offline",
        False,
    )


def test_the_broken_demo_is_not_committed(
    pre_commit: Callable[..., subprocess.CompletedProcess[str]], repository: Path
):
    ended = pre_commit("run", "--all-files", cwd=repository)

    assert ended.returncode == 1
    assert re.search(r"^diagnose\.+Failed$", ended.stdout, re.MULTILINE)
    assert "exit code: 1" in ended.stdout
    assert "LIM001  one INSERT in insert_candles_to_d1 binds 20,000 parameters" in ended.stdout


def test_a_change_of_something_else_does_not_start_it(
    pre_commit: Callable[..., subprocess.CompletedProcess[str]], repository: Path
):
    (repository / "README.md").write_text("# ours\n")

    ended = pre_commit("run", "--files", "README.md", cwd=repository)

    assert ended.returncode == 0
    assert "(no files to check)Skipped" in ended.stdout


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("wrangler.toml", True),
        ("workers/a/wrangler.jsonc", True),
        ("pyswarm/wrangler_historical_import.toml", True),
        ("diagnose.toml", True),
        ("src/worker.py", True),
        ("src/index.ts", True),
        ("migrations/0001_init.sql", True),
        ("pyproject.toml", False),
        ("package.json", False),
        ("README.md", False),
        ("notes.pyc", False),
    ],
)
def test_files_that_start_the_hook(path: str, matches: bool):
    assert (re.search(HOOK["files"], path) is not None) is matches
