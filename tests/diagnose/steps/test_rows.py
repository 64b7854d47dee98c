from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.errors import StepError
from diagnose.importing import Rows
from diagnose.steps import ImportRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
COLUMNS = ("day", "place", "metres", "photo")
VALUES = (
    (1, "north", 0.5, b"\x00\xff"),
    (1, "south", None, None),
    (2, "nörth", 1e200, b""),
    (9007199254740993, "it's", -1.0, None),
)
STEP = ImportRows(
    database_id=HARBOUR,
    database_name="harbour",
    table="levels",
    rows=Rows(COLUMNS, VALUES),
    key=("day", "place"),
)
TABLE = "CREATE TABLE levels (day INTEGER, place TEXT, metres REAL, photo BLOB, UNIQUE (day, place))"


@pytest.fixture
def levels(rows: Callable[[str], list[object]]) -> Callable[[], set[object]]:
    """The table, and what stands in it."""
    rows(TABLE)
    return lambda: set(rows("SELECT day, place, metres, photo FROM levels"))


async def test_rows_are_imported_compared_and_taken_back(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], again: Callable[[Step], Step]
):
    step = await STEP.prepare(workspace)
    assert step.ours == (0, 1, 2, 3)
    assert await step.verify(workspace) == "of 4 rows 0 are there and 0 are equal"

    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    assert levels() == set(VALUES)

    restored = again(step)
    assert restored == step
    for _ in range(2):
        assert await restored.undo(workspace) is None
    assert levels() == set()


async def test_rows_that_were_there_before_stay(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], rows: Callable[[str], list[object]]
):
    rows("INSERT INTO levels VALUES (1, 'south', NULL, NULL), (7, 'south', 3.0, NULL)")
    step = await STEP.prepare(workspace)
    assert step.ours == (0, 2, 3)

    await step.apply(workspace)
    assert await step.verify(workspace) is None
    await step.undo(workspace)

    assert levels() == {(1, "south", None, None), (7, "south", 3.0, None)}


async def test_rows_that_were_changed_since_stay(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], rows: Callable[[str], list[object]]
):
    step = await STEP.prepare(workspace)
    await step.apply(workspace)
    rows("UPDATE levels SET metres = 2.0 WHERE place = 'north'")

    assert await step.undo(workspace) == "1 rows of levels were changed since; they stay"
    assert levels() == {(1, "north", 2.0, b"\x00\xff")}


async def test_a_row_that_differs_from_ours_is_noticed(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], rows: Callable[[str], list[object]]
):
    rows("INSERT INTO levels VALUES (1, 'south', 7.0, NULL)")
    step = await STEP.prepare(workspace)
    await step.apply(workspace)

    assert await step.verify(workspace) == "of 4 rows 4 are there and 3 are equal"


async def test_undoing_before_anything_happened_is_no_harm(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]]
):
    assert await (await STEP.prepare(workspace)).undo(workspace) is None


async def test_undoing_without_the_table_is_no_harm(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], rows: Callable[[str], list[object]]
):
    step = await STEP.prepare(workspace)
    rows("DROP TABLE levels")

    assert await step.undo(workspace) is None


async def test_a_missing_table_is_a_step_error(workspace: ProjectWorkspace):
    with pytest.raises(StepError, match="no such table: levels"):
        await STEP.prepare(workspace)
    with pytest.raises(StepError, match="no such table: levels"):
        await STEP.apply(workspace)
    assert "no such table: levels" in str(await STEP.verify(workspace))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((None, "north", 0.5, None), "row 0 has no value in the key column day"),
        ((1, "north", math.nan, None), "nan cannot be stored"),
        ((1, "north", math.inf, None), "inf cannot be stored"),
        ((2**63, "north", 0.5, None), "does not fit into 64 bits"),
    ],
)
async def test_what_cannot_be_imported_is_refused_before_anything_is_written(
    workspace: ProjectWorkspace, levels: Callable[[], set[object]], row: tuple[object, ...], message: str
):
    step = replace(STEP, rows=Rows(COLUMNS, (row, *VALUES)))

    with pytest.raises(StepError, match=message):
        await step.prepare(workspace)
    assert levels() == set()


async def test_rows_that_the_table_refuses_are_missed(
    workspace: ProjectWorkspace, rows: Callable[[str], list[object]]
):
    rows(
        "CREATE TABLE levels (day INTEGER, place TEXT, metres REAL NOT NULL, photo BLOB, UNIQUE (day, place))"
    )
    step = await STEP.prepare(workspace)

    await step.apply(workspace)

    assert await step.verify(workspace) == "of 4 rows 3 are there and 3 are equal"


def test_it_reads_as_what_it_does():
    assert STEP.title == "import 4 rows into levels of database harbour"
    assert STEP.preview() == (
        "INSERT OR IGNORE INTO levels (day, place, metres, photo) SELECT … FROM json_each(?1)\n"
        "4 rows in 3 statement(s), one bound parameter each; then every row is compared by (day, place)"
    )
