"""Every command over small projects; the whole story is in tests/story."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONLY = ("--offline", "--select", "CFG002")


def findings(ended: object) -> list[tuple[str, str]]:
    return [(finding["code"], finding["status"]) for finding in json.loads(ended.out)["findings"]]


def test_run_prints_a_report_and_ends_with_its_code(run: Callable[..., object], misspelt: Path):
    ended = run("run", misspelt, *ONLY)

    assert ended.code == 0
    assert "CFG002" in ended.out
    assert "wrangler.toml:8" in ended.out
    assert "\x1b" not in ended.out
    assert run("run", misspelt, *ONLY, "--fail-on", "warning").code == 1
    assert run("run", misspelt, *ONLY, "--fail-on", "never").code == 0


def test_run_as_json(run: Callable[..., object], misspelt: Path):
    ended = run("run", misspelt, *ONLY, "--format", "json")

    assert findings(ended) == [("CFG002", "warn")]
    assert ended.err == ""


def test_colour_can_be_asked_for(run: Callable[..., object], misspelt: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("run", misspelt, *ONLY).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("run", misspelt, *ONLY).out


def test_a_required_skip_fails(run: Callable[..., object], project: Path):
    assert run("run", project, "--offline").code == 0

    ended = run("run", project, "--offline", "--require", "e2e", "--format", "json")

    assert ended.code == 1
    needs_runtime = {"E2E001", "E2E002", "E2E004"}
    assert {status for code, status in findings(ended) if code in needs_runtime} == {"fail"}


def test_ignored_checks_do_not_run(run: Callable[..., object], misspelt: Path):
    ended = run("run", misspelt, "--offline", "--select", "CFG", "--ignore", "CFG002", "--format", "json")

    codes = {code for code, _ in findings(ended)}
    assert "CFG001" in codes
    assert "CFG002" not in codes


def test_the_path_is_where_one_stands(
    run: Callable[..., object], project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(project)

    assert findings(run("run", "--offline", "--select", "CFG001", "--format", "json")) == [("CFG001", "pass")]


@pytest.mark.parametrize("form", ["table", "json"])
def test_without_a_config_there_is_a_message_and_exit_3(
    run: Callable[..., object], tmp_path: Path, form: str
):
    (tmp_path / "empty").mkdir()

    ended = run("run", tmp_path / "empty", "--format", form)

    assert ended.code == 3
    assert ended.err.startswith("error: ")
    assert "Traceback" not in ended.err
    assert (json.loads(ended.out)["error"]["exit_code"] == 3) if form == "json" else (ended.out == "")


def test_a_config_that_does_not_parse_ends_with_2_and_its_finding(run: Callable[..., object], project: Path):
    (project / "wrangler.toml").write_text('name = "tides"\nmain = \n')

    ended = run("run", project, "--offline", "--format", "json")

    assert ended.code == 2
    (finding,) = [f for f in json.loads(ended.out)["findings"] if f["code"] == "CFG001"]
    assert finding["status"] == "fail"
    assert (finding["location"]["path"], finding["location"]["line"]) == ("wrangler.toml", 2)


def test_fix_shows_its_plans_and_changes_nothing_without_a_terminal(
    run: Callable[..., object], misspelt: Path, tree: Callable[[Path], dict[str, bytes]]
):
    before = tree(misspelt)

    ended = run("fix", misspelt, *ONLY)

    assert ended.code == 1
    assert '+database_name = "harbour" # ours' in ended.out
    assert "Nothing was changed." in ended.out
    assert tree(misspelt) == before
    assert not (misspelt / ".diagnose").exists()


def test_fix_repairs_and_undo_restores(
    run: Callable[..., object], misspelt: Path, tree: Callable[[Path], dict[str, bytes]]
):
    before = tree(misspelt)

    fixed = run("fix", misspelt, *ONLY, "--yes")
    after = tree(misspelt)
    again = run("fix", misspelt, *ONLY, "--yes")
    asked = run("undo", misspelt)
    undone = run("undo", misspelt, "--yes")
    nothing = run("undo", misspelt, "--yes")

    assert fixed.code == 0, fixed.out + fixed.err
    assert "CFG002  fixed" in fixed.out
    assert b'\ndatabase_name = "harbour" # ours\n' in after["wrangler.toml"]
    assert (again.code, again.out) == (0, "Nothing to repair.\n")
    assert asked.code == 1
    assert "take back: edit wrangler.toml" in asked.out
    assert "Nothing was changed. Confirm with: --yes" in asked.out
    assert (undone.code, undone.out.splitlines()[-1]) == (0, "1 steps taken back.")
    assert tree(misspelt) == before
    assert (nothing.code, nothing.out) == (0, "There is nothing to undo.\n")


def test_undo_takes_back_a_named_run(run: Callable[..., object], misspelt: Path):
    fixed = run("fix", misspelt, *ONLY, "--yes")
    match = re.search(r"--run (\S+)", fixed.out)
    assert match is not None

    unknown = run("undo", misspelt, "--run", "20200101T000000-000000-0000", "--yes")
    named = run("undo", misspelt, "--run", match[1], "--yes")

    assert unknown.code == 2
    assert f"known runs: {match[1]}" in unknown.err
    assert named.code == 0


def test_fix_prints_the_command_that_takes_it_back(
    run: Callable[..., object], misspelt: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "canary-4f1d7a90")
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "0123456789abcdef0123456789abcdef")
    project = misspelt.rename(misspelt.parent / "the tides")

    fixed = run("fix", project, "--target", "cloudflare", "--select", "CFG002", "--yes")
    words = shlex.split(fixed.out.splitlines()[-1].removeprefix("Take it back with: "))

    assert words[:-1] == ["diagnose", "undo", str(project), "--target", "cloudflare", "--run"]
    assert run(*words[1:], "--yes").out.splitlines()[-1] == "1 steps taken back."


def test_fix_names_what_it_cannot_repair(run: Callable[..., object], project: Path):
    config = project / "wrangler.toml"
    config.write_text(config.read_text() + '[triggers]\ncrons = ["0 3 * * *"]\n')

    ended = run("fix", project, "--offline", "--select", "DEP005", "--yes")

    nothing, left = ended.out.splitlines()
    assert (ended.code, nothing) == (1, "Nothing to repair.")
    assert left.startswith("left: DEP005 ")
    assert left.endswith(" (by hand: diagnose explain DEP005)")


def test_fix_without_problems_has_nothing_to_repair(run: Callable[..., object], project: Path):
    ended = run("fix", project, *ONLY)

    assert (ended.code, ended.out) == (0, "Nothing to repair.\n")


def test_init_writes_settings_once(run: Callable[..., object], project: Path):
    first = run("init", project)
    second = run("init", project)
    forced = run("init", project, "--force")

    assert (first.code, second.code, forced.code) == (0, 2, 0)
    assert "replace it with --force" in second.err
    assert '[trigger]\nkind = "fetch"' in re.sub(r"\n#.*", "", (project / "diagnose.toml").read_text())
    assert run("run", project, "--offline", "--select", "CFG001").code == 0


def test_checks_are_listed(run: Callable[..., object]):
    table, as_json = run("checks"), run("checks", "--format", "json")

    assert (table.code, table.err) == (0, "")
    assert re.search(r"^LIM001 +bound-parameters +error +source +review$", table.out, re.MULTILINE)
    assert {"CFG001", "LIM001", "E2E002"} <= {line["code"] for line in json.loads(as_json.out)}


@pytest.mark.parametrize("name", ["LIM001", "lim001", "bound-parameters"])
def test_a_check_is_explained(run: Callable[..., object], name: str):
    ended = run("explain", name)

    assert ended.code == 0
    assert ended.out.startswith("LIM001 bound-parameters (error)\n\n")
    assert "## Why it matters" in ended.out
    assert ended.out.endswith("Fix: review\n")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("LIM01", "did you mean"),
        ("bound-parameter", "did you mean bound-parameters"),
        ("%", "diagnose checks"),
    ],
)
def test_an_unknown_check_names_its_neighbours(run: Callable[..., object], name: str, hint: str):
    ended = run("explain", name)

    assert ended.code == 2
    assert f"there is no check '{name}'" in ended.err
    assert hint in ended.err


def test_a_journal_that_cannot_be_made_changes_nothing(
    run: Callable[..., object], misspelt: Path, tree: Callable[[Path], dict[str, bytes]]
):
    before = tree(misspelt)
    (misspelt / ".diagnose").write_text("a file stands where the folder should be")

    ended = run("fix", misspelt, *ONLY, "--yes")

    assert ended.code == 4
    assert "error: " in ended.err
    assert "the journal cannot be written" in ended.err
    after = tree(misspelt)
    assert after == before


def test_cloudflare_needs_its_variables(run: Callable[..., object], project: Path):
    ended = run("run", project, "--target", "cloudflare")

    assert ended.code == 2
    assert "needs CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID" in ended.err
