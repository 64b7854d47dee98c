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


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        db, asked = self.env.DB, await request.json()
        {lines}
        return Response("ok")
"""


def worker(*lines):
    return WORKER.replace("{lines}", "\n        ".join(lines))


@pytest.fixture
def project(write_project):
    return lambda *lines: write_project({"wrangler.toml": CONFIG, "worker.py": worker(*lines)})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["await db.prepare(f\"DELETE FROM t WHERE a = '{asked['a']}'\").run()"],
            ["await db.prepare(\"DELETE FROM t WHERE a = ?\").bind(str(asked['a'])).run()"],
        ),
        (
            ["await db.prepare(f\"SELECT * FROM t WHERE a = ? AND b LIKE '%{asked}%'\").bind(1).all()"],
            ['await db.prepare("SELECT * FROM t WHERE a = ? AND b LIKE ?").bind(1, f"%{asked}%").all()'],
        ),
        (
            [
                "sql = f\"INSERT INTO t VALUES ({asked['a']}, '{asked['b'].strip()}')\"",
                "# store it",
                "await db.prepare(sql).run()",
                "await db.prepare(f\"DELETE FROM u WHERE a = {asked['a']}\").run()",
            ],
            [
                'sql = "INSERT INTO t VALUES (?, ?)"',
                "# store it",
                "await db.prepare(sql).bind(asked['a'], asked['b'].strip()).run()",
                "await db.prepare(\"DELETE FROM u WHERE a = ?\").bind(asked['a']).run()",
            ],
        ),
    ],
)
async def test_the_values_are_bound_and_the_text_restored(before, after, project, repair, undo, tree):
    folder = project(*before)
    files = tree(folder)
    result = await repair("SRC006", folder, offline=True)
    assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
    assert tree(folder)["worker.py"].decode() == worker(*after)
    assert (await repair("SRC006", folder, offline=True)).settlements == ()
    await undo(folder, offline=True)
    assert tree(folder) == files


async def test_what_is_not_understood_is_left_alone(project, repair, tree):
    folder = project("await db.prepare(\"DELETE FROM %s WHERE a = '%s'\" % (\"t\", asked['a'])).run()")
    files = tree(folder)
    (settlement,) = (await repair("SRC006", folder, offline=True)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.endswith(
        "write `?` in place of each value and pass the values to `bind()`; bind rows as one JSON text"
    )
    assert tree(folder) == files
