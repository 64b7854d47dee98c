"""Projects with one worker that sends given statements to one database, and repairs of them."""

from __future__ import annotations

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.settlement import Outcome

UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "rates"
database_id = "{UUID}"
"""
HEAD = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        db = self.env.DB
"""


@pytest.fixture
def worker(write_project):
    """A project whose worker sends these statements."""

    def make(*statements, files=None):
        lines = "".join(f"        await db.prepare({sql!r}).run()\n" for sql in statements)
        return write_project({"wrangler.toml": CONFIG, "worker.py": HEAD + lines, **(files or {})})

    return make


@pytest.fixture
def account(saved_account):
    """A saved account beside the project: the worker's database, and others by their name."""

    def make(folder, sql, **others):
        databases = {UUID: ("rates", sql)}
        for number, (name, text) in enumerate(others.items()):
            databases[f"5f1c3a90-0000-4000-8000-00000000000{number}"] = (name, text)
        return saved_account(folder, databases)

    return make


@pytest.fixture
def database():
    """Run SQL in the worker's database of the saved account."""

    def run(folder, sql):
        with EmbeddedAccount.open(folder / ".diagnose" / "account") as embedded:
            return embedded.database(UUID).run(Statement(sql)).rows

    return run


@pytest.fixture
def definitions(database):
    """What the worker's database consists of, apart from what SQLite makes for itself."""

    def read(folder):
        return database(folder, "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY rowid")

    return read


@pytest.fixture
def proven(repair, undo, tree, definitions):
    """Repair, compare the one new file, repair again (nothing changes), and undo everything."""

    async def run(code, folder, path, sql, **choices):
        before, tables = tree(folder), definitions(folder)
        (settlement,) = (await repair(code, folder, **choices)).settlements
        assert settlement.outcome is Outcome.FIXED, settlement
        assert tree(folder) == {**before, path: sql.encode()}
        repaired = definitions(folder)
        assert repaired != tables
        again = await repair(code, folder, **choices)
        assert again.settlements == ()
        assert (tree(folder), definitions(folder)) == ({**before, path: sql.encode()}, repaired)
        await undo(folder)
        assert (tree(folder), definitions(folder)) == (before, tables)

    return run


@pytest.fixture
def unchanged(repair, tree, definitions):
    """The one settlement of a repair that changes nothing."""

    async def run(code, folder, **choices):
        before, tables = tree(folder), definitions(folder)
        (settlement,) = (await repair(code, folder, **choices)).settlements
        assert (tree(folder), definitions(folder)) == (before, tables)
        return settlement

    return run
