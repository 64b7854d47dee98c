from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.config.database_identity import DatabaseIdentity
from diagnose import demo
from diagnose.demo import account
from diagnose.model import Status

pytestmark = pytest.mark.anyio

OWN = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
OTHER = "d4e0b7c3-9a61-4c28-8f15-6b2a7e9d1c30"


def config(name_key="database_name", name="history", database_id=OWN):
    entry = f'binding = "DB"\n{name_key} = "{name}"\ndatabase_id = "{database_id}"\n'
    return f'name = "a"\n\n[[d1_databases]]\n{entry}'


@pytest.fixture
def identity(write_project, saved_account, check):
    """The findings on a config with an account of some databases."""

    async def run(text, databases):
        folder = write_project({"wrangler.toml": text})
        saved_account(folder, {uuid: (name, "") for uuid, name in databases.items()})
        return [each for each in await check("CFG006", folder) if each.code == "CFG006"]

    return run


async def test_id_and_name_agree(identity):
    [finding] = await identity(config(), {OWN: "history"})
    assert (finding.status, finding.message) == (Status.PASS, "`DB` is the database history")
    assert finding.resource == f"d1/{OWN}"


@pytest.mark.parametrize("name_key", ["database_name", "name"])
async def test_the_name_differs(identity, name_key):
    [finding] = await identity(config(name_key), {OWN: "market-archive"})
    assert (finding.status, finding.confidence.value) == (Status.WARN, "high")
    assert finding.message == "the database of `DB` is called market-archive, not history"
    assert str(finding.location) == "wrangler.toml:5:1"
    assert finding.resource == f"d1/{OWN}"
    assert finding.evidence == {
        "binding": "DB",
        "database_id": OWN,
        "configured_name": "history",
        "actual_name": "market-archive",
        "other_id": None,
    }


async def test_two_databases(identity):
    [finding] = await identity(config(), {OWN: "market-archive", OTHER: "history"})
    assert finding.status is Status.FAIL
    assert finding.message == (
        f"`DB` names two databases: its id is that of market-archive, and history is another one ({OTHER})"
    )


async def test_an_id_that_is_not_in_the_account(identity):
    [finding] = await identity(config(), {OTHER: "history"})
    assert finding.status is Status.FAIL
    assert finding.message == (
        f"the account has no database with the id of `DB`; the database named history is {OTHER}"
    )
    assert finding.evidence["other_id"] == OTHER


async def test_the_entry_of_the_demo(tmp_path, saved_account, check):
    project = Path(demo.__file__).parent / "project"
    folder = Path(shutil.copytree(project, tmp_path / "demo"))
    saved_account(folder, {database.uuid: (database.name, "") for database in account.DATABASES})
    found = {finding.code: finding for code in ("CFG002", "CFG006") for finding in await check(code, folder)}
    key = "pyswarm/wrangler_historical_import.toml:12:1"
    assert (str(found["CFG002"].location), found["CFG002"].evidence["keys"]) == (
        key,
        ["d1_databases", 0, "name"],
    )
    assert (str(found["CFG006"].location), found["CFG006"].resource) == (key, f"d1/{account.MAIN.uuid}")
    assert found["CFG006"].message == f"the database of `DB` is called {account.MAIN.name}, not history"


async def test_one_id_under_several_names_from_the_config_alone(write_project, found):
    text = config() + config(name="copy").replace('name = "a"\n\n[[', "\n[env.b]\n[[env.b.", 1)
    folder = write_project({"wrangler.toml": text})
    assert await found("CFG006", folder) == [
        (
            "warn",
            "warning",
            "high",
            "one database id stands under 2 names: history, copy",
            "wrangler.toml:11:1",
        ),
        ("skip", "error", "high", "needs an account; --offline looks at files only", "wrangler.toml:5:1"),
    ]


@pytest.mark.parametrize("database_id", ["YOUR_ID", "00000000-0000-0000-0000-000000000000"])
async def test_placeholders_are_those_of_another_check(write_project, found, database_id):
    folder = write_project({"wrangler.toml": config(database_id=database_id)})
    assert [each[3] for each in await found("CFG006", folder)] == ["no D1 binding has an id to compare"]


async def test_skips_without_a_config(write_project, found):
    folder = write_project({"wrangler.toml": "name = \n"})
    assert [each[0] for each in await found("CFG006", folder)] == ["skip"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(DatabaseIdentity)
    assert finding.status is Status.ERROR
