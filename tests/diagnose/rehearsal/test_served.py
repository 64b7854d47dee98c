from __future__ import annotations

import pytest

from diagnose.d1 import LIMITS, D1Error, Statement
from diagnose.errors import ProjectError
from diagnose.project import open_project
from diagnose.rehearsal.served import deployed_account

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
ACCOUNT = "0123456789abcdef0123456789abcdef"
WRANGLER = f"""\
name = "tides"
main = "worker.py"
account_id = "{ACCOUNT}"
compatibility_date = "2026-05-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{HARBOUR}"

[[queues.producers]]
binding = "LEVELS"
queue = "levels"

[[queues.consumers]]
queue = "levels"
max_batch_size = 7
"""
WORKER = (
    "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    "    async def queue(self, batch): ...\n"
)
FILES = {
    "wrangler.toml": WRANGLER,
    "worker.py": WORKER,
    "migrations/0001_levels.sql": "CREATE TABLE levels (day INTEGER);",
}


@pytest.fixture
def project(write_project):
    return lambda **files: open_project(write_project(FILES | files))


LARGE = "CREATE TABLE levels (day INTEGER); INSERT INTO levels VALUES (length(zeroblob(3000000)));"


@pytest.mark.parametrize("kept", [False, True])
def test_migrations_and_statements_are_judged_by_the_limits_of_a_day(project, tmp_path, kept):
    folder = tmp_path / "state" if kept else None
    of_june = LIMITS.at("2026-06-01").d1
    with pytest.raises(D1Error, match="string or blob too big"):
        deployed_account(
            project(**{"migrations/0001_levels.sql": LARGE}), folder, plan="paid", tell=print, limits=of_june
        )
    assert not (tmp_path / "state").exists()
    with deployed_account(project(), folder, plan="paid", tell=print, limits=of_june) as account:
        with pytest.raises(D1Error, match="string or blob too big"):
            account.database(HARBOUR).run(Statement("SELECT length(zeroblob(3000000))"))
        assert count_tables(account) == ((1,),)


def count_tables(account):
    sql = "SELECT count(*) FROM sqlite_master WHERE name = 'levels'"
    return account.database(HARBOUR).run(Statement(sql)).rows


def test_a_project_is_deployed_whole(project):
    told = []
    with deployed_account(project(), None, plan="free", tell=told.append) as account:
        assert (account.account_id, account.plan) == (ACCOUNT, "free")
        assert count_tables(account) == ((1,),)
        entered = account.database(HARBOUR).run(Statement("SELECT id, name FROM d1_migrations"))
        assert entered.rows == ((1, "0001_levels.sql"),)
        (queue,) = account.queues.values()
        assert (queue.name, queue.consumer.script, queue.consumer.settings.batch_size) == (
            "levels",
            "tides",
            7,
        )
        assert account.scripts["tides"].active is not None
        assert account.scripts["tides"].subdomain is True
    assert told == []


@pytest.mark.parametrize(
    ("more", "reachable"),
    [
        ("workers_dev = true\n", True),
        ("workers_dev = false\n", False),
        ('route = "tides.example/*"\n', False),
        ('workers_dev = true\nroute = "tides.example/*"\n', True),
    ],
)
def test_it_answers_at_workers_dev_as_wrangler_has_it(project, more, reachable):
    with deployed_account(
        project(**{"wrangler.toml": more + WRANGLER}), None, plan="paid", tell=print
    ) as account:
        assert account.scripts["tides"].subdomain is reachable


def test_what_cannot_be_deployed_is_told_and_the_rest_is_there(project):
    told = []
    broken = project(**{"wrangler.toml": WRANGLER.replace("worker.py", "absent.py")})
    with deployed_account(broken, None, plan="paid", tell=told.append) as account:
        assert count_tables(account) == ((1,),)
        assert dict(account.scripts) == {}
    (line,) = told
    assert line.startswith("wrangler.toml is not deployed: ")


def test_a_new_folder_keeps_it_and_an_old_one_stays_as_it_is(project, tmp_path):
    told = []
    folder = tmp_path / "state" / "account"
    with deployed_account(project(), folder, plan="paid", tell=told.append) as account:
        account.database(HARBOUR).run(Statement("INSERT INTO levels VALUES (7)"))
    with deployed_account(project(), folder, plan="paid", tell=told.append) as account:
        assert account.database(HARBOUR).run(Statement("SELECT day FROM levels")).rows == ((7,),)

    assert told == [f"{folder} holds an account already: it is served as it is, and nothing is deployed"]
    assert [path.name for path in folder.parent.iterdir()] == ["account"]


def test_an_empty_folder_is_as_good_as_a_new_one(project, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    with deployed_account(project(), folder, plan="paid", tell=print) as account:
        assert count_tables(account) == ((1,),)


def test_what_a_kill_left_is_begun_anew(project, tmp_path):
    (tmp_path / ".account.unfinished" / "d1").mkdir(parents=True)
    (tmp_path / ".account.unfinished" / "d1" / f"{HARBOUR}.sqlite").write_text("half")
    with deployed_account(project(), tmp_path / "account", plan="paid", tell=print) as account:
        assert count_tables(account) == ((1,),)
    assert not (tmp_path / ".account.unfinished").exists()


def test_a_folder_with_other_files_is_refused(project, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("x")
    with pytest.raises(ProjectError, match="the account cannot be made there"):
        deployed_account(project(), tmp_path / "taken", plan="paid", tell=print)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["thesis.tex"]


def test_a_migration_that_fails_leaves_no_folder(project, tmp_path):
    broken = project(**{"migrations/0001_levels.sql": "CREATE TABLE levels (;"})
    with pytest.raises(D1Error, match="syntax error"):
        deployed_account(broken, tmp_path / "account", plan="paid", tell=print)
    assert not (tmp_path / "account").exists()
    assert not (tmp_path / ".account.unfinished").exists()


@pytest.mark.parametrize("account_id", ["", "<fill in>", "ABCDEF"])
def test_an_account_id_that_is_none_is_not_taken(project, account_id):
    config = WRANGLER.replace(ACCOUNT, account_id)
    with deployed_account(project(**{"wrangler.toml": config}), None, plan="paid", tell=print) as account:
        assert account.account_id == "00000000000000000000000000000d1a"
