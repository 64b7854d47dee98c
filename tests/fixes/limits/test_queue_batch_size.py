from __future__ import annotations

import json

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.queue_helpers import MESSAGE_BATCHES

pytestmark = pytest.mark.anyio

BEFORE = """
messages = [{"body": {"id": row["id"]}} for row in rows]
await self.env.JOBS.sendBatch(messages)  # all of them
"""
AFTER = """
messages = [{"body": {"id": row["id"]}} for row in rows]
for batch in message_batches(messages):
    await self.env.JOBS.sendBatch(batch)  # all of them
"""
CONVERTED_BEFORE = """
from js import Object
from pyodide.ffi import to_js
await self.env.JOBS.sendBatch(
    to_js([{"body": {"id": row["id"]}} for row in rows], dict_converter=Object.fromEntries)
)
"""
CONVERTED_AFTER = """
from js import Object
from pyodide.ffi import to_js
for batch in message_batches([{"body": {"id": row["id"]}} for row in rows]):
    await self.env.JOBS.sendBatch(
        to_js(batch, dict_converter=Object.fromEntries)
    )
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.mark.parametrize(
    ("before", "after"), [(BEFORE, AFTER), (CONVERTED_BEFORE, CONVERTED_AFTER)], ids=["list", "converted"]
)
async def test_the_batch_is_cut_and_restored(before, after, project, repair, undo, tree):
    folder = project(after)
    wanted = (folder / "worker.py").read_text()
    wanted = wanted.replace("class Default", MESSAGE_BATCHES.text + "\n\nclass Default")
    project(before)
    original = tree(folder)
    (settlement,) = of("LIM006", await repair("LIM006", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "each sendBatch gets what it takes"
    assert tree(folder) == original | {"worker.py": wanted.encode()}
    again = await repair("LIM006", folder, offline=True)
    assert (again.run_id, of("LIM006", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


async def test_line_ends_and_mark_stay(project, repair, undo, tree):
    folder = project(BEFORE)
    worker = folder / "worker.py"
    worker.write_bytes(b"\xef\xbb\xbf" + worker.read_bytes().replace(b"\n", b"\r\n"))
    original = tree(folder)
    (settlement,) = of("LIM006", await repair("LIM006", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    after = worker.read_bytes()
    assert after.startswith(b"\xef\xbb\xbfimport json\r\n")
    assert after.count(b"\n") == after.count(b"\r\n")
    await undo(folder, offline=True)
    assert tree(folder) == original


@pytest.mark.parametrize(
    ("body", "obstacle"),
    [
        ("await self.env.JOBS.sendBatch(rows)", "not made in Python code that can be read"),
        (BEFORE.replace("await", "answer = await"), "does more than await `sendBatch`"),
        (BEFORE.replace("messages", "message_batches"), "uses the name `message_batches`"),
    ],
)
async def test_what_is_not_understood_is_left_alone(body, obstacle, project, repair, tree):
    folder = project(body)
    original = tree(folder)
    (settlement,) = of("LIM006", await repair("LIM006", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert obstacle in settlement.detail
    assert "slices of at most 100 messages" in settlement.detail
    assert tree(folder) == original


def batches_of(messages):
    names: dict[str, object] = {"json": json}
    exec(MESSAGE_BATCHES.text, names)  # noqa: S102 - the function as a repaired module has it
    return list(names["message_batches"](messages))


def test_the_batches_hold_every_message_within_both_limits():
    small = [{"body": number} for number in range(250)]
    assert [len(batch) for batch in batches_of(small)] == [100, 100, 50]
    large = [{"body": {"text": "é" * 20_000}} for _ in range(9)]
    batches = batches_of(large)
    assert [message for batch in batches for message in batch] == large
    sizes = [sum(len(json.dumps(message["body"]).encode()) for message in batch) for batch in batches]
    assert max(sizes) <= 256_000
    assert batches_of([]) == []
    assert batches_of(iter([{"body": b"bytes"}])) == [[{"body": b"bytes"}]]
