"""Where reports go, and what happens where they cannot go."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from diagnose.cli.outputs import Outputs, parse_outputs, replace_file, without_commands
from diagnose.errors import UsageError
from diagnose.report.markdown import LEAST, LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONLY = ("--offline", "--select", "CFG002")
HEADS = {
    "table": "Rehearsed locally; your account was not read.\n\nproject ",
    "json": '{\n  "schema_version": 1,',
    "junit": '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="diagnose" tests="1"',
    "github": "::warning file=wrangler.toml,line=8,col=1,title=CFG002 unknown-or-misplaced-key::",
    "sarif": '{\n  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",',
    "markdown": "## diagnose: 1 warned\n",
}


@pytest.fixture(autouse=True)
def _outside_of_actions(monkeypatch: pytest.MonkeyPatch):
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("form", HEADS)
@pytest.mark.parametrize("option", ["--output", "--format"])
def test_every_format_is_printed(run: Callable[..., object], misspelt: Path, form: str, option: str):
    ended = run("run", misspelt, *ONLY, option, form)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(HEADS[form])


def test_every_format_is_written_and_the_table_is_printed(
    run: Callable[..., object], misspelt: Path, tmp_path: Path
):
    files = {form: tmp_path / f"report.{form}" for form in HEADS}

    ended = run("run", misspelt, *ONLY, *(f"--output={form}={file}" for form, file in files.items()))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(HEADS["table"])
    assert {form: file.read_text().startswith(HEADS[form]) for form, file in files.items()} == dict.fromkeys(
        HEADS, True
    )
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == {
        file.name for file in files.values()
    }


@pytest.mark.parametrize(
    ("fail_on", "select", "code"),
    [
        ("error", "CFG002", 0),
        ("warning", "CFG002", 1),
        ("advice", "CFG002", 1),
        ("never", "CFG002", 0),
        ("error", "LIM001", 1),
        ("warning", "LIM001", 1),
        ("advice", "LIM001", 1),
        ("never", "LIM001", 0),
        ("error", "QUE001", 0),
        ("warning", "QUE001", 0),
        ("advice", "QUE001", 1),
        ("never", "QUE001", 0),
    ],
)
def test_the_exit_code_does_not_depend_on_the_output(
    run: Callable[..., object], demo: Path, fail_on: str, select: str, code: int
):
    files = {form: demo.parent / f"report.{form}" for form in HEADS}
    outputs = [f"--output={form}={file}" for form, file in files.items()]

    ended = run("run", demo, "--offline", "--select", select, "--fail-on", fail_on, *outputs)

    assert (ended.code, ended.err) == (code, "")
    assert [form for form, file in files.items() if select not in file.read_text()] == []
    invocation = json.loads(files["sarif"].read_text())["runs"][0]["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, code)


def test_one_report_is_printed_and_others_are_written(
    run: Callable[..., object], misspelt: Path, tmp_path: Path
):
    file = tmp_path / "report.xml"

    ended = run("run", misspelt, *ONLY, "--format", "json", "--output", f"junit={file}")

    assert json.loads(ended.out)["findings"][0]["code"] == "CFG002"
    assert file.read_text().startswith(HEADS["junit"])


def test_a_dash_is_stdout():
    assert parse_outputs(None, ["json=-"]) == Outputs(stdout="json", files={})
    assert parse_outputs(None, []) == Outputs(stdout="table", files={})


@pytest.mark.parametrize(
    ("form", "given", "message"),
    [
        ("json", ["table"], "only one report can be printed, not json and table"),
        (None, ["json", "sarif=-"], "only one report can be printed, not json and sarif"),
        (None, ["yaml=x"], "there is no format 'yaml'"),
        (None, ["json="], "names no file"),
        (None, ["json=."], "names no file"),
        (None, ["json=missing/report.json"], "there is no folder missing"),
        (None, ["json=a", "sarif=a"], "two reports would be written to a"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(
    form: str | None, given: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match=re.escape(message)):
        parse_outputs(form, given)


def test_a_missing_folder_ends_with_2(run: Callable[..., object], misspelt: Path):
    ended = run("run", misspelt, *ONLY, "--output", "junit=missing/report.xml")

    assert (ended.code, ended.out) == (2, "")
    assert "there is no folder missing" in ended.err
    assert "make it first" in ended.err


def test_a_file_that_cannot_be_written_loses_nothing_else(
    run: Callable[..., object], misspelt: Path, tmp_path: Path
):
    # A name may have 255 bytes; the temporary file's is longer, so no right of the superuser helps.
    bad, good = tmp_path / ("n" * 250), tmp_path / "report.json"

    ended = run("run", misspelt, *ONLY, "--output", f"sarif={bad}", "--output", f"json={good}")

    assert ended.code == 4
    assert ended.out.startswith(HEADS["table"])
    assert json.loads(good.read_text())["summary"]["warned"] == 1
    assert f"a report could not be written: {bad} (File name too long)" in ended.err
    assert "what was printed and the other files are complete" in ended.err
    assert not bad.exists()


def test_a_run_that_could_not_finish_is_written_too(run: Callable[..., object], tmp_path: Path):
    (tmp_path / "empty").mkdir()
    files = {form: tmp_path / f"report.{form}" for form in HEADS}

    ended = run("run", tmp_path / "empty", *(f"--output={form}={file}" for form, file in files.items()))

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("error: ")
    assert ["wrangler" in file.read_text() for file in files.values()] == [True] * len(HEADS)
    assert json.loads(files["json"].read_text())["error"]["exit_code"] == 3


def test_the_reason_for_the_exit_code_is_told_last(run: Callable[..., object], tmp_path: Path):
    (tmp_path / "empty").mkdir()

    ended = run("run", tmp_path / "empty", "--output", f"json={tmp_path / ('n' * 250)}")

    assert ended.code == 3
    first, last = (line for line in ended.err.splitlines() if line.startswith("error: "))
    assert "could not be written" in first
    assert "wrangler" in last


def test_a_file_is_replaced_in_one_piece_and_keeps_its_permissions(tmp_path: Path):
    file, link = tmp_path / "report.json", tmp_path / "link.json"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)

    replace_file(link, "new\n")

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new\n", 0o640)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "report.json"]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path):
    (tmp_path / "other").write_text("")

    replace_file(tmp_path / "report.json", "new")

    assert (tmp_path / "report.json").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_is_no_file_is_written_to(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    replace_file(pipe, "text")

    assert os.read(reader, 100) == b"text"
    os.close(reader)


def test_the_summary_of_a_job_is_appended(
    run: Callable[..., object], misspelt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    ended = run("run", misspelt, *ONLY, "--format", "github")

    assert ended.code == 0
    assert summary.read_text().startswith("# before\n## diagnose: 1 warned\n")


@pytest.mark.parametrize(("used", "room"), [(LIMIT - LEAST, True), (LIMIT - LEAST + 1, False)])
def test_a_summary_that_is_nearly_full_is_not_overfilled(
    run: Callable[..., object],
    misspelt: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    used: int,
    room: bool,
):
    summary = tmp_path / "summary.md"
    summary.write_text("x" * used)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    assert run("run", misspelt, *ONLY).code == 0

    assert (summary.stat().st_size > used) is room
    assert summary.stat().st_size <= LIMIT


def test_a_summary_that_cannot_be_written_is_told(
    run: Callable[..., object], misspelt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "missing" / "summary.md"))

    ended = run("run", misspelt, *ONLY)

    assert ended.code == 4
    assert ended.out.startswith(HEADS["table"])
    assert "summary.md (No such file or directory)" in ended.err


def test_annotations_land_where_the_repository_begins(
    run: Callable[..., object], misspelt: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(misspelt.parent))

    assert "file=project/wrangler.toml,line=8" in run("run", misspelt, *ONLY, "--format", "github").out


def test_lines_that_a_worker_worded_are_no_commands():
    harmless = "a :: b\nnothing"
    assert without_commands(harmless) == harmless

    for text in ("  ::set-output name=x::y\n", "see ##[add-path]x\n"):
        first, *lines, last = without_commands(text).splitlines()
        match = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", first)
        assert match is not None
        assert lines == text.splitlines()
        assert last == f"::{match[1]}::"


def test_the_table_in_a_job_holds_no_commands(
    run: Callable[..., object], misspelt: Path, monkeypatch: pytest.MonkeyPatch
):
    config = misspelt / "wrangler.toml"
    config.write_text(config.read_text().replace('name = "harbour" # ours', '"##[error]x" = "harbour"'))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    out = run("run", misspelt, *ONLY).out

    assert "##[error]x" in out
    assert out.startswith("::stop-commands::")
    assert re.search(r"\n::[0-9a-f]{32}::\n\Z", out)


def test_an_internal_error_is_a_document_too(
    run: Callable[..., object], misspelt: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_words: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("diagnose.engine.session.open_project", broken)

    ended = run("run", misspelt, *ONLY, "--format", "json")

    assert ended.code == 5
    assert json.loads(ended.out)["error"]["exit_code"] == 5
    assert "internal error: " in ended.err
