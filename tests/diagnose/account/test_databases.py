from __future__ import annotations

import asyncio

import pytest

from diagnose.account import NotFoundError, StatementError
from diagnose.d1 import Statement

pytestmark = pytest.mark.anyio

DATABASES = "/accounts/0123456789abcdef0123456789abcdef/d1/database"

ZOO = """
CREATE TABLE candles (symbol TEXT NOT NULL, at INTEGER NOT NULL, price REAL DEFAULT 1.5, UNIQUE (symbol, at));
CREATE TABLE numbered (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE);
CREATE TABLE pairs (a, b, c AS (a || b), PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE TABLE typed (v INTEGER) STRICT;
CREATE UNIQUE INDEX partial ON candles (price) WHERE price > 0;
CREATE UNIQUE INDEX expression ON candles (lower(symbol), at);
CREATE INDEX plain ON candles (at);
CREATE VIRTUAL TABLE words USING fts5 (text);
CREATE VIEW latest AS SELECT * FROM candles;
"""


async def test_a_database_is_created_listed_found_and_deleted(account):
    created = await account.create_database("history")
    assert (created.name, created.num_tables, created.version) == ("history", 0, "production")
    (listed,) = await account.databases()
    assert (listed.uuid, listed.num_tables) == (created.uuid, None)
    assert await account.database(created.uuid) == listed
    await account.delete_database(created.uuid)
    assert await account.databases() == ()
    assert await account.database(created.uuid) is None


async def test_a_name_is_matched_exactly(account, embedded):
    for name in ("history-old", "history", "my-history"):
        embedded.create_database(name)
    found = await account.database("history")
    assert found.name == "history"
    assert await account.database("hist") is None


async def test_a_name_that_is_taken_is_refused(account, embedded):
    embedded.create_database("history")
    with pytest.raises(Exception, match="already exists") as caught:
        await account.create_database("history")
    assert (caught.value.code, caught.value.status) == (7502, 400)


async def test_all_pages_of_a_long_list_are_read(account, embedded):
    for number in range(205):
        embedded.create_database(f"db-{number}")
    assert [info.name for info in await account.databases()] == [f"db-{n}" for n in range(205)]
    assert account.requests == (("GET", DATABASES),) * 3


async def test_a_fact_is_asked_for_once_however_many_ask(account, embedded):
    uuid = embedded.create_database("history").uuid
    await asyncio.gather(
        *(account.databases() for _ in range(5)),
        account.database(uuid),
        account.schema(uuid),
        account.schema(uuid),
        account.definitions(uuid),
    )
    await account.database("history")
    await account.database("other")
    assert sorted(account.requests) == [("GET", DATABASES), ("POST", f"{DATABASES}/{uuid}/raw")]


async def test_a_list_of_several_pages_is_not_read_for_one_database(account, embedded):
    uuids = [embedded.create_database(f"db-{number}").uuid for number in range(101)]
    assert (await account.database(uuids[100])).num_tables == 0
    assert await account.database("0b7c1e5d-94f2-4a6f-8b3e-62a1c97d4f08") is None
    assert [path for _, path in account.requests] == [
        DATABASES,
        f"{DATABASES}/{uuids[100]}",
        f"{DATABASES}/0b7c1e5d-94f2-4a6f-8b3e-62a1c97d4f08",
    ]


async def test_a_database_that_is_not_listed_is_looked_for_all_the_same(account, embedded):
    embedded.create_database("history")
    assert await account.database("0b7c1e5d-94f2-4a6f-8b3e-62a1c97d4f08") is None
    assert len(account.requests) == 2


async def test_the_definitions_are_part_of_the_description(account, embedded):
    uuid = embedded.create_database("history").uuid
    embedded.database(uuid).run_all(Statement("CREATE TABLE t (a); CREATE INDEX i ON t (a)"))
    assert await account.definitions(uuid) == (
        ("table", "CREATE TABLE t (a)"),
        ("index", "CREATE INDEX i ON t (a)"),
    )
    assert [table.name for table in (await account.schema(uuid)).tables] == ["t"]
    assert len(account.requests) == 1


async def test_a_write_makes_facts_old(account, embedded):
    uuid = embedded.create_database("history").uuid
    assert (await account.schema(uuid)).tables == ()
    await account.query(uuid, "CREATE TABLE t (a)")
    assert [table.name for table in (await account.schema(uuid)).tables] == ["t"]


async def test_each_statement_has_its_result_and_values_are_bound(account, embedded):
    uuid = embedded.create_database("history").uuid
    results = await account.query(
        uuid,
        "CREATE TABLE t (a TEXT, b); INSERT INTO t VALUES ('x', 1); SELECT a, b, a FROM t WHERE a = ?1",
        ["x"],
    )
    assert [result.meta.changes for result in results] == [0, 1, 0]
    assert results[-1].columns == ("a", "b", "a")
    assert results[-1].rows == (("x", 1, "x"),)
    assert results[1].meta.changed_db is True


async def test_values_travel_as_javascript_sees_them(account, embedded):
    uuid = embedded.create_database("history").uuid
    (result,) = await account.query(uuid, "SELECT 1.0, 1.5, 9007199254740993, x'00ff', NULL, 9e999, 'ü'")
    assert result.rows == ((1, 1.5, 9007199254740992, [0, 255], None, None, "ü"),)
    assert isinstance(result.rows[0][0], int)


async def test_refused_sql_brings_the_text_of_d1_and_changes_nothing(account, embedded):
    uuid = embedded.create_database("history").uuid
    with pytest.raises(StatementError) as caught:
        await account.query(uuid, "CREATE TABLE t (a); INSERT INTO u VALUES (1)")
    assert caught.value.text == "no such table: u: SQLITE_ERROR"
    assert (caught.value.status, caught.value.code) == (400, 7500)
    assert (await account.schema(uuid)).tables == ()


async def test_one_hundred_and_one_parameters_are_too_many(account, embedded):
    uuid = embedded.create_database("history").uuid
    sql = f"SELECT {', '.join('?' * 101)}"
    with pytest.raises(StatementError, match=r"too many SQL variables at offset 307: SQLITE_ERROR"):
        await account.query(uuid, sql, ["x"] * 101)


async def test_a_query_to_an_unknown_database_is_not_found(account):
    with pytest.raises(NotFoundError) as caught:
        await account.query("00000000-0000-4000-8000-000000000000", "SELECT 1")
    assert caught.value.code == 7404


async def test_the_schema_is_the_one_the_engine_reads(account, embedded):
    uuid = embedded.create_database("history").uuid
    embedded.database(uuid).run_all(Statement(ZOO.strip()))
    expected = embedded.database(uuid).schema()
    assert len(expected.tables) == 5
    assert await account.schema(uuid) == expected
    assert len(account.requests) == 1
