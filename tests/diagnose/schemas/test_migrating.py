from __future__ import annotations

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.schemas import applied_names, new_migration, pending_until, read_definitions

MIGRATIONS = {
    "migrations/0001_days.sql": "CREATE TABLE days (day TEXT)",
    "migrations/0002_rates.sql": "CREATE TABLE rates (day TEXT); CREATE VIEW latest AS SELECT * FROM rates",
    "migrations/0003_prices.sql": "CREATE TABLE prices (day TEXT)",
}
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"


@pytest.fixture
async def account():
    with EmbeddedAccount.memory() as embedded:
        embedded.create_database("rates", uuid=UUID)
        client = Account.over_app(
            embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.SAVED
        )
        client.run = lambda sql: embedded.database(UUID).run_all(Statement(sql))
        yield client
        await client.aclose()


def test_the_next_migration_of_a_binding(project):
    opened = project(files=MIGRATIONS)
    (binding,) = opened.config.d1
    made = new_migration(opened, binding, "create prices", "SELECT 1;\n", applied=("0007_old.sql",))
    assert (made.name, made.path) == ("0008_create_prices.sql", "migrations/0008_create_prices.sql")
    assert made.sql == "SELECT 1;\n"


@pytest.mark.parametrize(
    ("pattern", "possible"), [("migrations/*.sql", True), ("migrations/**/migration.sql", False)]
)
def test_a_migration_that_wrangler_would_not_find_is_not_made(project, pattern, possible):
    opened = project(config=f'[[d1_databases]]\nbinding = "DB"\nmigrations_pattern = "{pattern}"\n')
    assert (new_migration(opened, opened.config.d1[0], "x", "") is not None) is possible


def test_what_is_to_be_applied_until_a_table_is_there(project):
    opened = project(files=MIGRATIONS)
    (binding,) = opened.config.d1
    pending = pending_until(opened, binding, {"0001_days.sql"}, "RATES")
    assert [migration.name for migration in pending] == ["0002_rates.sql"]
    assert pending_until(opened, binding, (), "nothing") == ()


def test_a_migration_that_does_not_run_ends_the_search(project):
    opened = project(files={"migrations/0001_a.sql": "CREATE TABL", **MIGRATIONS})
    assert pending_until(opened, opened.config.d1[0], (), "rates") == ()


@pytest.mark.anyio
async def test_definitions_without_an_account_are_those_of_the_migrations(project):
    opened = project(files=MIGRATIONS)
    definitions = await read_definitions(opened, None, opened.config.d1[0])
    assert definitions == (
        "CREATE TABLE days (day TEXT)",
        "CREATE TABLE rates (day TEXT)",
        "CREATE TABLE prices (day TEXT)",
        "CREATE VIEW latest AS SELECT * FROM rates",
    )


@pytest.mark.anyio
async def test_there_are_no_definitions_without_migrations_or_with_a_broken_one(project):
    assert await read_definitions(project(), None, project().config.d1[0]) is None
    broken = project(files={"migrations/0001_a.sql": "CREATE TABL"})
    assert await read_definitions(broken, None, broken.config.d1[0]) is None


@pytest.mark.anyio
async def test_definitions_of_an_account(project, account):
    account.run("CREATE TABLE t (a); CREATE VIRTUAL TABLE words USING fts5 (text)")
    opened = project(files=MIGRATIONS)
    definitions = await read_definitions(opened, account, opened.config.d1[0])
    assert definitions[0] == "CREATE VIRTUAL TABLE words USING fts5 (text)"
    assert "CREATE TABLE t (a)" in definitions
    other = project(config='[[d1_databases]]\nbinding = "DB"\n')
    assert await read_definitions(other, account, other.config.d1[0]) is None


@pytest.mark.anyio
async def test_the_names_of_applied_migrations(project, account):
    (binding,) = project().config.d1
    assert await applied_names(account, binding) == frozenset()
    account.run("CREATE TABLE d1_migrations (name TEXT); INSERT INTO d1_migrations VALUES ('0001_days.sql')")
    account.forget()
    assert await applied_names(account, binding) == {"0001_days.sql"}
