from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
WORKER = """from workers import Response, WorkerEntrypoint

SCHEMA = '''
    -- what is imported
    CREATE TABLE IF NOT EXISTS prices (
        time INTEGER PRIMARY KEY
    );
    CREATE INDEX IF NOT EXISTS prices_time ON prices (time);{behind}
'''


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        db = self.env.DB
        {line}
        return Response("ok")
"""


def worker(line, behind=""):
    return WORKER.replace("{line}", line).replace("{behind}", behind)


@pytest.fixture
def project(write_project):
    return lambda text: write_project({"wrangler.toml": CONFIG, "worker.py": text})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("await db.exec(SCHEMA)", "await db.prepare(SCHEMA).run()"),
        ("db.exec(SCHEMA)", "db.prepare(SCHEMA).run()"),
        ("made = await db.exec(SCHEMA)", "made = await db.prepare(SCHEMA).run()"),
        (
            "await self.env.DB.exec(\n            SCHEMA,  # the tables\n        )",
            "await self.env.DB.prepare(\n            SCHEMA,  # the tables\n        ).run()",
        ),
        (
            "await db.exec('DELETE FROM prices\\nWHERE time = 0')\n        await db.exec(SCHEMA)",
            (
                "await db.prepare('DELETE FROM prices\\nWHERE time = 0').run()\n"
                "        await db.prepare(SCHEMA).run()"
            ),
        ),
    ],
)
async def test_the_text_is_prepared_and_restored(before, after, project, repair, undo, tree):
    folder = project(worker(before))
    files = tree(folder)
    result = await repair("SRC003", folder, offline=True)
    assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
    assert tree(folder)["worker.py"].decode() == worker(after)
    assert (await repair("SRC003", folder, offline=True)).settlements == ()
    await undo(folder, offline=True)
    assert tree(folder) == files


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (
            worker("done = await db.exec(SCHEMA)\n        print(done.count)"),
            "pass each statement to `prepare(…).run()`, or write each on one line",
        ),
        (
            worker("return await db.exec(SCHEMA)"),
            "pass each statement to `prepare(…).run()`, or write each on one line",
        ),
        (
            worker("await db.exec(SCHEMA)", "\n    -- the end"),
            "move the comment in front of a statement, then use `prepare(…).run()`",
        ),
    ],
)
async def test_what_would_not_mean_the_same_is_refused(text, remedy, project, repair, tree):
    folder = project(text)
    files = tree(folder)
    (settlement,) = (await repair("SRC003", folder, offline=True)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.endswith(remedy)
    assert tree(folder) == files
