"""Changes whose answer is lost: each is made exactly once, or the caller is told that it is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from diagnose.account import (
    Account,
    AccountKind,
    ApiError,
    ConsumerSpec,
    OutcomeUnknownError,
    Secret,
    StatementError,
)
from diagnose.account.budget import Unlimited
from diagnose.account.transport import Transport
from diagnose.d1 import Statement
from diagnose.embedded.app.faults import Fault, FaultKind, Faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from virtual_time import VirtualTime

    from diagnose.embedded import EmbeddedAccount

pytestmark = pytest.mark.anyio

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
CODE = b"class Default:\n    async def fetch(self, request): ...\n    async def queue(self, batch): ...\n"
LOST = (FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.GATEWAY_TIMEOUT, FaultKind.INTERNAL_ERROR)


@dataclass(frozen=True)
class Upload:
    script_name: str = "tides"
    main_module: str = "worker.py"
    modules: Mapping[str, bytes] = field(default_factory=lambda: {"worker.py": CODE})
    bindings: Sequence[Mapping[str, object]] = ()
    compatibility_date: str | None = "2026-11-01"
    compatibility_flags: Sequence[str] = ("python_workers",)


@pytest.fixture
def faults(clock: VirtualTime) -> Faults:
    return Faults(sleep=clock.sleep)


@pytest.fixture
async def faulty(
    embedded: EmbeddedAccount, faults: Faults, clock: VirtualTime, anyio_backend: str
) -> AsyncIterator[Account]:
    app = embedded.app(faults=faults)
    transport = Transport.over_app(app, Secret(embedded.token), budget=Unlimited(clock))
    async with Account(transport, ACCOUNT_ID, AccountKind.SAVED) as client:
        yield client


def lose(faults: Faults, kind: FaultKind, method: str, path: str, times: int = 1) -> None:
    faults.replace(Fault(kind=kind, method=method, path=path, times=times))


@pytest.mark.parametrize("kind", LOST)
async def test_a_database_is_made_once(faulty, faults, embedded, kind):
    lose(faults, kind, "POST", "/d1/database$")
    created = await faulty.create_database("history")
    assert [(info.uuid, info.name) for info in embedded.databases.values()] == [(created.uuid, "history")]


@pytest.mark.parametrize("kind", LOST)
async def test_a_queue_is_made_once(faulty, faults, embedded, kind):
    lose(faults, kind, "POST", "/queues$")
    created = await faulty.create_queue("jobs")
    assert [(queue.id, queue.name) for queue in embedded.queues.values()] == [(created.id, "jobs")]


async def test_a_name_that_was_taken_before_is_not_taken_for_ours(faulty, faults, embedded):
    embedded.create_database("history")
    lose(faults, FaultKind.DROP_AFTER, "POST", "/d1/database$")
    with pytest.raises(ApiError) as caught:
        await faulty.create_database("history")
    assert isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.code == 7502


async def test_a_queue_that_was_there_before_is_not_taken_for_ours(faulty, faults):
    await faulty.create_queue("jobs")
    lose(faults, FaultKind.DROP_AFTER, "POST", "/queues$")
    with pytest.raises(ApiError) as caught:
        await faulty.create_queue("jobs")
    assert caught.value.code == 11009


async def test_what_is_lost_every_time_is_found_all_the_same(faulty, faults, embedded):
    lose(faults, FaultKind.DROP_AFTER, "POST", "/queues$", times=50)
    created = await faulty.create_queue("jobs")
    assert [queue.id for queue in embedded.queues.values()] == [created.id]
    assert len(faults.struck) == 1


async def test_what_never_arrives_is_given_up(faulty, faults, embedded):
    lose(faults, FaultKind.DROP_BEFORE, "POST", "/queues$", times=50)
    with pytest.raises(OutcomeUnknownError, match="whether it was done is not known"):
        await faulty.create_queue("jobs")
    assert embedded.queues == {}
    assert len(faults.struck) == 5


@pytest.mark.parametrize("kind", LOST)
async def test_an_upload_makes_one_version(faulty, faults, embedded, kind):
    await faulty.upload(Upload())
    lose(faults, kind, "PUT", "/scripts/tides$")
    await faulty.upload(Upload(modules={"worker.py": CODE + b"# new\n"}))
    assert len(embedded.scripts["tides"].versions) == 2
    assert await faulty.content("tides") == {"worker.py": CODE + b"# new\n"}


@pytest.mark.parametrize("kind", LOST)
async def test_the_same_code_is_uploaded_again_when_only_the_answer_was_lost_before(
    faulty, faults, embedded, kind
):
    await faulty.upload(Upload())
    lose(faults, kind, "PUT", "/scripts/tides$")
    binding = {"name": "MODE", "type": "plain_text", "text": "x"}
    await faulty.upload(Upload(bindings=[binding]))
    assert len(embedded.scripts["tides"].versions) == 2
    assert (await faulty.script_settings("tides")).binding("MODE") is not None


@pytest.mark.parametrize("kind", LOST)
async def test_a_deployment_is_made_once(faulty, faults, kind):
    await faulty.upload(Upload())
    (first,) = await faulty.deployments("tides")
    await faulty.upload(Upload(modules={"worker.py": CODE + b"# new\n"}))
    lose(faults, kind, "POST", "/deployments$")
    await faulty.deploy_versions("tides", first.versions)
    deployments = await faulty.deployments("tides")
    assert len(deployments) == 3
    assert deployments[0].versions == first.versions


@pytest.mark.parametrize("kind", LOST)
async def test_a_consumer_is_attached_once(faulty, faults, kind):
    await faulty.upload(Upload())
    queue = await faulty.create_queue("jobs")
    lose(faults, kind, "POST", "/consumers$")
    spec = ConsumerSpec(script="tides", settings={"batch_size": 7})
    attached = await faulty.attach_consumer(queue.id, spec)
    assert await faulty.consumers(queue.id) == (attached,)


async def test_another_consumer_is_not_taken_for_ours(faulty, faults, embedded):
    await faulty.upload(Upload())
    queue = await faulty.create_queue("jobs")
    await faulty.attach_consumer(queue.id, ConsumerSpec(script=None))
    lose(faults, FaultKind.DROP_AFTER, "POST", "/consumers$")
    with pytest.raises(ApiError) as caught:
        await faulty.attach_consumer(queue.id, ConsumerSpec(script="tides"))
    assert caught.value.code == 11004


@pytest.mark.parametrize("kind", LOST)
async def test_what_is_gone_after_a_lost_answer_was_removed(faulty, faults, embedded, kind):
    await faulty.upload(Upload())
    queue = await faulty.create_queue("jobs")
    consumer = await faulty.attach_consumer(queue.id, ConsumerSpec(script="tides"))
    database = await faulty.create_database("history")
    faults.replace(*(Fault(kind=kind, method="DELETE", path=path, times=1) for path in DELETED))
    await faulty.detach_consumer(queue.id, consumer.id)
    await faulty.delete_queue(queue.id)
    await faulty.delete_script("tides")
    await faulty.delete_database(database.uuid)
    assert len(faults.struck) == 4
    assert (embedded.queues, embedded.scripts, embedded.databases) == ({}, {}, {})


DELETED = ("/consumers/", r"/queues/\w+$", "/scripts/tides$", "/d1/database/")


async def test_what_was_never_there_is_not_removed(faulty):
    with pytest.raises(ApiError) as caught:
        await faulty.delete_script("tides")
    assert caught.value.code == 10007


@pytest.mark.parametrize("kind", LOST)
async def test_what_names_all_that_shall_be_is_said_again(faulty, faults, kind):
    await faulty.upload(Upload())
    lose(faults, kind, "PUT", "/schedules$")
    await faulty.put_schedules("tides", ["*/5 * * * *"])
    assert await faulty.schedules("tides") == ("*/5 * * * *",)
    lose(faults, kind, "POST", "/subdomain$")
    await faulty.set_subdomain("tides", enabled=True)
    assert (await faulty.subdomain("tides")).enabled


@pytest.mark.parametrize("kind", LOST)
async def test_rows_are_neither_lost_nor_doubled(faulty, faults, kind):
    database = await faulty.create_database("history")
    await faulty.query(database.uuid, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    lose(faults, kind, "POST", "/raw$")
    await faulty.query(database.uuid, "INSERT OR IGNORE INTO t VALUES (1), (2)", repeatable=True)
    lose(faults, kind, "POST", "/raw$")
    with pytest.raises(OutcomeUnknownError) as caught:
        await faulty.query(database.uuid, "INSERT INTO t VALUES (3)")
    assert "read the rows back" in caught.value.hint
    (result,) = await faulty.query(database.uuid, "SELECT count(*) FROM t", reads_only=True)
    assert result.rows == ((3 if kind is FaultKind.DROP_AFTER else 2,),)


ROWS = "CREATE TABLE IF NOT EXISTS t (a);\nINSERT INTO t VALUES (1), (2);\n"
IMPORT = "/import$"


@pytest.fixture
def history(embedded: EmbeddedAccount) -> str:
    return embedded.create_database("history").uuid


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    file = tmp_path / "rows.sql"
    file.write_text(ROWS)
    return file


def count(embedded: EmbeddedAccount, uuid: str) -> int:
    ((number,),) = embedded.database(uuid).run(Statement("SELECT count(*) FROM t")).rows
    return number


def lose_part(faults: Faults, kind: FaultKind, before: int, times: int = 1) -> None:
    """Lose the answers to an import's calls after so many that only come late."""
    late = [Fault(kind=FaultKind.SLOW, path=IMPORT, times=before, seconds=0)] if before else []
    faults.replace(*late, Fault(kind=kind, method="POST", path=IMPORT, times=times))


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("before", [0, 1], ids=["init", "ingest"])
@pytest.mark.parametrize("known", [False, True], ids=["new", "uploaded"])
async def test_a_file_is_imported_once(faulty, faults, embedded, history, rows_file, kind, before, known):
    if known:
        await faulty.import_file(history, rows_file)
    lose_part(faults, kind, before)
    imported = await faulty.import_file(history, rows_file)
    assert (imported.queries, imported.bookmark) == (2, await faulty.bookmark(history))
    assert count(embedded, history) == (4 if known else 2)


async def test_an_import_without_any_answer_is_found_or_not_known(
    faulty, faults, embedded, history, rows_file
):
    lose_part(faults, FaultKind.DROP_AFTER, 1, times=50)
    with pytest.raises(OutcomeUnknownError):
        await faulty.import_file(history, rows_file)
    assert count(embedded, history) == 2


async def test_an_import_that_failed_unheard_is_told_by_its_repetition(faulty, faults, history, rows_file):
    rows_file.write_text("INSERT INTO nope VALUES (1);")
    lose_part(faults, FaultKind.DROP_AFTER, 1)
    with pytest.raises(StatementError, match="no such table: nope"):
        await faulty.import_file(history, rows_file)


async def test_an_older_import_at_the_same_bookmark_is_no_answer(
    faulty, faults, embedded, history, rows_file
):
    rows_file.write_text("SELECT 1;")
    await faulty.import_file(history, rows_file)
    rows_file.write_text(ROWS)
    lose_part(faults, FaultKind.DROP_BEFORE, 1)
    assert (await faulty.import_file(history, rows_file)).queries == 2
    assert count(embedded, history) == 2


async def test_a_database_that_somebody_else_wrote_to_leaves_it_unknown(
    faulty, faults, embedded, history, rows_file
):
    async def write(seconds: float) -> None:
        if seconds:
            embedded.database(history).run(Statement("CREATE TABLE t (a)"))

    faults.sleep = write
    lose_part(faults, FaultKind.DROP_BEFORE, 1)
    faults.add(Fault(kind=FaultKind.SLOW, path=IMPORT, times=1))
    with pytest.raises(OutcomeUnknownError, match="whether it was done is not known") as caught:
        await faulty.import_file(history, rows_file)
    assert "time-travel info" in str(caught.value.hint)
    assert count(embedded, history) == 0
