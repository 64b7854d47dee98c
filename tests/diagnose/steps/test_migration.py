from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.embedded.app.faults import Fault, FaultKind
from diagnose.errors import StepError
from diagnose.steps import ApplyMigration, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded.app.faults import Faults
    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
LEVELS = Reversal(
    guard="SELECT count(*) FROM levels",
    sql="DROP TABLE levels",
    kept="the table levels holds rows now; it stays",
)
MIGRATION = ApplyMigration(
    database_id=HARBOUR,
    database_name="harbour",
    name="0001_harbour's_levels.sql",
    sql="CREATE TABLE levels (day INTEGER PRIMARY KEY, metres REAL);\n"
    "CREATE INDEX by_metres ON levels (metres);\n",
    reversals=(LEVELS,),
)
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"


async def test_a_migration_is_applied_once_and_entered(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    step = await MIGRATION.prepare(workspace)

    assert await step.verify(workspace) == "0001_harbour's_levels.sql is not entered as applied"
    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None

    assert rows(TABLES) == [("d1_migrations",), ("levels",)]
    assert rows("SELECT id, name FROM d1_migrations") == [(1, "0001_harbour's_levels.sql")]


async def test_it_is_undone_in_another_process(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]], again: Callable[[Step], Step]
):
    step = await MIGRATION.prepare(workspace)
    await step.apply(workspace)

    restored = again(step)

    assert restored == step
    for _ in range(2):
        assert await restored.undo(workspace) is None
    assert rows(TABLES) == []


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.GATEWAY_TIMEOUT])
async def test_whichever_answer_is_lost_it_is_applied_once_and_taken_back(
    faulty: ProjectWorkspace,
    faults: Faults,
    rows: Callable[[str], list[object]],
    kind: FaultKind,
    number: int,
):
    step = await MIGRATION.prepare(faulty)
    faults.replace(Fault(kind=FaultKind.SLOW, seconds=0, times=number - 1), Fault(kind=kind, times=1))
    await step.apply(faulty)
    assert rows("SELECT id, name FROM d1_migrations") == [(1, "0001_harbour's_levels.sql")]

    faults.replace(Fault(kind=FaultKind.SLOW, seconds=0, times=number - 1), Fault(kind=kind, times=1))
    assert await step.undo(faulty) is None
    assert rows(TABLES) == []


async def test_undoing_before_anything_happened_is_no_harm(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    assert await (await MIGRATION.prepare(workspace)).undo(workspace) is None
    assert rows(TABLES) == []


async def test_the_table_of_migrations_stays_where_it_was_there_before(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    rows("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT, applied_at TEXT DEFAULT 'now')")
    step = await MIGRATION.prepare(workspace)
    await step.apply(workspace)

    assert await step.undo(workspace) is None
    assert rows(TABLES) == [("d1_migrations",)]
    assert rows("SELECT count(*) FROM d1_migrations") == [(0,)]


async def test_nobodys_rows_are_dropped(workspace: ProjectWorkspace, rows: Callable[[str], list[object]]):
    step = await MIGRATION.prepare(workspace)
    await step.apply(workspace)
    rows("INSERT INTO levels VALUES (1, 0.5)")

    assert await step.undo(workspace) == "the table levels holds rows now; it stays"
    assert rows("SELECT * FROM levels") == [(1, 0.5)]
    assert await step.verify(workspace) is None


async def test_without_a_reversal_it_stays_and_says_so_beforehand(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    step = await replace(MIGRATION, reversals=()).prepare(workspace)
    await step.apply(workspace)

    assert step.irreversible == "what this migration changes stays when the run is undone"
    assert await step.undo(workspace) == "migration 0001_harbour's_levels.sql stays applied to harbour"
    assert MIGRATION.irreversible is None


async def test_a_migration_that_fails_leaves_nothing(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    step = replace(MIGRATION, sql="CREATE TABLE a (b);\nCREATE TABLE a (b);")

    with pytest.raises(StepError, match=r"table `?a`? already exists") as caught:
        await step.apply(workspace)
    assert caught.value.where == f"database {HARBOUR}"
    assert rows(TABLES) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE levels (day)",
        "CREATE TABLE levels (day);;\n",
        "CREATE TABLE levels (day); -- the end",
        "CREATE TABLE levels (day) -- the end",
        "CREATE TABLE levels (day);\n/* the end */",
    ],
)
async def test_a_migration_may_end_as_it_likes(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]], sql: str
):
    await replace(MIGRATION, sql=sql).apply(workspace)

    assert rows(TABLES) == [("d1_migrations",), ("levels",)]


async def test_another_table_of_migrations(workspace: ProjectWorkspace, rows: Callable[[str], list[object]]):
    step = await replace(MIGRATION, migrations_table='my "own"').prepare(workspace)
    await step.apply(workspace)

    assert rows(TABLES) == [("levels",), ('my "own"',)]
    assert await step.undo(workspace) is None
    assert rows(TABLES) == []


async def test_a_database_that_is_not_there_is_named(workspace: ProjectWorkspace):
    unknown = "00000000-0000-4000-8000-000000000000"

    with pytest.raises(StepError) as caught:
        await replace(MIGRATION, database_id=unknown).prepare(workspace)
    assert caught.value.where == f"database {unknown}"


def test_it_reads_as_what_it_does():
    assert MIGRATION.title == (f"apply migration 0001_harbour's_levels.sql to database harbour ({HARBOUR})")
    assert MIGRATION.preview() == MIGRATION.sql.strip()
