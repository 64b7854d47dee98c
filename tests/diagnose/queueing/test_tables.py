from __future__ import annotations

import pytest

from diagnose.queueing.tables import table_steps
from diagnose.rewriting import Refused
from diagnose.steps import ApplyMigration, EditFile, Reversal

pytestmark = pytest.mark.anyio
OTHER = {"migrations/0001_other.sql": "CREATE TABLE other (a)"}
THERE = {"migrations/0001_readings.sql": "CREATE TABLE readings (sensor, taken, value)"}
SETTINGS = {
    "diagnose.toml": """\
[watch]
table = "readings"
key = ["sensor", "taken"]

[[responses]]
url = "https://weather.example.com/*"
body_file = "readings.json"

[rows]
path = "readings"
columns = { sensor = "sensor", taken = "taken", value = "value" }
""",
    "readings.json": '{"readings": [{"sensor": "roof", "taken": 1, "value": 0.5}]}',
}
SQL = """\
CREATE TABLE readings (
  sensor TEXT NOT NULL,
  taken INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (sensor, taken)
);
"""


async def steps(opened):
    return await table_steps(opened, None, opened.config.d1[0], opened.source.sites[0])


@pytest.mark.parametrize("files", [{}, THERE])
async def test_where_nothing_is_known_or_nothing_is_missing_there_is_nothing_to_do(project, files):
    assert await steps(project(**files)) == ()


async def test_a_migration_makes_the_table(project):
    edit, apply = await steps(project(**OTHER, **SETTINGS))
    assert edit == EditFile.text("migrations/0002_create_readings.sql", None, SQL)
    assert isinstance(apply, ApplyMigration)
    assert (apply.name, apply.sql) == ("0002_create_readings.sql", SQL)
    assert apply.reversals == (
        Reversal(
            guard="SELECT count(*) FROM readings",
            sql="DROP TABLE readings",
            kept="table readings of weather holds rows; it stays, and its migration stays applied",
        ),
    )


UNTYPED = {"diagnose.toml": SETTINGS["diagnose.toml"].partition("[[")[0]}


@pytest.mark.parametrize("settings", [{}, UNTYPED])
async def test_without_a_key_and_types_it_is_refused(project, settings):
    assert await steps(project(**OTHER, **settings)) == Refused(
        "readings is not there, and nothing says what it is to be",
        "create it first: diagnose fix --select TBL001",
    )
