"""Databases, statements and migrations by the real wrangler; what it did is asked for with our own client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from clients.serving import Served
    from clients.wrangler import Wrangler

pytestmark = pytest.mark.anyio


async def test_databases(wrangler: Wrangler, served: Served):
    wrangler("d1 create archive")
    wrangler("d1 create staging")
    async with served.account() as account:
        created = {info.name: info.uuid for info in await account.databases()}
        assert set(created) == {"archive", "staging"}
        await account.query(created["archive"], "CREATE TABLE tides (at INTEGER, height REAL)")

    listed = wrangler("d1 list --json").json
    assert {(item["name"], item["uuid"], item["version"]) for item in listed} == {
        (name, uuid, "production") for name, uuid in created.items()
    }
    info = wrangler("d1 info archive --json").json
    assert (info["uuid"], info["name"], info["num_tables"]) == (created["archive"], "archive", 1)
    assert (info["write_queries_24h"], info["rows_written_24h"]) == (1, 2)

    wrangler("d1 delete staging -y")
    async with served.account() as account:
        assert [info.name for info in await account.databases()] == ["archive"]
    refused = wrangler("d1 create archive", code=1)
    assert "already exists" in refused.both


async def test_all_pages_of_a_long_list(wrangler: Wrangler, served: Served):
    async with served.account() as account:
        for number in range(20):  # two full pages of ten, so wrangler asks for an empty third one
            await account.create_database(f"db-{number}")

    assert [item["name"] for item in wrangler("d1 list --json").json] == [f"db-{n}" for n in range(20)]


async def test_statements(wrangler: Wrangler, served: Served):
    async with served.account() as account:
        uuid = (await account.create_database("archive")).uuid

    sql = (
        "CREATE TABLE tides (at INTEGER PRIMARY KEY, height REAL, note TEXT);"
        "INSERT INTO tides VALUES (1, 2.5, NULL), (2, 3, 'a;b')"
    )
    created, inserted = wrangler("d1 execute archive --remote --json --command", sql).json
    assert (created["results"], created["success"], created["meta"]["changes"]) == ([], True, 0)
    assert (inserted["meta"]["changes"], inserted["meta"]["last_row_id"]) == (2, 2)
    (read,) = wrangler("d1 execute archive --remote --json --command", "SELECT * FROM tides").json
    assert read["results"] == [{"at": 1, "height": 2.5, "note": None}, {"at": 2, "height": 3, "note": "a;b"}]

    async with served.account() as account:
        (rows,) = await account.query(uuid, "SELECT * FROM tides")
        assert rows.rows == ((1, 2.5, None), (2, 3, "a;b"))


async def test_a_database_that_is_named_by_its_id(wrangler: Wrangler, served: Served, database_id: str):
    async with served.account() as account:
        await account.query(database_id, "CREATE TABLE price_data (symbol TEXT)")
    table = "SELECT name FROM sqlite_master WHERE type='table' AND name='price_data'"
    if str(wrangler.release) == "4.86.0":  # it looks for a database of that name
        told = wrangler(f"d1 execute {database_id} --remote --json --command", table, code=1).json
        assert told == {"error": {"text": f"Couldn't find DB with name '{database_id}'"}}
        return

    (found,) = wrangler(f"d1 execute {database_id} --remote --json --command", table).json
    count = "SELECT COUNT(*) FROM price_data"
    (counted,) = wrangler(f"d1 execute {database_id} --remote --json --command", count).json

    assert found["results"] == [{"name": "price_data"}]
    assert counted["results"] == [{"COUNT(*)": 0}]


async def test_a_statement_that_fails(wrangler: Wrangler, served: Served):
    async with served.account() as account:
        uuid = (await account.create_database("archive")).uuid

    path = f"/accounts/{served.account_id}/d1/database/{uuid}/query"
    ended = wrangler("d1 execute archive --remote --json --command", "SELECT * FROM tides", code=1)
    assert ended.json == {
        "error": {
            "text": f"A request to the Cloudflare API ({path}) failed.",
            "notes": [{"text": "no such table: tides: SQLITE_ERROR [code: 7500]"}],
            "kind": "error",
            "name": "APIError",
            "code": 7500,
            "accountTag": served.account_id,
        }
    }
    told = wrangler("d1 execute archive --remote --command", "SELEC 1", code=1)
    assert 'near "SELEC": syntax error at offset 0: SQLITE_ERROR [code: 7500]' in told.both
    unknown = wrangler("d1 execute missing --remote --json --command", "SELECT 1", code=1)
    assert list(unknown.json["error"]) == ["text"]
    assert unknown.json["error"]["text"].startswith("Couldn't find")


async def test_migrations(wrangler: Wrangler, served: Served, tides: Path, database_id: str):
    waiting = wrangler("d1 migrations list archive --remote", cwd=tides)
    assert "0001_heights.sql" in waiting.out
    assert "0002_station.sql" in waiting.out
    applied = wrangler("d1 migrations apply archive --remote", cwd=tides)
    assert "0002_station.sql" in applied.out
    assert "No migrations to apply" in wrangler("d1 migrations list archive --remote", cwd=tides).out

    async with served.account() as account:
        names, heights = await account.query(
            database_id, "SELECT id, name FROM d1_migrations ORDER BY id; SELECT * FROM heights"
        )
        assert names.rows == ((1, "0001_heights.sql"), (2, "0002_station.sql"))
        assert (heights.columns, heights.rows) == (("at", "height", "station"), ((1, 2.5, None),))


async def test_a_migration_that_fails_changes_nothing(
    wrangler: Wrangler, served: Served, tides: Path, database_id: str
):
    broken = tides / "migrations" / "0001_heights.sql"
    broken.write_text(broken.read_text() + "INSERT INTO height VALUES (2, 3);\n")

    ended = wrangler("d1 migrations apply archive --remote", cwd=tides, code=1)

    assert "no such table: height: SQLITE_ERROR [code: 7500]" in ended.both
    async with served.account() as account:
        applied, tables = await account.query(
            database_id, "SELECT * FROM d1_migrations; SELECT name FROM sqlite_master WHERE name = 'heights'"
        )
        assert (applied.rows, tables.rows) == ((), ())
