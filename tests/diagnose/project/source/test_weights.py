from __future__ import annotations

import json

import pytest

from diagnose.project.source import Exactly

WORKER = """
import json
from js import Object
from pyodide.ffi import to_js
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = (await (await fetch("https://api.example.com/?limit=2000")).json())["rows"]
        name = self.env.NAME
        await self.env.JOBS.{call}
"""


@pytest.fixture
def sent(read):
    def only_send(call):
        (send,) = read(WORKER.format(call=call)).sends
        return send

    return only_send


@pytest.mark.parametrize(
    "value",
    [
        {"symbol": "BTC", "limit": 2000, "live": True, "last": None},
        [1, 2.5, "é", {"a": []}],
        {"a": [[1, 2], [3]], "b": {}},
        [],
        "text",
        12,
    ],
)
def test_what_the_source_writes_out_has_its_size_in_json(sent, value):
    body = sent(f"send({value!r})").body
    assert body.elements == ()
    assert body.fixed == len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def test_a_json_text_weighs_what_it_holds(sent):
    assert sent('send(json.dumps({"a": 1}))').body.fixed == len('{"a":1}')
    assert sent('send(to_js({"a": 1}, dict_converter=Object.fromEntries))').body.fixed == len('{"a":1}')


def test_unknown_values_count_one_byte(sent):
    assert sent('send({"name": name, "time": unknown()})').body.fixed == len('{"name":1,"time":1}')


def test_a_text_with_holes_has_its_fixed_characters(sent):
    assert sent('send(f"import {name} now")').body.fixed == len('"import  now"')


def test_rows_add_what_each_of_them_takes(sent):
    body = sent('send({"rows": [{"time": row["time"], "open": row["open"]} for row in rows]})').body
    (elements,) = body.elements
    assert body.fixed == len('{"rows":[]}')
    assert elements.each == len('{"time":1,"open":1},')
    assert (elements.count.asked, elements.passed_on) == (2_000, False)


@pytest.mark.parametrize("rows", ["rows", "[row for row in rows]", "list(rows)", "rows[:500]"])
def test_rows_that_are_passed_on_are_marked(sent, rows):
    (elements,) = sent(f"send({rows})").body.elements
    assert (elements.each, elements.passed_on) == (2, True)


def test_a_batch_weighs_its_heaviest_body_and_all_of_them(sent):
    send = sent('sendBatch([{"body": {"id": 1}}, {"body": {"id": 1, "text": "abc"}}])')
    assert send.count == Exactly(2)
    assert send.body.fixed == len('{"id":1,"text":"abc"}')
    assert send.bodies.fixed == len('{"id":1}') + len('{"id":1,"text":"abc"}') + 1
    assert sent("send(1)").bodies is None


def test_a_batch_of_rows(sent):
    send = sent('sendBatch([{"body": {"id": row["id"]}} for row in rows])')
    (elements,) = send.bodies.elements
    assert (elements.each, elements.count.asked) == (len('{"id":1},'), 2_000)


def test_a_batch_of_unknown_messages_has_no_weight(sent):
    send = sent("sendBatch(rows)")
    assert (send.body, send.bodies) == (None, None)
