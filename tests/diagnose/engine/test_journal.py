from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.journal import Journal, find_journal, journals
from diagnose.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

STEP = {"event": "step", "code": "LIM001", "kind": "edit-file", "record": {"path": "worker.py"}}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / ".diagnose" / "journal"


def begin(folder: Path, **changes: object) -> Journal:
    return Journal.begin(folder, **({"target": "offline", "agenda": []} | changes))


def named(folder: Path, run_id: str, *events: dict[str, object]) -> Journal:
    """A run with a chosen name, since names are made of the clock."""
    journal = Journal(folder / f"{run_id}.jsonl")
    for event in ({"event": "run", "id": run_id, "target": "offline", "agenda": []}, *events):
        journal.append(**event)
    return journal


def test_a_run_is_one_line_of_json_per_event(home: Path):
    journal = begin(home, target="embedded (saved)", agenda=[{"code": "LIM001"}])
    journal.append(**STEP, number=1)
    journal.append(event="applied", number=1)

    first, *rest = [json.loads(line) for line in journal.path.read_text().splitlines()]

    assert re.fullmatch(r"\d{8}T\d{6}-\d{6}-[0-9a-f]{4}", journal.run_id)
    assert journal.path == home / f"{journal.run_id}.jsonl"
    assert (first["event"], first["id"], first["target"]) == ("run", journal.run_id, "embedded (saved)")
    assert first["agenda"] == [{"code": "LIM001"}]
    assert rest == [STEP | {"number": 1}, {"event": "applied", "number": 1}]


def test_it_is_read_back_as_it_was_written(home: Path):
    journal = begin(home, agenda=[{"code": "LIM001"}])
    journal.append(**STEP, number=1)
    journal.append(event="applied", number=1)
    journal.append(**STEP, number=2)
    journal.append(event="settled", code="LIM001", outcome="fixed")

    again = Journal.read(journal.path)

    assert again.events == journal.events
    assert (again.target, again.agenda, again.settled) == ("offline", [{"code": "LIM001"}], {"LIM001"})
    assert [(step.number, step.applied, step.undone) for step in again.steps] == [
        (1, True, False),
        (2, False, False),
    ]
    assert (again.is_open, again.can_be_undone) == (True, True)


@pytest.mark.parametrize("end", ["finished", "restored"])
def test_a_run_that_ended_is_not_open(home: Path, end: str):
    journal = begin(home)
    journal.append(event=end)

    assert not journal.is_open


def test_undone_steps_leave_nothing_to_undo(home: Path):
    journal = begin(home)
    journal.append(**STEP, number=1)
    journal.append(event="undone", number=1, left=None)

    assert journal.steps[0].undone
    assert not journal.can_be_undone


@pytest.mark.parametrize("torn", [b'{"event": "applied", "num', b"\xff\xfe", b"7"])
def test_a_torn_last_line_is_ignored_and_replaced(home: Path, torn: bytes):
    journal = begin(home)
    journal.append(**STEP, number=1)
    with journal.path.open("ab") as file:
        file.write(torn)

    again = Journal.read(journal.path)
    assert [event["event"] for event in again.events] == ["run", "step"]

    again.append(event="applied", number=1)
    assert [event["event"] for event in Journal.read(journal.path).events] == ["run", "step", "applied"]


def test_a_line_without_its_end_was_not_written(home: Path):
    """The announcement may be complete by chance; it counts only with its line end, which is synced last."""
    journal = begin(home)
    journal.append(**STEP, number=1)
    content = journal.path.read_bytes()
    journal.path.write_bytes(content.removesuffix(b"\n"))

    again = Journal.read(journal.path)
    again.append(event="finished")

    events = [event["event"] for event in Journal.read(journal.path).events]
    assert events == [event["event"] for event in again.events] == ["run", "finished"]


@pytest.mark.parametrize("line", ['"step"', '{"number": 2}', '{"event": "step", "number": 2}'])
def test_a_line_that_no_run_writes_ends_the_journal(home: Path, line: str):
    journal = begin(home)
    journal.append(**STEP, number=1)
    with journal.path.open("a") as file:
        file.write(line + "\n")

    assert [step.number for step in Journal.read(journal.path).steps] == [1]


def test_a_run_torn_at_its_birth_is_no_run(home: Path):
    named(home, "20260101T000000-000000-0001")
    (home / "20260102T000000-000000-0002.jsonl").write_bytes(b'{"event": "ru')

    assert [journal.run_id for journal in journals(home)] == ["20260101T000000-000000-0001"]


def test_the_folder_keeps_itself_out_of_git(home: Path):
    begin(home)

    assert (home.parent / ".gitignore").read_text() == "*\n"


def test_runs_are_listed_oldest_first_and_strangers_left_out(home: Path):
    named(home, "20260102T000000-000000-0000")
    named(home, "20260101T000000-000000-ffff")
    (home / "notes.jsonl").write_text("{}\n")

    names = [journal.run_id for journal in journals(home)]
    assert names == ["20260101T000000-000000-ffff", "20260102T000000-000000-0000"]
    assert journals(home / "nowhere") == []


def test_the_last_run_that_can_be_undone_is_found(home: Path):
    named(home, "20260101T000000-000000-0001", STEP | {"number": 1})
    named(home, "20260102T000000-000000-0002", STEP | {"number": 1}, {"event": "undone", "number": 1})
    named(home, "20260103T000000-000000-0003")

    found = find_journal(home, None)

    assert found is not None
    assert found.run_id == "20260101T000000-000000-0001"


def test_there_may_be_no_run(home: Path):
    assert find_journal(home, None) is None


def test_a_journal_that_cannot_be_read_is_not_taken_for_none(home: Path):
    run_id = "20261127T010203-000000-abcd"
    (home / f"{run_id}.jsonl").mkdir(parents=True)

    with pytest.raises(ProjectError, match="the journal cannot be read: Is a directory") as caught:
        find_journal(home, None)
    assert caught.value.where == str(home / f"{run_id}.jsonl")
    assert caught.value.exit_code == 4


def test_an_unknown_run_lists_those_that_are_known(home: Path):
    named(home, "20260101T000000-000000-0001")
    named(home, "20260102T000000-000000-0002")

    assert find_journal(home, "20260101T000000-000000-0001") is not None
    with pytest.raises(UsageError, match="there is no run 20260101T000000-000000-0003") as caught:
        find_journal(home, "20260101T000000-000000-0003")
    assert caught.value.hint == "known runs: 20260101T000000-000000-0001, 20260102T000000-000000-0002"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / ".diagnose").write_text("a file stands here")

    with pytest.raises(ProjectError, match="the journal cannot be written") as caught:
        begin(tmp_path / ".diagnose" / "journal")
    assert caught.value.exit_code == 4
    assert caught.value.hint == (
        "free some space or check the folder's permissions, then run `diagnose fix` again"
    )


def test_a_journal_that_can_no_longer_be_written_tells_how_to_take_back_what_stands(home: Path):
    journal = begin(home)
    journal.append(**STEP, number=1)
    journal.path.unlink()
    journal.path.mkdir()

    with pytest.raises(ProjectError, match="the journal cannot be written") as caught:
        journal.append(event="applied", number=1)
    assert caught.value.hint == (
        "free some space or check the folder's permissions, then go on with `diagnose fix`, "
        f"or take back what stands with `diagnose undo --run {journal.run_id}`"
    )


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from diagnose.engine.journal import Journal
from diagnose.errors import ProjectError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.begin(Path(sys.argv[1]), target="offline", agenda=[])
size = journal.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))
try:
    journal.append(event="step", number=1, code="LIM001", kind="edit-file", record={})
except ProjectError as error:
    print(error.message)
"""


def test_on_a_full_disk_nothing_is_announced(home: Path):
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(home)], capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout.startswith("the journal cannot be written: ")
    (journal,) = journals(home)
    assert [event["event"] for event in journal.events] == ["run"]
    journal.append(event="finished")
    assert [event["event"] for event in Journal.read(journal.path).events] == ["run", "finished"]
