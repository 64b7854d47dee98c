from __future__ import annotations

import pytest

from diagnose.d1 import D1Error, Statement
from diagnose.embedded import Blueprint, BlueprintDatabase, RefusalError, derive

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


def test_a_project_looks_as_if_it_had_just_been_deployed(make_upload):
    upload = make_upload(bindings=({"type": "d1", "name": "DB", "id": UUID},))
    migrations = ("CREATE TABLE t (a);\nINSERT INTO t VALUES (1);\n", "ALTER TABLE t ADD COLUMN b")
    blueprint = Blueprint(
        script="importer",
        databases=(BlueprintDatabase(uuid=UUID, name="history", migrations=migrations),),
        upload=upload,
        crons=("0 3 * * *",),
        account_id="a" * 32,
    )
    with derive(blueprint, plan="free") as account:
        assert account.database(UUID).run(Statement("SELECT a, b FROM t")).rows == ((1, None),)
        script = account.scripts["importer"]
        assert (script.subdomain, [entry.cron for entry in script.schedules]) == (True, ["0 3 * * *"])
        assert (account.plan, account.account_id) == ("free", "a" * 32)


def test_without_code_there_are_databases_only():
    with derive(Blueprint(script="x", databases=(BlueprintDatabase(uuid=UUID, name="history"),))) as account:
        assert (list(account.databases), dict(account.scripts)) == ([UUID], {})


def test_a_migration_that_fails_says_why():
    database = BlueprintDatabase(uuid=UUID, name="history", migrations=("INSERT INTO t VALUES (1)",))
    with pytest.raises(D1Error, match="no such table: t"):
        derive(Blueprint(script="x", databases=(database,)))


def test_a_binding_to_a_database_that_is_not_planned_is_refused(make_upload):
    upload = make_upload(bindings=({"type": "d1", "name": "DB", "id": UUID},))
    with pytest.raises(RefusalError, match="references database"):
        derive(Blueprint(script="x", upload=upload))


def test_queues_are_there_before_the_worker_that_sends_to_them(make_upload):
    upload = make_upload(bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},))
    with derive(Blueprint(script="x", queues=("jobs", "failed"), upload=upload)) as account:
        assert [queue.name for queue in account.queues.values()] == ["jobs", "failed"]
        assert account.producers(account.find_queue("jobs").id) == ("x",)
