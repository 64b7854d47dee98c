from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Database, Statement
from diagnose.embedded.invocation import ExecutedStatement
from diagnose.rehearsal.explaining import difference, passed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "CREATE TABLE levels (day INTEGER PRIMARY KEY, place TEXT NOT NULL, metres REAL CHECK (metres >= 0))"
INSERT = "INSERT OR IGNORE INTO levels (day, place, metres) VALUES (?, ?, ?)"


def executed(sql: str, *params: object) -> ExecutedStatement:
    return ExecutedStatement(binding="DB", method="run", sql=sql, params=params)


@pytest.fixture
def database() -> Iterator[Database]:
    with Database.memory() as database:
        database.run(Statement(TABLE))
        yield database


@pytest.mark.parametrize(
    ("rows", "constraint"),
    [
        ([(1.0, "north", 0.5)], None),
        ([(1.0, "north", 0.5), (1.0, "south", 0.5)], None),
        ([(1.0, "north", 0.5), (2.0, None, 0.5)], "NOT NULL constraint failed: levels.place"),
        ([(1.0, "north", -0.5)], "CHECK constraint failed: metres >= 0"),
    ],
)
def test_the_constraint_for_which_a_row_is_left_out(database, rows, constraint):
    statements = [executed(INSERT, *row) for row in rows]
    for statement in statements:
        database.run(Statement(statement.sql, statement.params))
    landed = database.run(Statement("SELECT * FROM levels")).rows

    assert passed_over(database, "levels", statements) == constraint
    assert database.run(Statement("SELECT * FROM levels")).rows == landed


def test_only_or_ignore_passes_over_rows(database):
    assert passed_over(database, "levels", [executed("UPDATE levels SET metres = 1")]) is None


def test_the_first_difference_with_a_row_to_compare():
    missing = {"bound": {"day": 1}, "landed": None}
    other = {"bound": {"day": 2, "metres": 0.5}, "landed": {"day": 2, "metres": "0.5"}}

    assert difference([missing], "bound") is None
    assert difference([missing, other], "fetched") == "metres is '0.5' where 0.5 was fetched"
