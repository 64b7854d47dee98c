from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import RefusalError
from diagnose.embedded.invocation import OutgoingMessage
from diagnose.project import open_project
from diagnose.rehearsal import derive_account
from diagnose.rehearsal.consuming import find_consumers
from diagnose.rehearsal.staging import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from diagnose.embedded import EmbeddedAccount
    from diagnose.project import Project
    from diagnose.rehearsal.staging import Stage

HARBOUR, QUAY = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001", "0d9b1f0a-2c7e-4b5d-9a7d-0f3c1b2a4d5e"
HEAD = 'main = "worker.py"\ncompatibility_date = "2026-06-01"\ncompatibility_flags = ["python_workers"]\n'


def database(binding: str, identity: str) -> str:
    return (
        f'\n[[d1_databases]]\nbinding = "{binding}"\ndatabase_name = "harbour"\ndatabase_id = "{identity}"\n'
    )


def worker(table: str, binding: str, more: str = "") -> str:
    return (
        "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
        "    async def scheduled(self, controller):\n"
        f"        await self.env.{binding}.prepare('INSERT INTO {table} VALUES (1)').run()\n"
        f"{more}\n"
        "    async def queue(self, batch):\n"
        f"        await self.env.{binding}.prepare('INSERT INTO {table} VALUES (1)').run()\n"
    )


PROJECT = {
    "wrangler.toml": 'name = "tides"\n'
    + HEAD
    + '[[queues.producers]]\nbinding = "OUT"\nqueue = "levels"\n'
    + database("DB", HARBOUR),
    "worker.py": worker("levels", "DB", "        await self.env.OUT.send(self.env.KEY)\n"),
    "migrations/1.sql": "CREATE TABLE levels (day INTEGER);",
    "writer/wrangler.toml": 'name = "writer"\n'
    + HEAD
    + '[[queues.consumers]]\nqueue = "levels"\n'
    + database("DB", QUAY),
    "writer/worker.py": worker("ships", "DB", "        print(self.env.TOKEN)\n"),
    "writer/migrations/1.sql": "CREATE TABLE ships (day INTEGER);",
}


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Project]:
    return lambda **files: open_project(write_project(PROJECT | files))


@pytest.fixture
def account(project: Callable[..., Project]) -> Iterator[EmbeddedAccount]:
    with derive_account(project()) as account:
        yield account


def set_up(project: Project, account: EmbeddedAccount) -> Stage:
    assert project.source is not None
    return stage(
        project,
        project.source,
        account,
        consumers=find_consumers(project),
        derived=True,
        secrets={"KEY": "placeholder of KEY"},
    )


def test_the_worker_and_its_consumer_are_deployed(project: Callable[..., Project], account: EmbeddedAccount):
    staged = set_up(project(), account)

    assert [(one.script, one.project.config_path) for one in staged.workers] == [
        ("tides", "wrangler.toml"),
        ("writer", "writer/wrangler.toml"),
    ]
    assert staged.script == "tides"
    assert (staged.base("writer"), staged.base("tides"), staged.base("elsewhere")) == ("writer", "", "")
    assert (staged.databases("tides"), staged.databases("writer")) == ({"DB": HARBOUR}, {"DB": QUAY})
    assert (staged.queues("tides"), staged.queues("writer"), staged.queues("elsewhere")) == (
        {"OUT": "levels"},
        {},
        {},
    )
    assert (staged.made_up("tides"), staged.made_up("writer")) == (("KEY",), ("TOKEN",))
    assert staged.secrets == {"KEY": "placeholder of KEY", "TOKEN": "placeholder of TOKEN"}


def test_tables_and_queues_are_empty(project: Callable[..., Project], account: EmbeddedAccount):
    account.database(QUAY).run(Statement("INSERT INTO ships VALUES (1)"))
    (queue,) = account.queues.values()
    account.enqueue(queue.id, [OutgoingMessage(content_type="json", body=b"1")])

    staged = set_up(project(), account)

    assert [(watch.database_id, watch.table) for watch in staged.watches] == [
        (HARBOUR, "levels"),
        (QUAY, "ships"),
    ]
    assert account.database(QUAY).run(Statement("SELECT * FROM ships")).rows == ()
    assert account.backlog(queue.id).messages == 0


def test_the_named_table_comes_first_wherever_it_is(
    project: Callable[..., Project], account: EmbeddedAccount
):
    staged = set_up(project(**{"diagnose.toml": '[watch]\ntable = "ships"\n'}), account)

    assert [(watch.database_id, watch.table) for watch in staged.watches] == [
        (QUAY, "ships"),
        (HARBOUR, "levels"),
    ]


def test_a_named_table_that_nobody_writes_is_in_the_workers_own_database(
    project: Callable[..., Project], account: EmbeddedAccount
):
    staged = set_up(project(**{"diagnose.toml": '[watch]\ntable = "boats"\n'}), account)

    assert (staged.watches[0].database_id, staged.watches[0].table) == (HARBOUR, "boats")


def test_a_consumer_that_the_account_refuses_cannot_be_executed(
    project: Callable[..., Project], account: EmbeddedAccount
):
    without_handler = PROJECT["writer/worker.py"].replace("def queue", "def other")
    staged = set_up(project(**{"writer/worker.py": without_handler}), account)

    assert [one.script for one in staged.workers] == ["tides"]
    assert staged.unexecuted == {
        "levels": (
            "writer/wrangler.toml cannot be deployed: The queue handler is missing in the worker writer."
        )
    }


def test_a_worker_that_the_account_refuses_is_told(project: Callable[..., Project]):
    one = project()
    with derive_account(one) as account:
        for queue_id in tuple(account.queues):
            account.delete_queue(queue_id)
        with pytest.raises(RefusalError, match='Queue "levels" does not exist'):
            set_up(one, account)
