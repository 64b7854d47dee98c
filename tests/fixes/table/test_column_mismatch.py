from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
INSERT = "INSERT INTO rates (day, low, high) VALUES ('2025-06-02', 1.5, 2.5)"
FILE = "migrations/0001_add_columns_to_rates.sql"
SQL = "ALTER TABLE rates ADD COLUMN low;\nALTER TABLE rates ADD COLUMN high;\n"


async def test_missing_columns_are_added(worker, account, proven):
    folder = worker(INSERT)
    account(folder, "CREATE TABLE rates (day TEXT, created_at TEXT)")
    await proven("TBL002", folder, FILE, SQL)


async def test_values_that_came_since_keep_the_columns(worker, account, repair, undo, database):
    folder = worker(INSERT)
    account(folder, "CREATE TABLE rates (day TEXT)")
    await repair("TBL002", folder)
    database(folder, INSERT)
    (left,) = (await undo(folder)).left
    assert left.endswith("of rates in rates holds values; the migration stays applied")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("day TEXT, rate REAL NOT NULL", "rates also needs a value for rate, which no statement gives"),
        ("day TEXT, low_ REAL", "low is probably what the table calls low_"),
    ],
)
async def test_another_shape_is_shown_and_left(worker, account, unchanged, columns, reason):
    folder = worker(INSERT)
    account(folder, f"CREATE TABLE rates ({columns})")
    settlement = await unchanged("TBL002", folder)
    assert settlement.outcome is Outcome.REFUSED
    has = ", ".join(column.split()[0] for column in columns.split(", "))
    assert settlement.detail == (
        f"{reason}: decide which shape is right: rates has ({has}), the worker writes (day, low, high)"
    )


async def test_a_strict_table_needs_a_type_from_a_person(worker, account, unchanged):
    folder = worker(INSERT)
    account(folder, "CREATE TABLE rates (day TEXT) STRICT")
    settlement = await unchanged("TBL002", folder)
    assert settlement.detail.startswith("rates is STRICT, and the type of a new column must be chosen")


async def test_a_column_that_is_only_read_is_not_added(worker, account, unchanged):
    folder = worker("SELECT source FROM rates")
    account(folder, "CREATE TABLE rates (day TEXT)")
    settlement = await unchanged("TBL002", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("source is only read, and a new column would be empty")


async def test_migrations_of_another_tool_are_left_to_it(worker, account, unchanged):
    folder = worker(INSERT)
    config = folder / "wrangler.toml"
    config.write_text(config.read_text() + 'migrations_pattern = "migrations/*/migration.sql"\n')
    account(folder, "CREATE TABLE rates (day TEXT)")
    settlement = await unchanged("TBL002", folder)
    assert settlement.detail.startswith("the project's migrations are made by another tool")


async def test_values_for_columns_that_an_insert_does_not_name_are_left(worker, account, unchanged):
    folder = worker("INSERT INTO rates VALUES (1)")
    account(folder, "CREATE TABLE rates (day TEXT, rate REAL)")
    settlement = await unchanged("TBL002", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("an INSERT names no columns, so that nobody can tell")
