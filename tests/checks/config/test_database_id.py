from __future__ import annotations

import pytest

from checks.config.database_id import DatabaseId
from diagnose.model import Status

pytestmark = pytest.mark.anyio

GOOD = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"


def config(database_id):
    line = "" if database_id is None else f'database_id = "{database_id}"\n'
    return f'name = "a"\n\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "prices"\n{line}'


@pytest.mark.parametrize(
    ("database_id", "message"),
    [
        (GOOD, "the id of `DB` has the form of a database id"),
        (None, "`DB` has no id, so a deploy finds or creates its database"),
    ],
)
async def test_ids_in_order(write_project, found, database_id, message):
    folder = write_project({"wrangler.toml": config(database_id)})
    assert await found("CFG005", folder) == [("pass", "error", "high", message, "wrangler.toml:3:3")]


async def test_no_database(write_project, found):
    folder = write_project({"wrangler.toml": 'name = "a"\n'})
    assert [each[3] for each in await found("CFG005", folder)] == ["the config declares no D1 database"]


async def test_a_placeholder(write_project, check):
    folder = write_project({"wrangler.toml": config("<your-database-id>")})
    [finding] = [each for each in await check("CFG005", folder, offline=True) if each.code == "CFG005"]
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == "`DB` has the id '<your-database-id>', which no database has"
    assert str(finding.location) == "wrangler.toml:6:1"
    assert finding.resource == "d1/prices"
    assert finding.evidence == {
        "binding": "DB",
        "database_name": "prices",
        "database_id": "<your-database-id>",
        "reason": "placeholder",
    }


@pytest.mark.parametrize("database_id", ["00000000-0000-0000-0000-000000000000", "YOUR_ID", "xxxx", "123"])
async def test_more_placeholders(write_project, found, database_id):
    folder = write_project({"wrangler.toml": config(database_id)})
    assert [each[0] for each in await found("CFG005", folder)] == ["fail"]


@pytest.mark.parametrize(
    ("path", "database_id", "reason"),
    [
        ("wrangler.toml", "${D1_ID}", "substituted"),
        ("wrangler.toml", "{{ d1_id }}", "substituted"),
        ("wrangler.toml", "", "empty"),
        ("examples/import/wrangler.toml", "YOUR_ID", "template"),
        ("wrangler.example.toml", "YOUR_ID", "template"),
    ],
)
async def test_placeholders_on_purpose_are_advice(write_project, check, path, database_id, reason):
    folder = write_project({path: config(database_id)})
    findings = await check("CFG005", folder, offline=True, config=path)
    [finding] = [each for each in findings if each.code == "CFG005"]
    assert (finding.status, finding.severity.value) == (Status.WARN, "advice")
    assert finding.evidence["reason"] == reason


async def test_skips_without_a_config(write_project, found):
    folder = write_project({"wrangler.toml": "name = \n"})
    assert [each[0] for each in await found("CFG005", folder)] == ["skip"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(DatabaseId)
    assert finding.status is Status.ERROR
