from __future__ import annotations

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import RefusalError, nothing_recorded
from diagnose.embedded.deploying import schedule
from diagnose.embedded.invocation import Invocation, OutgoingMessage, Trigger

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


def test_a_snapshot_is_independent(embedded, deploy_worker):
    embedded.create_database("history", uuid=UUID)
    embedded.database(UUID).run(Statement("CREATE TABLE t (a)"))
    deploy_worker(embedded)
    with embedded.snapshot() as copy:
        assert copy.state == embedded.state
        assert copy.plan == embedded.plan
        copy.database(UUID).run(Statement("DROP TABLE t"))
        copy.delete_script("importer")
    assert [table.name for table in embedded.database(UUID).schema().tables] == ["t"]
    assert list(embedded.scripts) == ["importer"]


def test_tokens_differ_and_are_known(embedded):
    other = embedded.issue_token(owner="account")
    assert embedded.grant(embedded.token).owner == "user"
    assert embedded.grant(other).owner == "account"
    assert embedded.grant("guess") is None


class Recording:
    """A runtime that remembers what it was given."""

    def __init__(self) -> None:
        self.triggers = []

    async def invoke(self, worker, trigger, bindings, *, limits) -> Invocation:
        self.triggers.append(trigger)
        return Invocation(outcome="ok")


@pytest.mark.anyio
async def test_an_attached_cron_is_fired(embedded, deploy_worker):
    embedded.put_script(schedule(deploy_worker(embedded), ["0 3 * * *", "*/5 * * * *"]))
    runtime = Recording()
    fired = await embedded.fire("importer", "*/5 * * * *", responses=nothing_recorded, runtime=runtime)
    assert fired.outcome == "ok"
    assert runtime.triggers == [Trigger(kind="scheduled", cron="*/5 * * * *")]
    for script, cron, code in (("importer", "0 4 * * *", 10100), ("nobody", "0 3 * * *", 10007)):
        with pytest.raises(RefusalError) as caught:
            await embedded.fire(script, cron, responses=nothing_recorded, runtime=runtime)
        assert caught.value.code == code
    assert len(runtime.triggers) == 1


def test_a_snapshot_has_queues_and_messages_of_its_own(embedded):
    jobs = embedded.create_queue("jobs").id
    embedded.enqueue(jobs, [OutgoingMessage(content_type="text", body=b"x")])
    with embedded.snapshot() as copy:
        copy.purge(jobs)
        copy.create_queue("more")
    assert [queue.name for queue in embedded.queues.values()] == ["jobs"]
    assert embedded.backlog(jobs).messages == 1
