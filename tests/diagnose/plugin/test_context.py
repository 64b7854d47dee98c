from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from diagnose.account import Account, AccountKind, MissingPermissionError, Secret
from diagnose.embedded import EmbeddedAccount
from diagnose.plugin import Context, NamedWorker, Need, Target
from diagnose.plugin.context import migrated_schema
from diagnose.project import open_project

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
NAME = 'name = "tides"\n'
MAIN = 'main = "worker.py"\ncompatibility_date = "2026-04-01"\ncompatibility_flags = ["python_workers"]\n'
DATABASE = f'\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "harbour"\ndatabase_id = "{HARBOUR}"\n'
LEVELS = "CREATE TABLE levels (day INTEGER);"


@pytest.fixture
def look(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Context]:
    """A context over a project of these files."""

    def make(
        config: str,
        files: Mapping[str, str] | None = None,
        *,
        target: Target = Target.OFFLINE,
        **fields: object,
    ) -> Context:
        folder = write_project({"wrangler.toml": config} | dict(files or {}))
        return Context(project=open_project(folder), target=target, **fields)

    return make


@pytest.fixture
async def account(anyio_backend: str) -> AsyncIterator[Account]:
    """An account with the database `harbour`, which holds one table."""
    from diagnose.d1 import Statement

    with EmbeddedAccount.memory() as embedded:
        embedded.create_database("harbour", uuid=HARBOUR)
        embedded.database(HARBOUR).run(Statement("CREATE TABLE tides (height REAL)"))
        async with Account.over_app(
            embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.SAVED
        ) as client:
            yield client


async def test_a_fact_is_found_once_however_many_ask(look: Callable[..., Context]):
    ctx = look(NAME)
    searches = []

    async def search() -> int:
        searches.append("searching")
        await asyncio.sleep(0)
        return 7

    assert await asyncio.gather(*(ctx.fact("tide", search) for _ in range(5))) == [7] * 5
    assert searches == ["searching"]


async def test_who_gives_up_on_a_fact_does_not_take_it_from_the_others(look: Callable[..., Context]):
    ctx = look(NAME)
    found = asyncio.Event()

    async def search() -> int:
        await found.wait()
        return 7

    waiting = asyncio.ensure_future(ctx.fact("tide", search))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ctx.fact("tide", search), 0.01)
    found.set()

    assert await waiting == 7


async def test_a_fact_that_cannot_be_found_fails_for_everybody(look: Callable[..., Context]):
    ctx = look(NAME)

    async def search() -> int:
        raise LookupError("no tide")

    for _ in range(2):
        with pytest.raises(LookupError, match="no tide"):
            await ctx.fact("tide", search)


@pytest.mark.parametrize(
    ("config", "files", "need", "reason"),
    [
        (NAME, {}, Need.CONFIG, None),
        ("name =\n", {}, Need.CONFIG, "there is no wrangler config that parses (CFG001)"),
        (NAME, {}, Need.SOURCE, "there is no worker source: the config names no `main`"),
        (NAME + MAIN, {"worker.py": "pass\n"}, Need.SOURCE, None),
        (NAME, {}, Need.ACCOUNT, "needs an account; --offline looks at files only"),
        (NAME, {}, Need.REAL, "needs a Cloudflare account: --target cloudflare"),
        (NAME, {}, Need.SCHEMA, "the config declares no D1 database"),
        ("name =\n", {}, Need.SCHEMA, "there is no wrangler config that parses (CFG001)"),
        (NAME + DATABASE, {"migrations/0001.sql": LEVELS}, Need.SCHEMA, None),
        (NAME, {}, Need.RUNTIME, "--offline never executes project code"),
    ],
)
async def test_missing_needs_have_a_reason(
    look: Callable[..., Context], config: str, files: Mapping[str, str], need: Need, reason: str | None
):
    assert await look(config, files).missing(need) == reason


async def test_a_main_that_is_missing_is_named(look: Callable[..., Context]):
    reason = await look(NAME + MAIN).missing(Need.SOURCE)

    assert reason is not None
    assert "worker.py" in reason


async def test_an_account_that_is_derived_proves_nothing(look: Callable[..., Context]):
    reason = await look(NAME, target=Target.EMBEDDED).missing(Need.ACCOUNT)

    assert reason is not None
    assert reason.startswith("needs --target cloudflare")


async def test_unknown_tables_name_the_way_out(look: Callable[..., Context]):
    reason = await look(NAME + DATABASE).missing(Need.SCHEMA)

    assert reason is not None
    assert "no account was read and there are no migrations" in reason
    assert "diagnose init" in reason


async def test_the_schema_is_that_of_the_account_where_there_is_one(
    look: Callable[..., Context], account: Account
):
    ctx = look(NAME + DATABASE, {"migrations/0001.sql": LEVELS}, target=Target.EMBEDDED, account=account)

    schema = await ctx.schema(ctx.config.d1[0])

    assert schema is not None
    assert [table.name for table in schema.tables] == ["tides"]
    assert await ctx.missing(Need.ACCOUNT) is None


async def test_a_database_that_the_account_has_not_has_no_schema(
    look: Callable[..., Context], account: Account
):
    unknown = DATABASE.replace(HARBOUR, "00000000-0000-4000-8000-000000000000")
    ctx = look(NAME + unknown, {"migrations/0001.sql": LEVELS}, target=Target.EMBEDDED, account=account)

    assert await ctx.schema(ctx.config.d1[0]) is None
    assert await ctx.missing(Need.SCHEMA) == "no configured database exists in the account"


def test_migrations_are_run_in_their_order(look: Callable[..., Context]):
    files = {
        "migrations/0002.sql": "ALTER TABLE levels ADD COLUMN metres REAL;",
        "migrations/0001.sql": LEVELS,
    }
    ctx = look(NAME + DATABASE, files)

    schema = migrated_schema(ctx.project, ctx.config.d1[0])

    assert schema is not None
    table = schema.table("LEVELS")
    assert table is not None
    assert [column.name for column in table.columns] == ["day", "metres"]


def test_migrations_that_do_not_run_tell_nothing(look: Callable[..., Context]):
    ctx = look(NAME + DATABASE, {"migrations/0001.sql": "ALTER TABLE nowhere ADD COLUMN a;"})

    assert migrated_schema(ctx.project, ctx.config.d1[0]) is None


def test_what_a_check_must_require_first(look: Callable[..., Context]):
    with pytest.raises(LookupError, match=r"must require Need\.CONFIG"):
        look("name =\n").config  # noqa: B018 - the property is asked
    with pytest.raises(LookupError, match=r"must require Need\.SOURCE"):
        look(NAME).source  # noqa: B018 - idem


async def test_the_worker_to_look_up_or_why_there_is_none(look: Callable[..., Context], account: Account):
    worker = look(NAME, target=Target.CLOUDFLARE, account=account).worker()
    assert worker == NamedWorker(name="tides", account=account)
    assert (worker.resource, worker.undeployed) == ("worker/tides", "worker tides is not deployed (DEP001)")
    nameless = look(MAIN, target=Target.CLOUDFLARE, account=account)
    assert nameless.worker() == "the config gives the worker no `name`"
    assert look(NAME).worker() == "needs an account; --offline looks at files only"


async def test_the_migrations_stand_in_where_the_token_may_not_read(write_project):
    uuid = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
    config = f'name = "a"\n[[d1_databases]]\nbinding = "DB"\ndatabase_id = "{uuid}"\n'
    project = open_project(
        write_project({"wrangler.toml": config, "migrations/0001.sql": "CREATE TABLE rates (day TEXT)"})
    )
    with EmbeddedAccount.memory() as embedded:
        token = Secret(embedded.issue_token(permissions=frozenset()))
        async with Account.over_app(embedded.app(), embedded.account_id, token, AccountKind.REAL) as account:
            ctx = Context(project=project, target=Target.CLOUDFLARE, account=account)
            (binding,) = project.config.d1
            with pytest.raises(MissingPermissionError):
                await ctx.schema(binding)
            schema = await ctx.known_schema(binding)
    assert [table.name for table in schema.tables] == ["rates"]
