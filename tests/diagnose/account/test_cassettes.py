"""Our client on recorded answers, without any server; the same bodies recorded them.

pytest tests/diagnose/account/test_cassettes.py -n 0 --record-mode=rewrite
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from clients.cassettes import TOKEN, options

from diagnose.account import Account, ConsumerSpec, Secret, StatementError
from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.serving import BackgroundServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from vcr.cassette import Cassette

pytestmark = pytest.mark.anyio

CASSETTES = Path(__file__).parent / "cassettes"
ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
ARCHIVE = "0b7c1e5d-94f2-4a6f-8b3e-62a1c97d4f08"
NOWHERE = "http://127.0.0.1:9/client/v4"
SQL = "CREATE TABLE tides (at INTEGER PRIMARY KEY, height REAL); INSERT INTO tides VALUES (1, 2.5), (2, NULL)"
WORKER = SimpleNamespace(
    script_name="tides",
    main_module="tides.py",
    modules={
        "tides.py": b"class Default(WorkerEntrypoint):\n    async def queue(self, batch):\n        pass\n"
    },
    bindings=({"type": "d1", "name": "DB", "id": ARCHIVE},),
    compatibility_date="2026-06-01",
    compatibility_flags=("python_workers",),
)
"""The account that is asked: one database; each test makes what else it needs."""


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    return options()


@pytest.fixture
async def account(record_mode: str, vcr: Cassette, anyio_backend: str) -> AsyncIterator[Account]:
    """The client of recorded answers; of a served account while they are recorded."""
    with EmbeddedAccount.memory(account_id=ACCOUNT_ID) as embedded:
        embedded.create_database("archive", uuid=ARCHIVE, created_at="2026-01-01T00:00:00.000Z")
        embedded.database(ARCHIVE).run_all(Statement(SQL))
        embedded.use_token(TOKEN)
        served = nullcontext() if record_mode == "none" else BackgroundServer(embedded)
        with served as server:
            base_url = NOWHERE if server is None else server.base_url
            async with Account.cloudflare(Secret(TOKEN), ACCOUNT_ID, base_url) as client:
                yield client
    if record_mode == "none":
        assert vcr.all_played


@pytest.mark.vcr
async def test_a_token(account: Account):
    info = await account.verify_token()

    assert (info.status, info.owner, info.active) == ("active", "user", True)


@pytest.mark.vcr
async def test_databases(account: Account):
    (info,) = await account.databases()
    assert (info.uuid, info.name, info.num_tables) == (ARCHIVE, "archive", None)
    assert await account.database(ARCHIVE) == await account.database("archive") == info
    assert await account.database("27c30f8a-28ab-4499-9a80-023ed71ab482") is None
    created = await account.create_database("staging")
    await account.delete_database(created.uuid)
    assert [info.name for info in await account.databases()] == ["archive"]


@pytest.mark.vcr
async def test_statements(account: Account):
    rows, inserted = await account.query(ARCHIVE, "SELECT * FROM tides; INSERT INTO tides VALUES (3, 4.5)")
    assert (rows.columns, rows.rows) == (("at", "height"), ((1, 2.5), (2, None)))
    assert (inserted.meta.changes, inserted.meta.last_row_id) == (1, 3)
    (bound,) = await account.query(ARCHIVE, "SELECT height FROM tides WHERE at = ?1", [3], reads_only=True)
    assert bound.rows == ((4.5,),)
    with pytest.raises(StatementError, match="no such table: nope: SQLITE_ERROR") as caught:
        await account.query(ARCHIVE, "SELECT * FROM nope", reads_only=True)
    assert (caught.value.status, caught.value.code) == (400, 7500)


@pytest.mark.vcr
async def test_a_schema(account: Account):
    schema = await account.schema(ARCHIVE)

    (table,) = schema.tables
    assert (table.name, [column.name for column in table.columns]) == ("tides", ["at", "height"])


@pytest.mark.vcr
async def test_a_worker(account: Account):
    assert await account.deployments("tides") is None
    await account.upload(WORKER)
    (deployment,) = await account.deployments("tides")
    assert [share for _, share in deployment.versions] == [100.0]
    settings = await account.script_settings("tides")
    assert settings.binding("DB")["database_id"] == ARCHIVE
    assert (settings.compatibility_date, settings.compatibility_flags) == ("2026-06-01", ("python_workers",))
    await account.put_schedules("tides", ["*/5 * * * *"])
    assert await account.schedules("tides") == ("*/5 * * * *",)
    assert [script.name for script in await account.scripts()] == ["tides"]
    await account.delete_script("tides")
    assert await account.scripts() == ()


@pytest.mark.vcr
async def test_queues(account: Account):
    await account.upload(WORKER)
    queue = await account.create_queue("heights")
    spec = ConsumerSpec(script="tides", settings={"batch_size": 20})
    consumer = await account.attach_consumer(queue.id, spec)
    assert (await account.queue("heights")).consumer_of("tides").spec.settings["batch_size"] == 20
    assert (await account.backlog(queue.id)).messages == 0
    await account.detach_consumer(queue.id, consumer.id)
    assert await account.consumers(queue.id) == ()
    await account.delete_queue(queue.id)
    assert await account.queue("heights") is None


def test_no_cassette_holds_a_secret_or_hides_where_it_stems_from():
    cassettes = sorted(CASSETTES.rglob("*.yaml"))
    assert cassettes
    for cassette in cassettes:
        text = cassette.read_text(encoding="utf-8")
        first = text.partition("\n")[0]
        assert first.startswith("# Recorded against our own account on the loopback interface")
        assert TOKEN not in text
        assert "canary" not in text
        assert "authorization" not in text.lower()
        assert "bearer" not in text.lower()
        assert "api.cloudflare.com" not in text
