from __future__ import annotations

import sys

import pytest

from diagnose.embedded.runtime import interpreter


@pytest.fixture(autouse=True)
def _fresh():
    interpreter.newest.cache_clear()
    yield
    interpreter.newest.cache_clear()


def _program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_running_interpreter_stands_in(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = interpreter.newest()
    assert found.executable == sys.executable
    assert found.version == ".".join(map(str, sys.version_info[:3]))


def test_a_shim_that_does_not_start_is_passed_over(monkeypatch, tmp_path):
    _program(tmp_path, "python3.14", "echo 'python3.14: command not found' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter.newest().executable == sys.executable


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="nothing newer is looked for")
def test_a_newer_one_on_path_wins_and_is_asked_once(monkeypatch, tmp_path):
    _program(
        tmp_path, "python3.14", f"echo x >> {tmp_path}/asked; printf 'cpython\\n3.14.2\\n/real/python\\n'"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter.newest() == interpreter.Interpreter("/real/python", "3.14.2")
    assert interpreter.newest().version == "3.14.2"
    assert (tmp_path / "asked").read_text() == "x\n"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="nothing newer is looked for")
@pytest.mark.parametrize("answer", ["pypy\\n3.14.2\\n/x\\n", "cpython\\n3.10.1\\n/x\\n"])
def test_another_implementation_or_version_is_passed_over(monkeypatch, tmp_path, answer):
    _program(tmp_path, "python3.14", f"printf '{answer}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter.newest().executable == sys.executable
