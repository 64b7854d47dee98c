from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.helper import FUNCTION

pytestmark = pytest.mark.anyio
ROWS = '(await (await fetch("https://api.example.com/rows?limit=100000")).json())["rows"]'
BEFORE = """
values = [[row["time"], row["open"], "one-minute-candles"] for row in rows]
sql = "INSERT INTO prices (time, open, kind) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
result = await db.prepare(sql).bind(json.dumps(values)).run()
print(f"{result.meta.changes} rows")
"""
AFTER = """
values = [[row["time"], row["open"], "one-minute-candles"] for row in rows]
sql = "INSERT INTO prices (time, open, kind) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
inserted = 0
for part in json_parts(values):
    result = await db.prepare(sql).bind(part).run()
    inserted += result.meta.changes
print(f"{inserted} rows")
"""
NAMED_BEFORE = (
    BEFORE.replace("result = await", "text = json.dumps(values)\nawait")
    .replace("bind(json.dumps(values))", "bind(text)")
    .partition("print")[0]
)
NAMED_AFTER = """
values = [[row["time"], row["open"], "one-minute-candles"] for row in rows]
sql = "INSERT INTO prices (time, open, kind) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
text = json.dumps(values)
for part in json_parts(values):
    await db.prepare(sql).bind(part).run()
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.mark.parametrize(
    ("before", "after"), [(BEFORE, AFTER), (NAMED_BEFORE, NAMED_AFTER)], ids=["call", "name"]
)
async def test_the_value_is_cut_and_restored(before, after, project, repair, undo, tree):
    folder = project(after, ROWS)
    wanted = (folder / "worker.py").read_text().replace("class Default", FUNCTION + "\n\nclass Default")
    project(before, ROWS)
    original = tree(folder)
    (settlement,) = of("LIM004", await repair("LIM004", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "the rows travel as JSON texts below D1's limit for a value"
    assert tree(folder) == original | {"worker.py": wanted.encode()}
    again = await repair("LIM004", folder, offline=True)
    assert (again.run_id, of("LIM004", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


@pytest.mark.parametrize(
    ("body", "obstacle"),
    [
        (
            BEFORE.replace("INSERT INTO prices (time, open, kind)", "DELETE FROM prices WHERE time NOT IN"),
            "no INSERT",
        ),
        (BEFORE.replace("json.dumps(values)", "json.dumps(values), 5"), "binds other values beside the rows"),
        (
            BEFORE.replace("json.dumps(values)", "json.dumps(values, default=str)"),
            "not written as `json.dumps",
        ),
        (
            'await db.prepare("INSERT INTO files VALUES (zeroblob(3000000))").run()',
            "one value alone is too large",
        ),
    ],
)
async def test_what_is_not_understood_is_left_alone(body, obstacle, project, repair, tree):
    folder = project(body, ROWS)
    original = tree(folder)
    (settlement,) = of("LIM004", await repair("LIM004", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert obstacle in settlement.detail
    assert tree(folder) == original


async def test_what_a_caller_sends_is_not_cut(write_project, repair, tree):
    worker = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        await self.env.DB.prepare("INSERT INTO hooks (body) VALUES (?)").bind(text).run()
        return Response("ok")
"""
    folder = write_project({"wrangler.toml": 'name = "a"\nmain = "worker.py"\n', "worker.py": worker})
    original = tree(folder)
    (settlement,) = of("LIM004", await repair("LIM004", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("what a caller sends cannot be cut: answer 413")
    assert tree(folder) == original
