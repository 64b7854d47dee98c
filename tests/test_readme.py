"""Every command in the README works, and its picture is what the product prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.demo.writing import write_demo

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line, comments=True)[1:] for line in README.splitlines() if line.startswith("    diagnose ")
]
PICTURE = re.compile(r"<!-- picture: .*? -->\n```text\n(.*?)```\n<!-- end of picture -->", re.DOTALL)
# fix and undo ask at a terminal; here nobody is asked, so they print what they would do and exit 1.
CODES = {
    "run": {1},
    "fix": {1},
    "undo": {0},
    "init": {2},
    "checks": {0},
    "explain": {0},
    "simulate": {0},
    "record": {1},
    "permissions": {0},
}


def run(*words, cwd, columns="100"):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "FORCE_COLOR"))}
    return subprocess.run(
        [sys.executable, "-m", "diagnose", *words],
        cwd=cwd,
        env=kept | {"COLUMNS": columns, "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "demo"
    write_demo(folder)
    return folder


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] != "serve"], ids=" ".join)
def test_a_command_of_the_readme(words, demo, tmp_path):
    folder = shutil.copytree(demo, tmp_path / "demo")
    ended = run(*words, cwd=folder)
    assert ended.returncode in CODES[words[0]], ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "serve"], ids=" ".join)
def test_a_command_of_the_readme_that_serves(words, tmp_path):
    served = subprocess.Popen(
        [sys.executable, "-m", "diagnose", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    with served:
        line = json.loads(served.stdout.readline())
        served.terminate()
    assert served.returncode == 0
    assert line.keys() == {"base_url", "account_id", "token"}


def test_the_example_of_a_test_double_fails_as_it_says(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "test_example.py").write_text(example)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    (error,) = re.findall(r"as production would, with `(.*?)`", README)
    assert ended.returncode == 1
    assert error in ended.stdout
    assert len(example.splitlines()) <= 15


def picture(demo):
    """The first part of a run's output: header, pipeline, and most likely issues."""
    out = run("run", cwd=demo).stdout.replace(str(demo.resolve()), "~/demo")
    return out[: out.index("\n\nFailed (")] + "\n"


def test_the_picture_is_real_output(demo):
    found = PICTURE.search(README)
    assert found is not None
    assert found[1] == picture(demo)


def test_the_two_commands_stand_as_tools_expect_them():
    lines = [line.strip() for line in README.splitlines() if "pytest" in line]
    assert lines[0] == ("python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest")
    assert "    python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/diagnose demo" in README


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_of_the_readme_leads_somewhere(target):
    assert (ROOT / target).exists()
