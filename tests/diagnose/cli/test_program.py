from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = "import sys; sys.argv[0] = {started!r}; from diagnose.cli.program import program; print(program())"


def shown(started, cwd, path=os.defpath):
    ended = subprocess.run(
        [sys.executable, "-c", SHOW.format(started=str(started))],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "venv" / "bin" / "diagnose"
    file.parent.mkdir(parents=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_found_on_the_path_it_has_its_name(script, tmp_path):
    assert shown(script, tmp_path, path=str(script.parent)) == "diagnose"


def test_in_an_environment_that_is_not_active_it_has_its_place(script, tmp_path):
    assert shown(script, tmp_path) == "venv/bin/diagnose"


def test_in_the_same_folder_it_has_a_dot(script):
    assert shown(script, script.parent) == "./diagnose"


def test_as_a_module_it_names_the_interpreter(tmp_path):
    told = shown(Path("somewhere") / "__main__.py", tmp_path)
    assert told.endswith(" -m diagnose")
    assert (tmp_path / told.split()[0]).resolve() == Path(sys.executable).resolve()
