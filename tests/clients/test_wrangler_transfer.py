"""A database goes out, comes in, and goes back in time, by the real wrangler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from clients.serving import Served
    from clients.wrangler import Wrangler

pytestmark = pytest.mark.anyio

SQL = """CREATE TABLE tides (at INTEGER PRIMARY KEY, height REAL, note TEXT);
CREATE INDEX tides_height ON tides (height);
INSERT INTO tides VALUES (1, 2.5, 'it''s; high'), (2, NULL, NULL);
"""
ROWS = ((1, 2.5, "it's; high"), (2, None, None))


async def test_a_file_is_imported(wrangler: Wrangler, served: Served, database_id: str, tmp_path: Path):
    file = tmp_path / "tides.sql"
    file.write_text(SQL)

    told = wrangler("d1 execute archive --remote --yes --file", file).both

    assert "3 queries" in told
    async with served.account() as account:
        (rows,) = await account.query(database_id, "SELECT * FROM tides")
        assert rows.rows == ROWS


async def test_a_file_that_fails_changes_nothing(
    wrangler: Wrangler, served: Served, database_id: str, tmp_path: Path
):
    file = tmp_path / "tides.sql"
    file.write_text(SQL + "INSERT INTO tide VALUES (3, 1, NULL);\n")

    ended = wrangler("d1 execute archive --remote --yes --file", file, code=1)

    assert "no such table: tide" in ended.both
    async with served.account() as account:
        (tables,) = await account.query(database_id, "SELECT name FROM sqlite_master WHERE name = 'tides'")
        assert tables.rows == ()


async def test_a_database_is_exported(wrangler: Wrangler, served: Served, database_id: str, tmp_path: Path):
    async with served.account() as account:
        await account.query(database_id, SQL)
        copy = (await account.create_database("copy")).uuid
    whole, schema = tmp_path / "whole.sql", tmp_path / "schema.sql"

    wrangler("d1 export archive --remote --output", whole)
    wrangler("d1 export archive --remote --no-data --output", schema)

    assert "INSERT INTO" not in schema.read_text()
    async with served.account() as account:
        await account.query(copy, whole.read_text())
        rows, indexes = await account.query(
            copy, "SELECT * FROM tides; SELECT name FROM sqlite_master WHERE type = 'index'"
        )
        assert (rows.rows, indexes.rows) == (ROWS, (("tides_height",),))


async def test_time_travel(wrangler: Wrangler, served: Served, database_id: str):
    async with served.account() as account:
        await account.query(database_id, SQL)
    before = wrangler("d1 time-travel info archive --json").json["bookmark"]
    async with served.account() as account:
        await account.query(database_id, "DELETE FROM tides")

    restored = wrangler(f"d1 time-travel restore archive --bookmark {before} --json").json

    assert restored["previous_bookmark"] not in {None, before}
    async with served.account() as account:
        (rows,) = await account.query(database_id, "SELECT * FROM tides")
        assert rows.rows == ROWS
    wrangler(f"d1 time-travel restore archive --bookmark {restored['previous_bookmark']} --json")
    async with served.account() as account:
        (rows,) = await account.query(database_id, "SELECT * FROM tides")
        assert rows.rows == ()
