"""Batches of messages: both styles, both SDKs, every content type, and what a handler decides."""

from __future__ import annotations

import json
from textwrap import dedent, indent

import pytest

from diagnose.embedded.invocation import IncomingMessage, QueueAnswer, RuntimeLimits, Trigger
from diagnose.embedded.runtime import sandbox_available
from diagnose.model import Location

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available())),
]

MODULE = """\
import asyncio, json, os
from pyodide.ffi import jsnull, to_js
from js import Object
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def queue(self, batch):
"""
A, B, C = "a" * 32, "b" * 32, "c" * 32


def message(
    body: object = "x", *, identity: str = A, kind: str = "json", attempts: int = 1
) -> IncomingMessage:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return IncomingMessage(
        id=identity, timestamp="2026-01-02T03:04:05.006Z", attempts=attempts, content_type=kind, body=content
    )


def batch(*messages: IncomingMessage) -> Trigger:
    return Trigger(kind="queue", queue="prices", messages=messages)


THREE = batch(*(message(number, identity=one) for number, one in enumerate((A, B, C))))


def handler(body: str) -> str:
    return MODULE + indent(dedent(body).strip("\n"), " " * 8)


async def logged(worker, body, trigger):
    invocation = await worker.source(handler(body), trigger)
    told = invocation.exception.traceback if invocation.exception else invocation.reason
    assert invocation.outcome == "ok", told or invocation.refused
    return list(invocation.logs)


async def test_wrapped_batch_is_python(wrapped):
    trigger = batch(message({"t": 1, "v": None, "all": [{"a": 1.5}]}, attempts=2), message(None, identity=B))
    assert await logged(
        wrapped,
        """
        first, second = batch.messages
        print(batch.queue, type(batch.messages).__name__, len(batch.messages))
        print(first.body == {"t": 1, "v": None, "all": [{"a": 1.5}]}, first.body.t, first.body["all"][0].a)
        print(first.id, first.attempts, first.timestamp.isoformat(), second.body)
        """,
        trigger,
    ) == [
        "prices list 2",
        "True 1 1.5",
        f"{A} 2 2026-01-02T03:04:05.006000 None",
    ]


async def test_raw_batch_is_javascript(raw):
    trigger = batch(message({"t": 1, "v": None}, attempts=2), message(None, identity=B))
    assert await logged(
        raw,
        """
        first, second = batch.messages
        print(batch.queue, type(first).__name__, len(batch.messages))
        print(first.body.to_py(), first.body.t, second.body is jsnull)
        print(first.id, first.attempts, first.timestamp.toISOString())
        """,
        trigger,
    ) == ["prices JsProxy 2", "{'t': 1, 'v': jsnull} 1 True", f"{A} 2 2026-01-02T03:04:05.006Z"]


@pytest.mark.parametrize("parameters", ["batch, env, ctx", "batch, env=None, ctx=None", "batch", "*args"])
async def test_class_style_takes_its_own_parameters(wrapped, parameters):
    source = MODULE.replace("batch):", f"{parameters}):") + " " * 8
    source += "batch = locals().get('batch') or args[0]\n" + " " * 8
    source += "print(batch.queue, locals().get('env'), locals().get('ctx'), self.env.TOKEN)"
    invocation = await wrapped.source(source, batch(message()))
    assert (invocation.outcome, invocation.logs) == ("ok", ("prices None None s3cret",))


async def test_module_level_handler(raw):
    raw.date = "2025-06-01"
    invocation = await raw.source(
        """
        async def on_queue(batch, env, ctx):
            for message in batch.messages:
                await env.DB.prepare("INSERT INTO t (n) VALUES (?)").bind(message.body.to_py()["n"]).run()
                message.ack()
        """,
        batch(message({"n": 7}), message({"n": 8}, identity=B)),
    )
    assert [one.params for one in invocation.statements] == [(7.0,), (8.0,)]
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({A, B}))
    assert invocation.answer is None


async def test_missing_handler(wrapped):
    invocation = await wrapped.source(
        "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint): pass", batch(message())
    )
    assert invocation.exception.message == "Handler does not export a queue() function."
    assert invocation.queue_answer == QueueAnswer()


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        ("json", b'{"a":1}', "JsDict {'a': 1}"),
        ("json", b"[1,2]", "list [1, 2]"),
        ("json", b"12.5", "float 12.5"),
        ("v8", b'{"a":1}', "JsDict {'a': 1}"),
        ("text", b'{"a":1}', 'str {"a":1}'),
        ("text", "€".encode(), "str €"),
    ],
)
async def test_content_types(wrapped, kind, content, told):
    body = "print(type(batch.messages[0].body).__name__, batch.messages[0].body)"
    assert await logged(wrapped, body, batch(message(content, kind=kind))) == [told]


async def test_bytes(wrapped, raw):
    trigger = batch(message(b"\x00\xff", kind="bytes"))
    body = "print(list(batch.messages[0].body.{}()))"
    assert await logged(wrapped, body.format("tobytes"), trigger) == ["[0, 255]"]
    assert await logged(raw, body.format("to_bytes"), trigger) == ["[0, 255]"]


async def test_a_body_that_is_not_json_fails_the_batch(wrapped):
    invocation = await wrapped.source(handler("batch.ackAll()"), batch(message(b"{")))
    assert (invocation.outcome, invocation.queue_answer) == ("exception", QueueAnswer())
    assert invocation.exception.message.endswith("in JSON at position 1")


async def test_v8_that_json_cannot_hold_is_refused_at_the_producer(raw):
    invocation = await raw.source(
        handler('await self.env.QUEUE.send(to_js({"a": 1}), contentType="v8")'), batch(message())
    )
    assert invocation.outcome == "refused"
    assert "content type v8 with [object Map]" in invocation.refused


async def test_wrapped_decisions(wrapped):
    invocation = await wrapped.source(
        handler(
            """
            first, second, third = batch.messages
            first.ack()
            second.retry(delaySeconds=30)
            third.retry()
            """
        ),
        THREE,
    )
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({A}), retries={B: 30, C: None})


async def test_raw_decisions(raw):
    invocation = await raw.source(
        handler(
            """
            first, second, third = batch.messages
            first.ack()
            second.retry(to_js({"delaySeconds": 30}, dict_converter=Object.fromEntries))
            third.retry(delaySeconds=7.9)
            """
        ),
        THREE,
    )
    assert invocation.queue_answer == QueueAnswer(acks=frozenset({A}), retries={B: 30, C: 7})


async def test_raw_options_that_were_not_converted_are_refused(raw):
    invocation = await raw.source(handler('batch.messages[0].retry({"delaySeconds": 30})'), THREE)
    assert invocation.refused == (
        "queue options or messages that were not converted with to_js (worker.py:7)"
    )


@pytest.mark.parametrize(
    ("calls", "answer"),
    [
        ("batch.ackAll()", QueueAnswer(batch="ack")),
        ("batch.retryAll()", QueueAnswer(batch="retry")),
        ("batch.retryAll(delaySeconds=60)", QueueAnswer(batch="retry", batch_delay=60)),
        ('batch.retryAll({"delaySeconds": 60})', QueueAnswer(batch="retry", batch_delay=60)),
        ("m.ack(); batch.retryAll()", QueueAnswer(acks=frozenset({A}), batch="retry")),
        ("m.retry(); batch.ackAll()", QueueAnswer(retries={A: None}, batch="ack")),
        ("m.ack(); m.ack()", QueueAnswer(acks=frozenset({A}))),
        ("m.retry(delaySeconds=1); m.retry()", QueueAnswer(retries={A: 1})),
        ("batch.ackAll(); m.ack()", QueueAnswer(batch="ack")),
        ("batch.retryAll(delaySeconds=2); batch.retryAll()", QueueAnswer(batch="retry", batch_delay=2)),
    ],
)
async def test_decisions_about_the_batch(wrapped, calls, answer):
    invocation = await wrapped.source(handler(f"m = batch.messages[0]\n{calls}"), THREE)
    assert (invocation.outcome, invocation.queue_answer, invocation.logs) == ("ok", answer, ())


@pytest.mark.parametrize(
    ("calls", "answer", "warned"),
    [
        ("m.ack(); m.retry()", QueueAnswer(acks=frozenset({A})), ("retry()", "ack()")),
        ("m.retry(); m.ack()", QueueAnswer(retries={A: None}), ("ack()", "retry()")),
        ("batch.ackAll(); m.retry()", QueueAnswer(batch="ack"), ("retry()", "ackAll()")),
        ("batch.retryAll(); m.ack()", QueueAnswer(batch="retry"), ("ack()", "retryAll()")),
        ("batch.retryAll(); batch.ackAll()", QueueAnswer(batch="retry"), ("ackAll()", "retryAll()")),
        ("batch.ackAll(); batch.retryAll()", QueueAnswer(batch="ack"), ("retryAll()", "ackAll()")),
    ],
)
async def test_the_first_decision_wins_with_a_warning(wrapped, calls, answer, warned):
    invocation = await wrapped.source(handler(f"m = batch.messages[0]\n{calls}"), THREE)
    assert invocation.queue_answer == answer
    late, first = warned
    about = f" on message {A}" if calls.count("m.") and not late.endswith("All()") else ""
    assert len(invocation.logs) == 1
    assert invocation.logs[0].startswith(
        f"Received a call to {late}{about} after {first} was already called. Calling {late} "
    )
    (event,) = [event for event in invocation.events if event.kind == "log"]
    assert (event.detail["level"], event.location) == ("warn", Location("worker.py", 8))


async def test_decisions_survive_an_exception(wrapped):
    invocation = await wrapped.source(
        handler('batch.messages[1].ack()\nraise ValueError("no such place")'), THREE
    )
    assert (invocation.outcome, invocation.queue_answer) == ("exception", QueueAnswer(acks=frozenset({B})))
    assert invocation.exception.message == "no such place"
    assert invocation.exception.location == Location("worker.py", 8)


async def test_decisions_survive_the_end_of_the_process(wrapped):
    invocation = await wrapped.source(handler("batch.messages[0].ack()\nos._exit(3)"), THREE)
    assert (invocation.outcome, invocation.queue_answer) == ("killed", QueueAnswer(acks=frozenset({A})))


async def test_decisions_survive_a_timeout(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=1.0, cpu_seconds=5)
    invocation = await wrapped.source(handler("batch.messages[0].ack()\nwhile True: pass"), THREE)
    assert (invocation.outcome, invocation.queue_answer) == ("killed", QueueAnswer(acks=frozenset({A})))


async def test_a_decision_about_a_foreign_message_ends_the_invocation(wrapped):
    invocation = await wrapped.source(
        handler(
            """
            message = batch.messages[0]._binding._js_
            message.id = "f" * 32
            message.ack()
            """
        ),
        THREE,
    )
    assert (invocation.outcome, invocation.queue_answer) == ("killed", QueueAnswer())
    assert invocation.reason.endswith("a decision about a message that was not delivered")


async def test_other_events_have_no_queue_answer(wrapped):
    assert (await wrapped.handler("return 1")).queue_answer is None


async def test_the_timeline_names_the_queue(wrapped):
    one = await wrapped.source(handler("batch.ackAll()"), batch(message()))
    three = await wrapped.source(handler("batch.ackAll()"), THREE)
    texts = [invocation.events[0].text for invocation in (one, three)]
    assert texts == ["queue prices: 1 message", "queue prices: 3 messages"]
