"""What a check or a fix says that it needs is enough: with no other permission it meets no refusal."""

from __future__ import annotations

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.tokens import Permission
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import run_check
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Status

pytestmark = pytest.mark.anyio
REGISTRY = load_registry()
HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
CONFIG = f"""\
name = "tides"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]

[triggers]
crons = ["0 3 * * *"]

[vars]
STATION = "north"

[[d1_databases]]
binding = "DB"
database_name = "pier"
database_id = "{HARBOUR}"

[[queues.producers]]
binding = "LEVELS"
queue = "levels"

[[queues.consumers]]
queue = "levels"
dead_letter_queue = "levels-failed"
"""
WORKER = """\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        key = self.env.API_KEY
        rows = [[day, 1.5] for day in range(2000)]
        places = ", ".join("(?, ?)" for _ in rows)
        values = [value for row in rows for value in row]
        await self.env.DB.prepare(f"INSERT INTO levels (day, metres) VALUES {places}").bind(*values).run()
        await self.env.DB.prepare("INSERT INTO levels (day) VALUES (1) ON CONFLICT (day) DO NOTHING").run()
        await self.env.DB.prepare("INSERT INTO gone (day) VALUES (1)").run()
        await self.env.LEVELS.send(key)

    async def queue(self, batch):
        insert = "INSERT INTO levels (day, depth) VALUES (?, 1)"
        for message in batch.messages:
            await self.env.DB.prepare(insert).bind(message.body).run()
"""
FILES = {
    "wrangler.toml": CONFIG,
    "worker.py": WORKER,
    "migrations/0001_levels.sql": "CREATE TABLE levels (day INTEGER, metres REAL);",
    "migrations/0002_depth.sql": "ALTER TABLE levels ADD COLUMN depth REAL;",
}
TABLES = "CREATE TABLE levels (day INTEGER, metres REAL)"
REFUSALS = ("the token lacks", "not authorized", "Authentication error", "Unauthorized")


def granted(scopes: tuple[str, ...]) -> frozenset[Permission]:
    return frozenset(map(Permission, scopes))


@pytest.fixture
def folder(write_project, saved_account):
    folder = write_project(FILES)
    state = saved_account(folder, {HARBOUR: ("harbour", TABLES)})
    with EmbeddedAccount.open(state) as account:
        account.create_queue("levels")
    return folder


@pytest.fixture
def deployed(folder):
    """The same project, whose worker is deployed with other code, without bindings and without its secret."""
    code = WORKER.replace("2000", "1000").encode()
    upload = Upload(
        main_module="worker.py",
        modules={"worker.py": Module(content=code, content_type="text/x-python")},
        bindings=({"type": "plain_text", "name": "STATION", "text": "south"},),
    )
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.create_queue("levels-failed")
        account.put_script(upload_and_deploy(account.state, "tides", upload))
        account.attach_consumer(account.find_queue("levels").id, "tides")
    return folder


@pytest.mark.parametrize("code", REGISTRY.checks)
async def test_a_check_needs_no_more_than_its_scopes(folder, code):
    found = await restricted(folder, code)
    assert found
    assert refusals(found) == []
    assert [f.message for f in found if f.status is Status.ERROR] == []


@pytest.mark.parametrize("code", ["CFG008", "DEP001", "DEP002", "DEP003", "DEP004", "QUE003", "TBL004"])
async def test_nor_does_it_where_the_worker_is_deployed(deployed, code):
    found = await restricted(deployed, code)
    assert refusals(found) == []
    assert {f.status for f in found} <= {Status.PASS, Status.WARN, Status.FAIL}


@pytest.mark.parametrize("code", ["CFG008", "DEP002", "DEP003", "DEP004"])
async def test_nor_do_fixes_where_the_worker_is_deployed(deployed, code, repair_over_http, monkeypatch):
    monkeypatch.setenv("TIDES_KEY_FOR_TESTS", "q7Zr2Lw9")
    scopes = granted((*REGISTRY.checks[code].scopes, *REGISTRY.fixes[code].scopes))
    options = {**OPTIONS, "drift": "deploy", "secret_API_KEY_env": "TIDES_KEY_FOR_TESTS"}
    result = await repair_over_http(code, deployed, permissions=scopes, options=options)
    assert {one.outcome.value for one in result.settlements} <= {"fixed", "in order"}
    assert refusals(result.findings) == []


SERIES = [1_772_323_200 + day * 86_400 for day in range(60)]
ROWS = ", ".join(f"({day}, 1.5)" for day in SERIES if day != SERIES[20])
KEYED = "CREATE TABLE levels (day INTEGER PRIMARY KEY, metres REAL);"
FILLING = f"""\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, metres) VALUES (?, ?)")
        await insert.bind({SERIES[20]}, 1.5).run()
"""


async def test_missing_rows_are_written_with_no_more_than_that(
    write_project, saved_account, repair_over_http
):
    files = {"worker.py": FILLING, "diagnose.toml": '[watch]\ntable = "levels"\n'}
    config = CONFIG.partition("[[queues")[0]
    folder = write_project({"wrangler.toml": config, "migrations/0001.sql": KEYED, **files})
    saved_account(folder, {HARBOUR: ("harbour", f"{KEYED} INSERT INTO levels VALUES {ROWS}")})
    scopes = granted((*REGISTRY.checks["DAT001"].scopes, *REGISTRY.fixes["DAT001"].scopes))
    assert scopes == {Permission.D1_READ, Permission.D1_EDIT}
    result = await repair_over_http("DAT001", folder, permissions=scopes)
    assert [(one.outcome.value, one.detail) for one in result.settlements] == [
        ("fixed", "the worker's trigger brings 1 of 1 missing rows")
    ]


def refusals(found):
    return [f.message for f in found if any(text in f.message for text in REFUSALS)]


async def restricted(folder, code):
    """What a check finds with a token that has its scopes and no others."""
    check = REGISTRY.checks[code]
    async with Session(SessionOptions(path=folder)) as session:
        ctx = await session.context()
        with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as embedded:
            token = embedded.issue_token(permissions=granted(check.scopes))
            async with Account.over_app(
                embedded.app(), embedded.account_id, Secret(token), AccountKind.SAVED
            ) as account:
                ctx.account = account
                return await run_check(check, ctx)


OPTIONS = {"trigger": "cron:0 4 * * *", "option": "queue", "key": "day"}
REPAIRED = {"CFG006", "TBL001", "TBL002", "TBL003", "TBL004", "DEP001", "QUE002", "QUE003"}


@pytest.mark.parametrize("code", [code for code, fix in REGISTRY.fixes.items() if fix.scopes])
async def test_a_fix_needs_no_more_than_its_scopes_and_those_of_its_check(folder, code, repair_over_http):
    scopes = granted((*REGISTRY.checks[code].scopes, *REGISTRY.fixes[code].scopes))
    result = await repair_over_http(code, folder, permissions=scopes, options=dict(OPTIONS))
    assert result.settlements or code not in REPAIRED
    assert [one.detail for one in result.settlements if any(text in one.detail for text in REFUSALS)] == []
