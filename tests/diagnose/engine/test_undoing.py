from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.engine.journal import Journal
from diagnose.engine.undoing import undo_run
from diagnose.errors import StepError
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.engine.session import Session
    from diagnose.engine.undoing import UndoResult

pytestmark = pytest.mark.anyio

DEPLOY = {"script_name": "tides", "existed": False, "previous_versions": [], "previous_crons": None}


def begin(folder: Path, target: str = "offline") -> Journal:
    return Journal.begin(folder / ".diagnose" / "journal", target=target, agenda=[])


def write(journal: Journal, folder: Path, path: str, before: str | None, after: str) -> None:
    """An edit that was made, as a run of fix would have left it."""
    number = len(journal.steps) + 1
    record = EditFile.text(path, before, after).record()
    journal.append(event="step", number=number, code="WRD001", kind="edit-file", record=record)
    (folder / path).write_text(after)
    journal.append(event="applied", number=number)


@pytest.fixture
def take_back(session: Callable[..., Session], recorder: type) -> Callable[[Journal], UndoResult]:
    async def run(journal: Journal) -> UndoResult:
        async with session() as opened:
            return await undo_run(opened, journal, recorder())

    return run


async def test_the_last_step_is_taken_back_first(take_back: Callable[..., UndoResult], folder: Path):
    journal = begin(folder)
    write(journal, folder, "a.txt", "one", "two")
    write(journal, folder, "a.txt", "two", "three")
    write(journal, folder, "b.txt", None, "new")

    result = await take_back(journal)

    assert (result.restored, result.left) == (3, ())
    assert (folder / "a.txt").read_text() == "one"
    assert not (folder / "b.txt").exists()
    assert [(e["event"], e.get("number")) for e in journal.events[-4:]] == [
        ("undone", 3),
        ("undone", 2),
        ("undone", 1),
        ("restored", None),
    ]


async def test_what_was_edited_since_is_left_and_named(take_back: Callable[..., UndoResult], folder: Path):
    journal = begin(folder)
    write(journal, folder, "a.txt", "one", "two")
    write(journal, folder, "b.txt", "one", "two")
    (folder / "b.txt").write_text("mine")

    result = await take_back(journal)

    assert (result.restored, result.left) == (1, ("b.txt was edited since; it was left as it is",))
    assert (folder / "b.txt").read_text() == "mine"
    assert (folder / "a.txt").read_text() == "one"


async def test_undoing_again_is_no_harm(take_back: Callable[..., UndoResult], folder: Path):
    journal = begin(folder)
    write(journal, folder, "a.txt", "one", "two")
    await take_back(journal)

    again = await take_back(Journal.read(journal.path))

    assert (again.restored, again.left) == (0, ())


async def test_a_step_on_another_account_waits_for_it(
    session: Callable[..., Session], recorder: type, folder: Path
):
    journal = begin(folder, "cloudflare")
    write(journal, folder, "a.txt", "one", "two")
    journal.append(event="step", number=2, code="DEP001", kind="deploy-worker", record=DEPLOY)
    operator = recorder()

    async with session() as opened:
        result = await undo_run(opened, journal, operator)

    waits = "deploy worker tides: needs the account it acted on (cloudflare)"
    assert (result.restored, result.left) == (1, (waits,))
    assert operator.seen == [f"undone deploy worker tides: {waits}", "undone edit a.txt: None"]
    assert journal.can_be_undone
    assert not [event for event in journal.events if event["event"] == "restored"]


async def test_a_record_that_leads_outside_stops_everything(
    take_back: Callable[..., UndoResult], folder: Path
):
    journal = begin(folder)
    (folder.parent / "x").write_text("not yours")
    record = {"path": "../x", "before": None, "after": "bm90IHlvdXJz", "made_folders": []}
    journal.append(event="step", number=1, code="WRD001", kind="edit-file", record=record)

    with pytest.raises(StepError):
        await take_back(journal)
    assert (folder.parent / "x").read_text() == "not yours"


@pytest.mark.parametrize(
    ("kind", "record", "message"),
    [
        ("format-disk", {}, "a step of the unknown kind 'format-disk'"),
        ("edit-file", {}, "the journal's record of a step 'edit-file' cannot be read: 'path'"),
        ("edit-file", {"path": "a", "before": 7, "after": None, "made_folders": []}, "cannot be read"),
    ],
)
async def test_a_record_that_is_not_ours_is_refused(
    take_back: Callable[..., UndoResult], folder: Path, kind: str, record: dict[str, object], message: str
):
    journal = begin(folder)
    journal.append(event="step", number=1, code="WRD001", kind=kind, record=record)

    with pytest.raises(StepError, match=message):
        await take_back(journal)
