from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Database, Statement
from diagnose.embedded.invocation import ExecutedStatement
from diagnose.importing import Rows
from diagnose.rehearsal.definitions import unique_indexes
from diagnose.rehearsal.watching import (
    Watch,
    bound_rows,
    empty_table,
    observe,
    read_columns,
    written_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEVELS = (
    "CREATE TABLE levels (day INTEGER, place TEXT NOT NULL, metres REAL, note TEXT DEFAULT 'none',"
    " UNIQUE (day, place))"
)
JSON_EACH = (
    "INSERT OR IGNORE INTO levels (day, place, metres)"
    " SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
)
WATCH = Watch("DB", "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001", "levels")


def executed(sql: str, *params: object, **changes: object) -> ExecutedStatement:
    fields = {"binding": "DB", "method": "run", "sql": sql, "params": params}
    return ExecutedStatement(**(fields | changes))


@pytest.fixture
def database() -> Iterator[Database]:
    with Database.memory() as database:
        yield database


@pytest.fixture
def bound(database: Database) -> Callable[..., Rows | None]:
    """What statements bound for the table `levels`."""

    def find(*statements: ExecutedStatement, table: str = LEVELS) -> Rows | None:
        database.run_all(Statement(table))
        found = database.schema().table("levels")
        assert found is not None
        return bound_rows(found, statements, keys=unique_indexes(database, "levels"))

    return find


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("INSERT INTO levels VALUES (1)", "levels"),
        ("  insert or ignore\ninto Levels(a) values (1)", "levels"),
        ("REPLACE INTO [my levels] VALUES (1)", "my levels"),
        ('INSERT INTO main."le""vels" SELECT 1', 'le"vels'),
        ("INSERT INTO `levels` DEFAULT VALUES", "levels"),
        ("UPDATE levels SET a = 1", "levels"),
        ("UPDATE OR IGNORE levels SET a = 1", "levels"),
        ("DELETE FROM levels", "levels"),
        ("SELECT * FROM levels", None),
        ("CREATE TABLE levels (a)", None),
    ],
)
def test_the_written_table(sql: str, table: str | None):
    assert written_table(sql) == table


def test_values_are_bound_row_by_row(bound: Callable[..., Rows | None]):
    sql = "INSERT INTO levels (day, place, metres) VALUES (?, ?, ?), (?, ?, ?)"

    assert bound(executed(sql, 1.0, "north", 0.5, 2.0, "north", None)) == Rows(
        ("day", "place", "metres"), ((1, "north", 0.5), (2, "north", None))
    )


def test_json_each_is_evaluated(bound: Callable[..., Rows | None]):
    assert bound(executed(JSON_EACH, '[[1,"north",0.5],[1,"south",null]]')) == Rows(
        ("day", "place", "metres"), ((1, "north", 0.5), (1, "south", None))
    )


def test_what_a_key_rightly_ignores_is_not_bound_twice(bound: Callable[..., Rows | None]):
    found = bound(executed(JSON_EACH, '[[1,"north",0.5],[1,"north",0.7]]'))

    assert found is not None
    assert found.values == ((1, "north", 0.5),)


def test_what_not_null_ignores_was_bound(bound: Callable[..., Rows | None]):
    found = bound(executed(JSON_EACH, '[[1,"north",0.5],[2,null,0.7]]'))

    assert found is not None
    assert found.values == ((1, "north", 0.5), (2, None, 0.7))


def test_an_upsert_updates(bound: Callable[..., Rows | None]):
    sql = (
        "INSERT INTO levels (day, place, metres) VALUES (?, ?, ?)"
        " ON CONFLICT (day, place) DO UPDATE SET metres = excluded.metres"
    )

    found = bound(executed(sql, 1, "north", 0.5), executed(sql, 1, "north", 0.7))

    assert found is not None
    assert found.values == ((1, "north", 0.7),)


def test_updates_and_deletions_count_as_well(bound: Callable[..., Rows | None]):
    insert = "INSERT INTO levels (day, place) VALUES (?, ?)"

    found = bound(
        executed("DELETE FROM levels"),
        executed(insert, 1, "north"),
        executed(insert, 2, "north"),
        executed("UPDATE levels SET place = 'south' WHERE day = 1"),
        executed("DELETE FROM levels WHERE day = ?", 2),
    )

    assert found == Rows(("day", "place"), ((1, "south"),))


def test_without_a_column_list_all_columns_are_bound(bound: Callable[..., Rows | None]):
    assert bound(executed("INSERT INTO levels VALUES (1, 'north', 0.5, 'high')")) == Rows(
        ("day", "place", "metres", "note"), ((1, "north", 0.5, "high"),)
    )


def test_columns_that_a_statement_leaves_out_have_their_default(bound: Callable[..., Rows | None]):
    found = bound(
        executed("INSERT INTO levels (day, place) VALUES (1, 'north')"),
        executed("INSERT INTO levels (note, day, place) VALUES ('high', 2, 'north')"),
    )

    assert found == Rows(("day", "place", "note"), ((1, "north", "none"), (2, "north", "high")))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO levels (day, place) SELECT day, place FROM others",
        "INSERT INTO levels (day, place) VALUES ((SELECT max(day) FROM others), 'north')",
    ],
)
def test_what_depends_on_other_tables_cannot_be_told(bound: Callable[..., Rows | None], sql: str):
    assert bound(executed(sql)) is None


def test_without_an_insert_nothing_was_bound(bound: Callable[..., Rows | None]):
    assert bound(executed("SELECT * FROM levels"), executed("INSERT INTO others VALUES (1)")) is None


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("INTEGER", "12", 12),
        ("REAL", "0.5", 0.5),
        ("DECIMAL(10, 2)", "0.5", 0.5),
        ("INTEGER", "n/a", "n/a"),
        ("TEXT", 7.0, 7.0),
        ("VARCHAR(9)", 7.0, 7.0),
        ("", "7", "7"),
        ("BLOB", b"\x00", b"\x00"),
    ],
)
def test_numbers_in_text_are_numbers_but_numbers_stay_numbers(
    bound: Callable[..., Rows | None], kind: str, value: object, kept: object
):
    found = bound(
        executed("INSERT INTO levels (value) VALUES (?)", value), table=f"CREATE TABLE levels (value {kind})"
    )

    assert found is not None
    assert found.values == ((kept,),)
    assert type(found.values[0][0]) is type(kept)


@pytest.mark.parametrize("autoincrement", ["", "AUTOINCREMENT"])
def test_a_number_that_sqlite_gives_is_no_difference(database: Database, autoincrement: str):
    database.run(Statement(f"CREATE TABLE levels (id INTEGER PRIMARY KEY {autoincrement}, metres REAL)"))
    insert = "INSERT INTO levels (id, metres) VALUES (NULL, ?)"
    database.run(Statement(insert, (9.9,)))
    empty_table(database, "levels")
    for metres in (0.5, 0.7):
        database.run(Statement(insert, (metres,)))

    seen = observe(WATCH, database, [executed(insert, 0.5), executed(insert, 0.7)])

    assert seen.bound == Rows(("id", "metres"), ((1, 0.5), (2, 0.7)))
    assert (seen.landed, seen.equal, seen.examples) == (2, 2, ())


def test_a_table_is_seen_beside_what_was_bound(database: Database):
    database.run(Statement(LEVELS))
    rows = '[[1,"north",0.5],[2,null,0.7],[3,"south",null]]'
    database.run(Statement(JSON_EACH, (rows,)))

    seen = observe(WATCH, database, [executed(JSON_EACH, rows)])

    assert (seen.exists, seen.landed, seen.equal) == (True, 2, 2)
    assert seen.rows == Rows(("day", "place", "metres"), ((1, "north", 0.5), (3, "south", None)))
    assert seen.examples == ({"bound": {"day": 2, "place": None, "metres": 0.7}, "landed": None},)


def test_refused_statements_and_other_bindings_bound_nothing(database: Database):
    database.run(Statement(LEVELS))
    refused = executed(JSON_EACH, "[]", error="D1_ERROR: too many SQL variables: SQLITE_ERROR")

    seen = observe(WATCH, database, [refused, executed(JSON_EACH, "[]", binding="OTHER")])

    assert (seen.bound, seen.landed) == (None, 0)
    assert seen.rows == Rows(("day", "place", "metres", "note"), ())


def test_a_table_that_is_not_there_is_seen_as_that(database: Database):
    seen = observe(WATCH, database, [])

    assert (seen.exists, seen.bound, seen.landed) == (False, None, 0)


def test_a_table_is_emptied_and_stays(database: Database):
    database.run(Statement(LEVELS))
    database.run(Statement(JSON_EACH, ('[[1,"north",0.5]]',)))

    assert empty_table(database, "LEVELS")
    assert not empty_table(database, "nowhere")
    assert read_columns(database, "levels", ("day",)) == Rows(("day",), ())
    assert read_columns(database, "levels", ("tide",)) is None
