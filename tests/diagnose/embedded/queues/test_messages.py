from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import apsw
import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.invocation import Backlog, OutgoingMessage
from diagnose.embedded.queues import MessageStore, QueuedMessage
from diagnose.embedded.queues.messages import Settlement
from diagnose.errors import ProjectError

from .conftest import text

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.invocation import OutgoingMessage

    account = EmbeddedAccount.open(Path(sys.argv[1]))
    queue = account.find_queue("jobs") or account.create_queue("jobs")
    print("ready", flush=True)
    for n in range(100_000):
        message = OutgoingMessage(content_type="text", body=b"x" * 5_000)
        for name in account.enqueue(queue.id, [message] * 3):
            print(name, flush=True)
    """
)


def message(name: str, *, sent: int = 0, visible: int = 0) -> QueuedMessage:
    return QueuedMessage(id=name, content_type="text", body=name.encode(), sent=sent, visible=visible)


def names(messages) -> list[str]:
    return [one.id for one in messages]


@pytest.fixture
def store():
    with MessageStore.memory() as messages:
        yield messages


def test_messages_are_taken_when_they_are_due_oldest_first(store):
    store.add("q", [message("late", visible=9), message("b", visible=2), message("a", visible=2)])
    store.add("other", [message("x")])
    assert store.due("q", 10) == (2, 2, 9)
    taken = store.take("q", 5, now=5, until=100)
    assert [(one.id, one.attempts, one.visible) for one in taken] == [("b", 1, 100), ("a", 1, 100)]
    assert store.take("q", 5, now=5, until=100) == ()
    assert names(store.take("q", 5, now=100, until=200)) == ["late", "b", "a"]
    assert store.backlog("q") == Backlog(messages=3, bytes=6, oldest_ms=0)


def test_what_was_decided_happens_together(store):
    store.add("q", [message(name) for name in "abcd"])
    store.take("q", 4, now=0, until=50)
    store.settle(Settlement(removed=["a"], retried={"b": 30}, moved={"c": "dead"}, now=10))
    assert [(one.id, one.visible, one.attempts, one.lease) for one in store.peek("q", 9)] == [
        ("d", 50, 1, "worker"),
        ("b", 30, 1, None),
    ]
    assert [(one.id, one.visible, one.attempts) for one in store.peek("dead", 9)] == [("c", 10, 0)]


def test_what_is_retried_stands_behind_what_waits_and_before_what_comes(store):
    store.add("q", [message("a"), message("b")])
    store.take("q", 1, now=0, until=50)
    store.settle(Settlement(retried={"a": 0}))
    store.add("q", [message("c")])
    assert names(store.peek("q", 9)) == ["b", "a", "c"]


def test_an_id_is_given_once_and_a_failed_send_leaves_nothing(store):
    store.add("q", [message("a")])
    with pytest.raises(apsw.ConstraintError):
        store.add("q", [message("b"), message("a")])
    assert names(store.peek("q", 9)) == ["a"]


def test_a_snapshot_goes_its_own_way(store):
    store.add("q", [message("a")])
    with store.snapshot() as copy:
        copy.purge("q")
        copy.add("q", [message("b")])
        assert names(copy.peek("q", 9)) == ["b"]
    assert names(store.peek("q", 9)) == ["a"]


def test_a_kill_in_a_delivery_makes_messages_due_again_and_leases_stay(tmp_path):
    with MessageStore.open(tmp_path / "m.sqlite") as store:
        store.add("q", [message("a", sent=5)])
        store.add("pulled", [message("p")])
        store.add("gone", [message("x")])
        store.take("q", 1, now=9, until=1_000)
        (lent,) = store.take("pulled", 1, now=9, until=1_000, pulled=True)
    with MessageStore.open(tmp_path / "m.sqlite") as store:
        store.recover(["q", "pulled"])
        assert [(one.id, one.visible, one.attempts) for one in store.peek("q", 9)] == [("a", 5, 1)]
        assert store.leased("pulled", lent.lease) == lent
        assert store.peek("gone", 9) == ()


def test_a_saved_account_keeps_its_queues_and_messages(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        jobs = account.create_queue("jobs")
        account.enqueue(jobs.id, text("a", "b"))
    with EmbeddedAccount.open(tmp_path) as account:
        assert account.queue(jobs.id) == jobs
        assert [one.body for one in account.peek(jobs.id)] == [b"a", b"b"]
        with account.snapshot() as copy:
            copy.purge(jobs.id)
        assert account.backlog(jobs.id).messages == 2
        account.delete_queue(jobs.id)
        other = account.create_queue("jobs")
        assert account.backlog(other.id) == Backlog()


def test_a_loaded_copy_has_the_messages_and_touches_nothing(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        jobs = account.create_queue("jobs").id
        account.enqueue(jobs, text("a"))
    before = {
        file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir() if file.is_file()
    }
    with EmbeddedAccount.load_snapshot(tmp_path) as account:
        account.enqueue(jobs, text("b"))
        assert account.backlog(jobs).messages == 2
    after = {
        file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir() if file.is_file()
    }
    assert after == before
    assert "messages.sqlite" in {file.name for file in before}


def test_an_account_without_messages_has_no_file_for_them(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        account.create_database("history")
        account.create_queue("jobs")
    with EmbeddedAccount.load_snapshot(tmp_path) as account:
        assert account.backlog(account.find_queue("jobs").id) == Backlog()
    assert not (tmp_path / "messages.sqlite").exists()


def test_a_file_that_is_none_is_named(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        jobs = account.create_queue("jobs").id
    (tmp_path / "messages.sqlite").write_bytes(b"no database, but long enough to be looked at" * 50)
    with EmbeddedAccount.open(tmp_path) as account, pytest.raises(ProjectError) as caught:
        account.backlog(jobs)
    assert caught.value.where == str(tmp_path / "messages.sqlite")
    with pytest.raises(ProjectError, match="messages of the embedded account"):
        EmbeddedAccount.load_snapshot(tmp_path)


@pytest.mark.parametrize("pause", [0.02, 0.1])
def test_every_message_that_was_taken_survives_a_kill(tmp_path, pause):
    acknowledged: list[str] = []
    for _ in range(2):
        acknowledged += _write_until_killed(tmp_path / "account", pause)
        for read in (EmbeddedAccount.load_snapshot, EmbeddedAccount.open):
            with read(tmp_path / "account") as account:
                kept = names(account.peek(account.find_queue("jobs").id, 1_000_000))
                assert set(acknowledged) <= set(kept)
                assert len(kept) == len(set(kept))
                assert len(kept) % 3 == 0


def _write_until_killed(folder, seconds) -> list[str]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.strip() not in {"ready", ""}:
            first = line.strip()
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    with process.stdout:
        rest = process.stdout.read()
    assert process.wait() == -signal.SIGKILL
    complete = rest[: rest.rfind("\n") + 1].split()
    return [first, *complete]


INTERRUPTED = textwrap.dedent(
    """
    import os, signal, sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM messages")
    for n in range(200):
        connection.execute("INSERT INTO messages (id, queue, content_type, body, sent, visible)"
                           " VALUES (?, 'q', 'text', zeroblob(5000), 0, 0)", (str(n),))
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


def test_a_send_that_a_kill_interrupted_is_not_seen_and_not_touched(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        jobs = account.create_queue("jobs").id
        account.enqueue(jobs, text("a", "b"))
    file = tmp_path / "messages.sqlite"
    subprocess.run([sys.executable, "-c", INTERRUPTED, str(file)], check=False)
    journal = file.with_name("messages.sqlite-journal")
    before = (file.read_bytes(), journal.read_bytes())
    with EmbeddedAccount.load_snapshot(tmp_path) as account:
        assert [one.body for one in account.peek(jobs)] == [b"a", b"b"]
    assert (file.read_bytes(), journal.read_bytes()) == before
    with EmbeddedAccount.open(tmp_path) as account:
        assert [one.body for one in account.peek(jobs)] == [b"a", b"b"]


def test_bytes_of_any_kind_come_back(store):
    body = bytes(range(256))
    with EmbeddedAccount.memory() as account:
        jobs = account.create_queue("jobs").id
        account.enqueue(jobs, [OutgoingMessage(content_type="bytes", body=body)])
        (kept,) = account.peek(jobs)
    assert (kept.content_type, kept.body) == ("bytes", body)
