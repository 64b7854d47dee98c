from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.d1.limits import LIMITS
from diagnose.embedded.invocation import QueueAnswer
from diagnose.project.source.editing import parses
from diagnose.queueing.naming import names_for
from diagnose.queueing.python_module import MESSAGE_BYTES, python_module

pytestmark = pytest.mark.anyio
ROWS = [[f"sensor-{number % 7}", number, number / 8] for number in range(12_000)]
GOOD = '[["a",1,0.5]]'
BAD = "[[null,2,0.5]]"
FIRST, SECOND, THIRD = (f"{number:032x}" for number in range(3))


def answered(invocation):
    assert invocation.outcome == "ok", invocation
    return json.loads(invocation.answer.body)


async def test_messages_are_cut_by_bytes(worker):
    assert answered(await worker.send(ROWS)) == {"queued": 12_000}
    bindings = worker.bindings
    sizes = [len(text) for text in bindings.texts]
    assert [row for text in bindings.texts for row in json.loads(text)] == ROWS
    assert len(sizes) == 3
    assert all(MESSAGE_BYTES - 40 < size <= MESSAGE_BYTES for size in sizes[:-1])
    assert [len(call) for call in bindings.calls] == [2, 1]
    assert {message.content_type for call in bindings.calls for message in call} == {"text"}


async def test_a_call_fits_with_its_metadata():
    counted = 2 * (MESSAGE_BYTES + LIMITS.queues.metadata_bytes)
    assert MESSAGE_BYTES == 127_900
    assert counted <= LIMITS.queues.batch_bytes


async def test_bytes_are_counted_and_not_characters(worker):
    rows = [["°" * 5_000, number, 0.5] for number in range(8)]
    assert answered(await worker.send(rows)) == {"queued": 8}
    assert [row for text in worker.bindings.texts for row in json.loads(text)] == rows
    assert [len(text.encode()) <= MESSAGE_BYTES for text in worker.bindings.texts] == [True, True]


async def test_the_largest_row_fits_and_a_larger_one_is_an_error(worker):
    largest = MESSAGE_BYTES - len('[["",1,0.5]]')
    assert answered(await worker.send([["x" * largest, 1, 0.5], ["b", 2, 0.5]])) == {"queued": 2}
    assert len(worker.bindings.texts[0]) == MESSAGE_BYTES
    invocation = await worker.send([["x" * (largest + 1), 1, 0.5]])
    assert invocation.exception.message == "a row of 127,899 bytes does not fit into a queue message"


async def test_without_rows_nothing_is_sent(worker):
    assert answered(await worker.send([])) == {"queued": 0}
    assert worker.bindings.calls == []


async def test_what_is_sent_is_written(worker):
    await worker.send(ROWS)
    invocation = await worker.deliver(*worker.bindings.texts)
    assert invocation.outcome == "ok"
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({FIRST, SECOND, THIRD}))
    assert [list(row) for row in worker.bindings.rows] == ROWS


async def test_a_second_delivery_changes_nothing(worker):
    await worker.deliver(GOOD)
    invocation = await worker.deliver(GOOD)
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({FIRST}))
    assert worker.bindings.rows == [("a", 1, 0.5)]


@pytest.mark.parametrize(("attempts", "delay"), [(1, 30), (2, 60), (5, 480), (20, 3600)])
async def test_what_passes_is_waited_for(worker, attempts, delay):
    worker.bindings.errors.append("D1 DB is overloaded. Too many requests queued.")
    invocation = await worker.deliver(GOOD, '[["b",2,1]]', attempts=attempts)
    assert invocation.outcome == "ok"
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({SECOND}), retries={FIRST: delay})
    assert worker.bindings.rows == [("b", 2, 1.0)]
    (line,) = invocation.logs
    assert line.startswith(f"message {FIRST} was not written at attempt {attempts}: ")
    assert "D1 DB is overloaded. Too many requests queued." in line


async def test_what_will_never_be_taken_goes_on_to_the_dead_letters(worker):
    invocation = await worker.deliver("no JSON", GOOD)
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({SECOND}), retries={FIRST: 0})
    assert worker.bindings.rows == [("a", 1, 0.5)]
    (line,) = invocation.logs
    assert "malformed JSON" in line


def test_a_producer_alone_holds_no_statement():
    names = names_for("readings", "weather")
    text = python_module(names, "readings", raw=False, database=None, sql="INSERT INTO readings VALUES (1)")
    assert parses(text)
    assert "INSERT" not in text
    assert "write_readings" not in text
    assert "the columns in that worker's SQL" in " ".join(text.split())
    assert text.count("\n\n\n") == 2


@pytest.mark.parametrize("raw", [True, False])
def test_quotes_and_backslashes_of_the_statement_stay(raw):
    names = names_for("readings", "weather")
    sql = r'INSERT INTO "readings" ("a\b") SELECT value->>0 FROM json_each(?1)'
    text = python_module(names, "readings", raw=raw, database="DB", sql=sql)
    assert parses(text)
    space: dict[str, str] = {}
    literal = text.partition("SQL = ")[2].partition("\n)\n")[0] + "\n)"
    exec(f"SQL = {literal}", space)  # noqa: S102 - the test's own text
    assert space["SQL"] == sql
    assert ("to_js" in text) is raw


def parts_of(rows, limit):
    """What the generated function yields, in this interpreter."""
    text = python_module(names_for("readings", "weather"), "readings", raw=False, database=None, sql="")
    space: dict[str, object] = {}
    exec(text, space)  # noqa: S102 - generated by the module under test
    return list(space["message_parts"](rows, limit))


NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=40), limit=st.integers(300, 900))
def test_every_row_is_in_one_message_and_no_message_could_take_the_next_row(rows, limit):
    parts = parts_of(rows, limit)
    texts = ["[" + ",".join(part) + "]" for part in parts]
    assert [row for text in texts for row in json.loads(text)] == rows
    assert all(len(text.encode()) <= limit for text in texts)
    for text, following in pairwise(parts):
        assert len(",".join([*text, following[0]])) + 2 >= limit
