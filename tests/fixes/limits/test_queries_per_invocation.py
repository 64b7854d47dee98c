from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.helper import FUNCTION

BODY = """
stored = 0
for row in rows:
    # one at a time
    await db.prepare("INSERT INTO prices (a, b) VALUES (?, ?)").bind(row["a"], row["b"]).run()
    stored += 1
print(f"{stored} rows stored")
"""
AFTER = """
stored = 0
new_rows = []
for row in rows:
    # one at a time
    new_rows.append([row["a"], row["b"]])
for part in json_parts(new_rows):
    result = await db.prepare(
        "INSERT INTO prices (a, b) SELECT value->>0, value->>1 FROM json_each(?1)"
    ).bind(part).run()
    stored += result.meta.changes
print(f"{stored} rows stored")
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.mark.anyio
async def test_the_loop_is_repaired_and_restored(project, repair, undo, tree):
    folder = project(AFTER)
    wanted = (folder / "worker.py").read_text().replace("class Default", FUNCTION + "\n\nclass Default")
    project(BODY)
    before = tree(folder)
    (settlement,) = of("LIM003", await repair("LIM003", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder) == before | {"worker.py": wanted.encode()}
    assert of("LIM003", await repair("LIM003", folder, offline=True)) == []
    await undo(folder, offline=True)
    assert tree(folder) == before


@pytest.mark.anyio
async def test_a_loop_that_does_more_is_left_alone(project, repair, tree):
    folder = project("""
for row in rows:
    known = await db.prepare("SELECT 1 FROM prices WHERE a = ?").bind(row["a"]).first()
    await db.prepare("INSERT INTO prices (a) VALUES (?)").bind(row["a"]).run()
""")
    before = tree(folder)
    settlements = of("LIM003", await repair("LIM003", folder, offline=True))
    assert {settlement.outcome for settlement in settlements} == {Outcome.REFUSED}
    assert tree(folder) == before


QUEUED = """
stored = 0
new_rows = []
for row in rows:
    # one at a time
    new_rows.append([row["a"], row["b"]])
stored += await queue_prices(self.env, new_rows)
print(f"{stored} rows queued")
"""


@pytest.mark.anyio
async def test_the_rows_of_the_loop_go_through_a_queue(project, repair, undo, tree):
    folder = project(QUEUED)
    wanted = (folder / "worker.py").read_text().partition("    async def store")[2]
    project(BODY)
    before = tree(folder)
    (settlement,) = of("LIM003", await repair("LIM003", folder, offline=True, options={"option": "queue"}))
    assert settlement.outcome is Outcome.REHEARSED
    after = tree(folder)
    assert after.keys() - before.keys() == {"prices_queue.py"}
    text = after["worker.py"].decode()
    assert text.partition("    async def store")[2] == wanted.replace("        db = self.env.DB\n", "")
    assert of("LIM003", await repair("LIM003", folder, offline=True, options={"option": "queue"})) == []
    await undo(folder, offline=True)
    assert tree(folder) == before


@pytest.mark.anyio
async def test_an_unknown_option_is_refused(project, repair, tree):
    folder = project(BODY)
    before = tree(folder)
    (settlement,) = of("LIM003", await repair("LIM003", folder, offline=True, options={"option": "tube"}))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == "--option option=tube is not known: choose direct or queue"
    assert tree(folder) == before
