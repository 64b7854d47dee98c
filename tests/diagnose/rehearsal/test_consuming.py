from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.project import open_project
from diagnose.rehearsal import derive_account
from diagnose.rehearsal.consuming import find_consumers, unknown_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.project import Project

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
MAIN = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-06-01"

[[queues.producers]]
binding = "LEVELS"
queue = "levels"
"""
DATABASE = f"""
[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{HARBOUR}"
"""
WORKER = """\
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        await self.env.DB.prepare("INSERT INTO levels VALUES (1)").run()
"""
TABLE = "CREATE TABLE levels (day INTEGER);"


def consuming(queue: str, name: str = "writer", more: str = "") -> str:
    return (
        MAIN.partition("[[")[0].replace("tides", name) + f'[[queues.consumers]]\nqueue = "{queue}"\n' + more
    )


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Project]:
    """A producer, and other files."""

    def write(files: Mapping[str, str], main: str = MAIN, environment: str | None = None) -> Project:
        folder = write_project({"wrangler.toml": main, "worker.py": WORKER} | dict(files))
        return open_project(folder, environment=environment)

    return write


def paths(project: Project) -> list[str]:
    return [one.config_path for one in find_consumers(project).projects]


def test_the_config_that_consumes_is_found(project: Callable[..., Project]):
    files = {
        "a/wrangler.toml": consuming("other", "a"),
        "a/worker.py": WORKER,
        "b/wrangler.toml": consuming("levels", "b"),
        "b/worker.py": WORKER,
    }

    assert paths(project(files)) == ["b/wrangler.toml"]


def test_a_chain_is_followed_and_dead_letters_too(project: Callable[..., Project]):
    onward = '\n[[queues.producers]]\nbinding = "NEXT"\nqueue = "checked"\n'
    files = {
        "a/wrangler.toml": consuming("checked", "a", 'dead_letter_queue = "failed"\n'),
        "a/worker.py": WORKER,
        "b/wrangler.toml": consuming("levels", "b", onward),
        "b/worker.py": WORKER,
        "c/wrangler.toml": consuming("failed", "c"),
        "c/worker.py": WORKER,
    }

    assert paths(project(files)) == ["b/wrangler.toml", "a/wrangler.toml", "c/wrangler.toml"]


def test_who_consumes_what_it_sends_needs_nobody(project: Callable[..., Project]):
    own = MAIN + '\n[[queues.consumers]]\nqueue = "levels"\n'

    assert paths(project({"a/wrangler.toml": consuming("levels"), "a/worker.py": WORKER}, main=own)) == []


@pytest.mark.parametrize(
    "config",
    [
        consuming("levels", "tides"),
        "name = ",
        '[env.other]\nname = "writer"\n',
        consuming("levels").replace("levels", "") + "[env.other]\n",
    ],
)
def test_configs_that_are_no_consumers(project: Callable[..., Project], config: str):
    files = {"a/wrangler.toml": config, "a/worker.py": WORKER}

    assert (paths(project(files)), dict(find_consumers(project(files)).unexecuted)) == ([], {})


def test_of_two_consumers_the_first_one_counts(project: Callable[..., Project]):
    files = {
        "a/wrangler.toml": consuming("levels", "a"),
        "a/worker.py": WORKER,
        "b/wrangler.toml": consuming("levels", "b"),
        "b/worker.py": WORKER,
    }

    assert paths(project(files)) == ["a/wrangler.toml"]


def test_a_variant_comes_behind_the_config_that_wrangler_takes(project: Callable[..., Project]):
    files = {
        "a/wrangler.dev.toml": consuming("levels", "a-dev"),
        "a/wrangler.toml": consuming("levels", "a"),
        "a/worker.py": WORKER,
    }

    assert paths(project(files)) == ["a/wrangler.toml"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a/wrangler.toml": consuming("levels").replace("worker.py", "x.ts")}, "a/x.ts is not Python"),
        (
            {"a/wrangler.toml": consuming("levels").replace('main = "worker.py"\n', "")},
            "a/wrangler.toml names no worker source",
        ),
        (
            {"a/wrangler.toml": consuming("levels", more=DATABASE), "a/worker.py": WORKER},
            (
                "a rehearsal makes the tables of DB from migrations, and there are none"
                " (`diagnose init` lists what is missing)"
            ),
        ),
    ],
)
def test_why_a_consumer_cannot_be_executed(
    project: Callable[..., Project], files: Mapping[str, str], reason: str
):
    found = find_consumers(project(files))

    assert (found.projects, dict(found.unexecuted)) == ((), {"levels": reason})


def test_a_source_that_cannot_be_read_is_a_reason(project: Callable[..., Project]):
    found = find_consumers(project({"a/wrangler.toml": consuming("levels")}))

    assert found.projects == ()
    assert "a/worker.py" in found.unexecuted["levels"]


def test_the_migrations_of_either_worker_make_the_tables(project: Callable[..., Project]):
    consumer = {"a/wrangler.toml": consuming("levels", more=DATABASE), "a/worker.py": WORKER}

    assert paths(project(consumer | {"migrations/1.sql": TABLE}, main=MAIN + DATABASE)) == ["a/wrangler.toml"]
    own = project(consumer | {"a/migrations/1.sql": TABLE}, main=MAIN + DATABASE)
    assert unknown_tables(own, find_consumers(own).projects) is None


def test_an_account_has_what_the_consumers_need(project: Callable[..., Project]):
    files = {
        "a/wrangler.toml": consuming("levels", more='dead_letter_queue = "failed"\n' + DATABASE),
        "a/worker.py": WORKER,
        "a/migrations/1.sql": TABLE,
    }

    with derive_account(project(files)) as account:
        assert [queue.name for queue in account.queues.values()] == ["levels", "failed"]
        assert account.database(HARBOUR).schema().table("levels") is not None


def test_the_environment_is_that_of_the_project(project: Callable[..., Project]):
    main = MAIN + '\n[env.live]\n[[env.live.queues.producers]]\nbinding = "LEVELS"\nqueue = "live-levels"\n'
    live = '\n[env.live]\n[[env.live.queues.consumers]]\nqueue = "live-levels"\n'
    files = {"a/wrangler.toml": consuming("levels", more=live), "a/worker.py": WORKER}
    found = find_consumers(project(files, main=main, environment="live")).projects

    assert [one.config.name for one in found if one.config] == ["writer-live"]
