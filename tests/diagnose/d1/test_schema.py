from __future__ import annotations

from diagnose.d1.engine import Database, Statement
from diagnose.d1.schema import Column, Schema, UniqueKey, read_schema

SETUP = """
CREATE TABLE price(symbol TEXT NOT NULL, at INTEGER NOT NULL, open REAL DEFAULT 0.5, twice AS (open * 2),\
 PRIMARY KEY(symbol, at))
CREATE TABLE plain(id INTEGER PRIMARY KEY, email UNIQUE, name)
CREATE UNIQUE INDEX by_name ON plain(name) WHERE name IS NOT NULL
CREATE UNIQUE INDEX by_lower ON plain(lower(name))
CREATE INDEX slow ON plain(email, name)
CREATE TABLE strict_one(k TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
CREATE VIEW v AS SELECT 1
CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT)
"""


def schema():
    with Database.memory() as database:
        database.exec(SETUP)
        return database.schema()


def test_tables_are_found_in_any_letter_case():
    found = schema()
    assert [table.name for table in found.tables] == ["counted", "plain", "price", "strict_one"]
    assert found.table("PRICE") is found.table("price")
    assert found.table("v") is None


def test_columns():
    table = schema().table("price")
    assert table.columns == (
        Column(name="symbol", type="TEXT", not_null=True, primary_key_position=1),
        Column(name="at", type="INTEGER", not_null=True, primary_key_position=2),
        Column(name="open", type="REAL", default="0.5"),
        Column(name="twice", generated=True),
    )
    assert table.column("OPEN") is table.columns[2]
    assert table.column("nope") is None


def test_unique_keys():
    found = schema()
    assert found.table("price").unique_keys == (UniqueKey(columns=("symbol", "at"), source="primary key"),)
    assert set(found.table("plain").unique_keys) == {
        UniqueKey(columns=("id",), source="primary key"),
        UniqueKey(columns=("email",), source="unique"),
        UniqueKey(columns=("name",), source="index", partial=True),
        UniqueKey(columns=("",), source="index"),
    }


def test_a_key_serves_an_on_conflict_in_any_order_unless_it_is_partial():
    found = schema()
    assert found.table("price").unique_key(["AT", "symbol"]) is not None
    assert found.table("price").unique_key(["symbol"]) is None
    assert found.table("plain").unique_key(["id"]) is not None
    assert found.table("plain").unique_key(["name"]) is None


def test_table_options():
    table = schema().table("strict_one")
    assert (table.strict, table.without_rowid) == (True, True)
    assert table.unique_keys == (UniqueKey(columns=("k",), source="primary key"),)


def test_it_is_read_with_statements_that_d1_allows():
    with Database.memory() as database:
        database.exec(SETUP)
        read = read_schema(lambda sql, *values: database.run(Statement(sql, values)).rows)
        assert read == database.schema()


def test_an_empty_database():
    with Database.memory() as database:
        assert database.schema() == Schema()
