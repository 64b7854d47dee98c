from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import D1Error
from diagnose.project import open_project
from diagnose.rehearsal import derive_account

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
WRANGLER = f"""\
name = "tides"

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{HARBOUR}"

[[d1_databases]]
binding = "LOG"
database_name = "log"
database_id = "<fill in>"
migrations_dir = "log"
"""


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[[Mapping[str, str]], object]:
    return lambda files: open_project(write_project({"wrangler.toml": WRANGLER} | dict(files)))


def test_databases_are_made_and_migrated(project: Callable[[Mapping[str, str]], object]):
    files = {
        "migrations/0002_more.sql": "ALTER TABLE levels ADD COLUMN metres REAL;",
        "migrations/0001_levels.sql": "CREATE TABLE levels (day INTEGER);",
    }

    with derive_account(project(files)) as account:
        harbour, log = account.databases.values()
        table = account.database(HARBOUR).schema().table("levels")
        assert account.database(log.uuid).schema().tables == ()

    assert harbour.uuid == HARBOUR
    assert table is not None
    assert [column.name for column in table.columns] == ["day", "metres"]
    assert account.scripts == {}


def test_an_id_that_a_deploy_would_fill_in_stays_the_same(project: Callable[[Mapping[str, str]], object]):
    with derive_account(project({})) as first, derive_account(project({})) as second:
        assert list(first.databases) == list(second.databases)
        assert len(first.databases) == 2


def test_two_bindings_of_one_database_share_it(write_project: Callable[[Mapping[str, str]], Path]):
    config = WRANGLER.replace("<fill in>", HARBOUR.upper())

    with derive_account(open_project(write_project({"wrangler.toml": config}))) as account:
        assert list(account.databases) == [HARBOUR]


def test_databases_are_called_as_the_config_calls_them(write_project: Callable[[Mapping[str, str]], Path]):
    other = "7d1f0c52-3b84-4f6e-9a0d-5c2e81b7f302"
    same = WRANGLER.replace('"log"\ndatabase_id = "<fill in>"', f'"harbour"\ndatabase_id = "{other}"')
    config = same.replace('database_name = "harbour"\ndatabase_id = "5', 'database_id = "5')

    names = []
    for text in (WRANGLER, same, config):
        with derive_account(open_project(write_project({"wrangler.toml": text}))) as account:
            names.append([database.name for database in account.databases.values()])

    assert names == [["harbour", "log"], ["harbour", "harbour-7d1f0c52"], ["DB", "harbour"]]


def test_a_migration_that_does_not_run_is_an_error(project: Callable[[Mapping[str, str]], object]):
    with pytest.raises(D1Error, match="no such table: nowhere"):
        derive_account(project({"migrations/0001.sql": "ALTER TABLE nowhere ADD COLUMN a;"}))


QUEUES = """
[[queues.producers]]
binding = "OUT"
queue = "levels"

[[queues.consumers]]
queue = "levels"
dead_letter_queue = "levels-failed"

[[queues.consumers]]
queue = "imported"
"""


def test_every_queue_that_the_config_names_is_made_once(write_project: Callable[[Mapping[str, str]], Path]):
    project = open_project(write_project({"wrangler.toml": WRANGLER + QUEUES}))

    with derive_account(project) as account:
        queues = [(queue.name, queue.consumer) for queue in account.queues.values()]

    assert queues == [("levels", None), ("levels-failed", None), ("imported", None)]
