from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import UUID

from diagnose.demo.account import DATABASES, MAIN, STAGING

if TYPE_CHECKING:
    from diagnose.demo.account import DemoDatabase


def columns(database: DemoDatabase, table: str) -> list[str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in database.statements:
            connection.execute(statement)
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def demo_config() -> dict:
    text = files("diagnose.demo").joinpath("project/pyswarm/wrangler_historical_import.toml").read_text()
    return tomllib.loads(text)


def test_the_config_names_the_main_database_by_its_id_and_by_another_name():
    (binding,) = demo_config()["d1_databases"]
    assert binding == {"binding": "DB", "name": "history", "database_id": MAIN.uuid}
    assert MAIN.name != binding["name"]


def test_the_table_is_missing_from_the_main_database():
    assert columns(MAIN, "price_data") == []
    assert columns(MAIN, "import_progress") == ["symbol", "last_timestamp", "updated_at"]


def test_the_second_database_has_the_table_with_other_columns():
    assert columns(STAGING, "price_data") == [
        "id", "symbol", "timestamp", "timeframe", "open", "high", "low", "close", "volume", "source",
    ]  # fmt: skip


def test_the_ids_are_random_uuids_of_their_own():
    assert {UUID(database.uuid).version for database in DATABASES} == {4}
    assert len({database.uuid for database in DATABASES}) == 2
