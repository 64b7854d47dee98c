"""`diagnose explain`: pages of checks, and errors that somebody pastes."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = "D1_ERROR: too many SQL variables at offset 448: SQLITE_ERROR"


def test_an_error_is_explained(run: Callable[..., object]):
    ended = run("explain", TEXT)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"too many bound parameters\n\n  text      {TEXT}\n  kind      permanent: ")
    assert "\nFound by\n  LIM001 bound-parameters: " in ended.out
    assert "In the project" not in ended.out


@pytest.mark.parametrize(
    "pasted",
    [
        f"\x1b[31m✘ [ERROR] {TEXT}\x1b[0m",
        json.dumps({"error": {"text": "A request failed.", "notes": [{"text": TEXT}], "code": 7500}}),
        f"Nov 26 10:00:00 worker: Error: {TEXT}\n    at async fetch (worker.py:12)",
    ],
)
def test_what_stands_around_it_does_not_matter(run: Callable[..., object], pasted: str):
    ended = run("explain", pasted)

    assert ended.code == 0
    assert ended.out.startswith("too many bound parameters\n")
    assert "\x1b" not in ended.out


def test_with_a_path_the_statement_is_named(run: Callable[..., object], demo: Path):
    ended = run("explain", TEXT, demo)
    place = "pyswarm/Data_Import/historical_worker.py:70:5 INSERT price_data in insert_candles_to_d1"

    assert ended.code == 0
    told = " ".join(ended.out.split())
    assert f"In the project it comes from here: {place}: D1 refuses it" in told
    assert "parameter 101 stands at byte 448" in told


def test_with_a_path_that_gives_another_offset_this_is_said(run: Callable[..., object], demo: Path):
    ended = run("explain", TEXT.replace("448", "261"), demo)

    assert ended.code == 0
    assert "no place in the worker's source gives this error at offset 261" in ended.out


def test_an_error_is_read_from_stdin(run: Callable[..., object], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TEXT}\n"))

    assert run("explain", "-").out.startswith("too many bound parameters\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [("7403", "no access to this account or product"), ("[code: 11001]", "queue handler missing")],
)
def test_a_code_of_the_api_is_explained(run: Callable[..., object], text: str, name: str):
    assert run("explain", text).out.startswith(f"{name}\n")


def test_an_unknown_error_says_what_to_give(run: Callable[..., object]):
    ended = run("explain", "something went wrong")

    assert (ended.code, ended.out) == (2, "")
    assert "none of the errors that are known here" in ended.err


def test_the_neighbours_of_a_misspelt_code_are_named(run: Callable[..., object]):
    ended = run("explain", "LIM01")

    assert ended.code == 2
    assert "did you mean LIM001" in ended.err


def test_a_missing_project_is_told(run: Callable[..., object], tmp_path: Path):
    ended = run("explain", TEXT, tmp_path / "nowhere")

    assert (ended.code, ended.out) == (2, "")
    assert "there is no such folder" in ended.err
