from __future__ import annotations

from diagnose.d1 import Statement
from diagnose.embedded.invocation import OutgoingMessage

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


def test_a_snapshot_has_queues_and_messages_of_its_own(embedded):
    jobs = embedded.create_queue("jobs").id
    embedded.enqueue(jobs, [OutgoingMessage(content_type="text", body=b"x")])
    with embedded.snapshot() as copy:
        copy.purge(jobs)
        copy.create_queue("more")
    assert [queue.name for queue in embedded.queues.values()] == ["jobs"]
    assert embedded.backlog(jobs).messages == 1
