from __future__ import annotations

import pytest

from diagnose.rewriting.bound_values import bound_calls

WORKER = """
from workers import WorkerEntrypoint

def mark(env, row, note=None, *, kind=None):
    return env.DB.prepare("INSERT INTO t VALUES (?, ?)").bind({arguments})

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            await mark(self.env, message.body{given}).run()
"""


@pytest.fixture
def kinds(analysed):
    def read(arguments, given=""):
        calls = bound_calls(analysed(WORKER.replace("{arguments}", arguments).replace("{given}", given)))
        return [(value.node.source, value.kind, value.field) for call in calls for value in call.values]

    return read


@pytest.mark.parametrize(
    ("arguments", "given", "found"),
    [
        ("note, 1", "", [("note", "parameter", None)]),
        ("note, 1", ", 'x'", []),
        ("note, 1", ", note=1", []),
        ("note, 1", ", *extra", []),
        ("note, kind", ", 1", [("kind", "parameter", None)]),
        ("row, 1", "", []),
        ("row.get('a'), row['b']", "", [("row.get('a')", "get", "a")]),
        ("*[row.get('a'), row['b']]", "", [("row.get('a')", "get", "a")]),
        ("*[row.get(name) for name in names]", "", []),
        ("*row", "", []),
        ("1 if row.get('a') else 2, row.get('a')", "", []),
    ],
)
def test_what_may_be_none(arguments, given, found, kinds):
    assert kinds(arguments, given) == found


def test_the_keys_that_are_read_together(analysed):
    text = WORKER.replace("{arguments}", "row.get('a'), row['b']").replace("{given}", "")
    (call,) = bound_calls(analysed(text))
    assert call.fields == {"a", "b"}
    assert (call.function, call.site.function) == ("mark", "Default.queue")
