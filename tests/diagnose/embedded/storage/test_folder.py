from __future__ import annotations

import json
import random
import stat
import textwrap
from dataclasses import replace

import pytest
from killing import write_until_killed

from diagnose.d1 import Statement
from diagnose.embedded import ConsumerSettings, EmbeddedAccount, QueueSettings
from diagnose.embedded.state import SecretText
from diagnose.errors import ProjectError

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from diagnose.d1 import Statement
    from diagnose.embedded import EmbeddedAccount, Module, Upload
    from diagnose.embedded.deploying import upload_and_deploy

    account = EmbeddedAccount.open(Path(sys.argv[1]))
    database = account.find_database("rows") or account.create_database("rows")
    engine = account.database(database.uuid)
    engine.run_all(Statement("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filler BLOB)"))
    print("ready", flush=True)
    (start,), = engine.run(Statement("SELECT coalesce(max(n), 0) FROM t")).rows
    for n in range(int(start) + 1, 10_000):
        engine.run(Statement(f"INSERT INTO t VALUES ({n}, zeroblob(20000))"))
        print("row", n, flush=True)
        module = Module(content=f"n = {n}".encode(), content_type="text/x-python")
        upload = Upload(main_module="entry.py", modules={"entry.py": module})
        account.put_script(upload_and_deploy(account.state, f"worker-{n % 3}", upload))
        print("script", f"worker-{n % 3}", n, flush=True)
    """
)


@pytest.mark.parametrize("seed", range(4))
def test_every_acknowledged_write_survives_a_kill(tmp_path, seed):
    folder = tmp_path / "account"
    moments = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    for _ in range(3):
        said = write_until_killed(WRITER, folder, seconds=moments.uniform(0.01, 0.15))
        rows = [int(line.split()[1]) for line in said if line.startswith("row")]
        scripts = {line.split()[1]: int(line.split()[2]) for line in said if line.startswith("script")}
        assert rows
        for read in (EmbeddedAccount.load_snapshot, EmbeddedAccount.open):
            with read(folder) as account:
                database = account.find_database("rows")
                (found,) = (
                    account.database(database.uuid).run(Statement("SELECT count(*), max(n) FROM t")).rows
                )
                assert found[0] == found[1] >= rows[-1]
                for name, number in scripts.items():
                    content = account.scripts[name].active.modules["entry.py"].content
                    assert int(content.split()[-1]) >= number
        assert not list(folder.rglob("*.new"))


def test_an_account_comes_back_as_it_was(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a" / "b", account_id="f" * 32) as account:
        uuid = account.create_database("history", created_at="2026-01-01T00:00:00.000Z").uuid
        account.database(uuid).run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES ('x')"))
        bindings = (
            {"type": "d1", "name": "DB", "id": uuid},
            {"type": "json", "name": "J", "json": {"a": [1]}},
        )
        deploy_worker(account, bindings=bindings, annotations={"workers/message": "first"})
        state = account.state
    with EmbeddedAccount.open(tmp_path / "a" / "b") as again:
        assert again.state == state
        assert again.account_id == "f" * 32
        assert again.database(uuid).run(Statement("SELECT a FROM t")).rows == (("x",),)


def test_a_deleted_database_leaves_no_file(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        uuid = account.create_database("history").uuid
        assert (tmp_path / "d1" / f"{uuid}.sqlite").is_file()
        account.delete_database(uuid)
        assert list((tmp_path / "d1").iterdir()) == []


def test_what_no_state_names_is_swept(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path) as account:
        uuid = account.create_database("history").uuid
        deploy_worker(account)
    (tmp_path / "modules" / ("0" * 64)).write_bytes(b"left")
    (tmp_path / "account.json.new").write_bytes(b"left")
    (tmp_path / "d1" / "11111111-1111-4111-8111-111111111111.sqlite").write_bytes(b"left")
    EmbeddedAccount.open(tmp_path).close()
    assert [file.name for file in (tmp_path / "d1").iterdir()] == [f"{uuid}.sqlite"]
    assert len(list((tmp_path / "modules").iterdir())) == 1
    assert not (tmp_path / "account.json.new").exists()


def test_a_second_writer_is_refused_until_the_first_has_finished(tmp_path):
    with EmbeddedAccount.open(tmp_path), pytest.raises(ProjectError, match="another process"):
        EmbeddedAccount.open(tmp_path)
    EmbeddedAccount.open(tmp_path).close()


def record(**changes) -> str:
    good = {
        "format": "diagnose-embedded-account",
        "version": 1,
        "account_id": "0" * 32,
        "name": "x",
        "created_on": "",
        "subdomain": "embedded",
        "databases": [],
        "scripts": [],
    }
    return json.dumps({**good, **changes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ('{"a": ', "Expecting value"),
        ("\x00\xff", "Expecting value"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "not written by diagnose"),
        ('{"name": "somebody else\'s"}', "not written by diagnose"),
        (record(version=2), "version 2"),
        (record(databases=[{"uuid": "../../escape", "name": "x", "created_at": ""}]), "damaged"),
        (record(databases={}, scripts=[{}]), "damaged"),
        (record(account_id=7), "damaged"),
        (record(queues=[{"id": "../x", "name": "q"}]), "damaged"),
        (record(queues={"id": 1}), "damaged"),
    ],
)
def test_a_document_that_is_not_ours_gives_one_clear_error(tmp_path, text, reason):
    (tmp_path / "account.json").write_text(text, encoding="latin-1")
    for read in (EmbeddedAccount.open, EmbeddedAccount.load_snapshot):
        with pytest.raises(ProjectError, match=reason) as caught:
            read(tmp_path)
        assert caught.value.where == str(tmp_path / "account.json")
    assert (tmp_path / "account.json").read_text(encoding="latin-1") == text


def test_an_account_from_before_there_were_queues_has_none(tmp_path):
    (tmp_path / "account.json").write_text(record())
    with EmbeddedAccount.load_snapshot(tmp_path) as account:
        assert account.queues == {}
    with EmbeddedAccount.open(tmp_path) as account:
        jobs = account.create_queue("jobs")
    with EmbeddedAccount.open(tmp_path) as account:
        assert account.queues == {jobs.id: jobs}


def test_queues_and_consumers_come_back_as_they_were(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path) as account:
        deploy_worker(account, text="class Default:\n    async def queue(self, batch): ...\n")
        settings = ConsumerSettings(
            batch_size=7, max_retries=0, max_concurrency=2, retry_delay=5, dead_letter_queue="failed"
        )
        account.attach_consumer(account.create_queue("jobs").id, "importer", settings)
        account.attach_consumer(account.create_queue("failed", QueueSettings(delivery_delay=9)).id)
        account.purge(account.find_queue("jobs").id)
        state = account.state
    with EmbeddedAccount.open(tmp_path) as again:
        assert again.state == state


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_module_is_noticed(tmp_path, deploy_worker, damage):
    with EmbeddedAccount.open(tmp_path) as account:
        deploy_worker(account)
    (module,) = (tmp_path / "modules").iterdir()
    module.unlink() if damage == "missing" else module.write_bytes(b"other")
    with pytest.raises(ProjectError, match=damage):
        EmbeddedAccount.open(tmp_path)


def test_a_missing_database_is_not_replaced_by_an_empty_one(tmp_path):
    with EmbeddedAccount.open(tmp_path) as account:
        uuid = account.create_database("history").uuid
    (tmp_path / "d1" / f"{uuid}.sqlite").unlink()
    with EmbeddedAccount.open(tmp_path) as account, pytest.raises(ProjectError, match="missing"):
        account.database(uuid)
    with pytest.raises(ProjectError, match="missing"):
        EmbeddedAccount.load_snapshot(tmp_path)


def test_an_account_is_not_put_among_other_files(tmp_path):
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(ProjectError, match="other files"):
        EmbeddedAccount.open(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "account").write_text("a file")
    with pytest.raises(ProjectError, match="cannot be read or written") as caught:
        EmbeddedAccount.open(tmp_path / "account")
    assert str(tmp_path / "account") in caught.value.where


def test_an_account_that_cannot_be_begun_lets_others_try(tmp_path):
    (tmp_path / "account.json.new").mkdir()
    with pytest.raises(ProjectError, match="cannot be read or written"):
        EmbeddedAccount.open(tmp_path)
    (tmp_path / "account.json.new").rmdir()
    EmbeddedAccount.open(tmp_path).close()


def test_closing_twice_does_no_harm(tmp_path):
    account = EmbeddedAccount.open(tmp_path)
    account.create_queue("jobs")
    account.close()
    account.close()
    with EmbeddedAccount.open(tmp_path) as again:
        assert [queue.name for queue in again.queues.values()] == ["jobs"]


def with_secret(account, deploy_worker, text):
    script = deploy_worker(account, bindings=({"type": "secret_text", "name": "KEY"},))
    version = replace(script.latest, secrets={"KEY": SecretText(text=text)})
    account.put_script(replace(script, versions=(*script.versions[:-1], version)))


def test_secrets_have_a_file_of_their_own_that_only_its_owner_reads(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        with_secret(account, deploy_worker, "canary")
        assert "canary" not in repr(account.state)
    holders = [
        file for file in (tmp_path / "a").rglob("*") if file.is_file() and b"canary" in file.read_bytes()
    ]
    assert [file.name for file in holders] == ["secrets.json"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    for read in (EmbeddedAccount.load_snapshot, EmbeddedAccount.open):
        with read(tmp_path / "a") as account:
            assert account.scripts["importer"].latest.secrets["KEY"].text == "canary"


def test_a_secret_that_nothing_names_any_more_is_forgotten(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        with_secret(account, deploy_worker, "canary")
        account.delete_script("importer")
    assert json.loads((tmp_path / "a" / "secrets.json").read_text()) == {}


def test_an_account_opens_without_the_file_of_its_secrets(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        with_secret(account, deploy_worker, "canary")
    (tmp_path / "a" / "secrets.json").unlink()
    with EmbeddedAccount.open(tmp_path / "a") as account:
        latest = account.scripts["importer"].latest
        assert (latest.secret_names, latest.secrets) == (("KEY",), {})


@pytest.mark.parametrize("content", ["{nope canary", '["canary"]', '{"a": {"canary": 1}}'])
def test_a_damaged_file_of_secrets_is_said_without_quoting_it(tmp_path, deploy_worker, content):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        with_secret(account, deploy_worker, "canary")
    (tmp_path / "a" / "secrets.json").write_text(content)
    with pytest.raises(ProjectError, match="the secrets of the embedded account cannot be read") as caught:
        EmbeddedAccount.open(tmp_path / "a")
    assert "canary" not in str(caught.value)


def test_what_a_kill_left_of_the_secrets_is_swept(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        with_secret(account, deploy_worker, "canary")
    (tmp_path / "a" / "secrets.json.new").write_text("half")
    kept = json.loads((tmp_path / "a" / "secrets.json").read_text())
    (tmp_path / "a" / "secrets.json").write_text(json.dumps({**kept, "0" * 32: "never named"}))
    EmbeddedAccount.open(tmp_path / "a").close()
    assert json.loads((tmp_path / "a" / "secrets.json").read_text()) == kept
    assert not (tmp_path / "a" / "secrets.json.new").exists()


def test_an_account_that_was_saved_before_there_were_settings_opens(tmp_path, deploy_worker):
    with EmbeddedAccount.open(tmp_path / "a") as account:
        deploy_worker(account)
        before = account.scripts["importer"]
    file = tmp_path / "a" / "account.json"
    document = json.loads(file.read_text())
    (script,) = document["scripts"]
    del script["settings"]
    for version in script["versions"]:
        del version["secrets"], version["configured"]
    file.write_text(json.dumps(document))
    with EmbeddedAccount.open(tmp_path / "a") as account:
        assert account.scripts["importer"] == before
