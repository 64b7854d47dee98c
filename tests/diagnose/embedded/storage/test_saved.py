from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import textwrap

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.errors import ProjectError


def fingerprint(folder) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder",
            path.stat().st_mtime_ns,
        )
        for path in [folder, *folder.rglob("*")]
    }


@pytest.fixture
def saved(tmp_path, deploy_worker):
    folder = tmp_path / "saved"
    with EmbeddedAccount.open(folder) as account:
        uuid = account.create_database("history").uuid
        account.database(uuid).run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)"))
        deploy_worker(account)
    return folder


def count(account: EmbeddedAccount) -> int:
    (database,) = account.databases.values()
    ((rows,),) = account.database(database.uuid).run(Statement("SELECT count(*) FROM t")).rows
    return rows


def test_a_snapshot_leaves_the_folder_byte_for_byte(saved, deploy_worker):
    before = fingerprint(saved)
    with EmbeddedAccount.load_snapshot(saved) as account:
        (uuid,) = account.databases
        account.database(uuid).run(Statement("DELETE FROM t"))
        account.create_database("second")
        deploy_worker(account, text="changed")
        assert count_of(account, uuid) == 0
    assert fingerprint(saved) == before
    with EmbeddedAccount.load_snapshot(saved) as account:
        assert count(account) == 2
    assert fingerprint(saved) == before


def count_of(account: EmbeddedAccount, uuid: str) -> int:
    ((rows,),) = account.database(uuid).run(Statement("SELECT count(*) FROM t")).rows
    return rows


def test_a_snapshot_of_a_read_only_folder_works(saved):
    for path in [*saved.rglob("*"), saved]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        with EmbeddedAccount.load_snapshot(saved) as account:
            assert count(account) == 2
    finally:
        for path in [saved, *saved.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)


def test_a_snapshot_beside_a_writer_works(saved):
    with EmbeddedAccount.open(saved) as writer:
        (uuid,) = writer.databases
        writer.database(uuid).run(Statement("INSERT INTO t VALUES (3)"))
        with EmbeddedAccount.load_snapshot(saved) as account:
            assert count(account) == 3


def test_a_transaction_that_a_kill_interrupted_is_not_seen_and_not_touched(saved, tmp_path):
    (file,) = (saved / "d1").glob("*.sqlite")
    _interrupt_a_transaction(file, tmp_path / "copy.sqlite")
    shutil.copyfile(tmp_path / "copy.sqlite", file)
    shutil.copyfile(tmp_path / "copy.sqlite-journal", f"{file}-journal")
    before = fingerprint(saved)
    with EmbeddedAccount.load_snapshot(saved) as account:
        assert count(account) == 2
    assert fingerprint(saved) == before
    with EmbeddedAccount.open(saved) as account:
        assert count(account) == 2


def _interrupt_a_transaction(file, copy) -> None:
    """Leave at `copy` what a kill in the middle of a large transaction leaves."""
    shutil.copyfile(file, copy)
    script = textwrap.dedent(
        """
        import os, signal, sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM t")
        for n in range(200):
            connection.execute("INSERT INTO t VALUES (zeroblob(5000))")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script, str(copy)], check=False)
    assert copy.with_name("copy.sqlite-journal").stat().st_size > 0


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"\xff" * 5000, b"no database" * 500])
def test_a_damaged_database_gives_one_clear_error(saved, content):
    (file,) = (saved / "d1").glob("*.sqlite")
    file.write_bytes(content)
    with pytest.raises(ProjectError, match="a database of the embedded account cannot be read") as caught:
        EmbeddedAccount.load_snapshot(saved)
    assert caught.value.where == str(file)
    assert file.read_bytes() == content


def test_a_folder_without_an_account_is_refused_and_stays_empty(tmp_path):
    with pytest.raises(ProjectError, match=r"no account\.json"):
        EmbeddedAccount.load_snapshot(tmp_path)
    with pytest.raises(ProjectError, match=r"no account\.json"):
        EmbeddedAccount.load_snapshot(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_a_writer_holds_is_waited_for(saved, monkeypatch):
    (file,) = (saved / "d1").glob("*.sqlite")
    monkeypatch.setattr("diagnose.embedded.storage.saved._ATTEMPTS", 2)
    with EmbeddedAccount.open(saved):
        journal = file.with_name(f"{file.name}-journal")
        journal.write_bytes(b"")
        with pytest.raises(ProjectError, match="keeps writing"):
            EmbeddedAccount.load_snapshot(saved)
        journal.unlink()
