from __future__ import annotations

import textwrap

import pytest

HELPERS = """\
import asyncio
import json

import archive
from workers import WorkerEntrypoint

RETRYABLE = ("database is locked", "SQLITE_BUSY")

async def store(env, body):
    await env.DB.prepare("INSERT INTO prices (a) VALUES (?)").bind(json.dumps(body)).run()

async def try_to_store(env, body):
    try:
        await store(env, body)
        return True
    except Exception as error:
        print(error)
        return False

async def park(env, message, error):
    await env.FAILED.send(json.dumps({"body": message.body, "error": str(error)}), contentType="text")

def is_locked(error):
    \"\"\"Whether another connection holds the database.\"\"\"
    text = str(error)
    return any(known in text for known in RETRYABLE)

def passes_by_itself(error):
    return any(known in str(error) for known in ("overloaded", "Network connection lost"))

class Default(WorkerEntrypoint):
    async def queue(self, batch):
"""
FIRST = HELPERS.count("\n") + 1
STORED = 10
SWALLOWED = 16
"""Lines: of the handler's first statement, of the write in `store`, of the clause in `try_to_store`."""


@pytest.fixture
def failures(read):
    """What is acknowledged by a handler with that body; lines of the body count from 0."""

    def find(body: str):
        source = read(HELPERS + textwrap.indent(textwrap.dedent(body).strip(), " " * 8) + "\n")
        return [
            (
                failure.kind,
                failure.location.line - FIRST,
                failure.ack and failure.ack.line - FIRST,
                [write.line for write in failure.writes],
            )
            for failure in source.acked_failures
        ]

    return find


def attempt(*clause: str) -> str:
    """A loop that stores each message, with that `except`."""
    lines = ["for message in batch.messages:", "    try:", "        await store(self.env, message.body)"]
    return "\n".join([*lines, "    except Exception as error:", *(f"        {line}" for line in clause)])


@pytest.mark.parametrize(
    ("clause", "ack"),
    [
        (["print(error)"], None),
        (["print(error)", "message.ack()"], 5),
        (["message.ack()"], 4),
        (["continue"], None),
        (["return"], None),
        (["batch.ackAll()"], 4),
        (["message.ack()", "message.retry()"], 4),
        (["message.ack()", "raise"], 4),
        (["failed = True"], None),
        (["if 'UNIQUE' in str(error):", "    message.ack()"], 5),
    ],
)
def test_a_clause_that_keeps_the_error(failures, clause, ack):
    assert failures(attempt(*clause)) == [("except", 3, ack, [STORED])]


@pytest.mark.parametrize(
    "clause",
    [
        ["message.retry()"],
        ["message.retry(delaySeconds=30)", "message.ack()"],
        ["batch.retryAll()"],
        ["raise"],
        ["raise RuntimeError('not stored') from error"],
        ["await park(self.env, message, error)", "message.ack()"],
        ["await self.env.FAILED.send(message.body)", "message.ack()"],
        ["await self.env.BUCKET.put(message.id, json.dumps(message.body))", "message.ack()"],
        [
            'await self.env.DB.prepare("INSERT INTO import_errors (a) VALUES (?)").bind(str(error)).run()',
            "message.ack()",
        ],
        ["await archive.keep(message)", "message.ack()"],
        ["if passes_by_itself(error):", "    message.retry()", "else:", "    message.ack()"],
        ["if message.attempts < 3:", "    message.retry()", "else:", "    message.ack()"],
        ["if isinstance(error, RuntimeError):", "    message.retry()"],
    ],
)
def test_a_clause_that_saves_the_message(failures, clause):
    assert failures(attempt(*clause)) == []


@pytest.mark.parametrize(
    "condition",
    [
        "'database is locked' in str(error)",
        "'database is locked' in str(error) or 'SQLITE_BUSY' in str(error)",
        "any(known in str(error) for known in RETRYABLE)",
        "is_locked(error)",
        "message.attempts < 3 and 'SQLITE_BUSY' in str(error)",
    ],
)
@pytest.mark.parametrize("decision", ["message.retry()", "raise"])
def test_a_retry_that_waits_for_what_d1_never_sends(failures, condition, decision):
    clause = [f"if {condition}:", f"    {decision}", "else:", "    message.ack()"]
    assert failures(attempt(*clause)) == [("never-sent", 3, 7, [STORED])]


@pytest.mark.parametrize(
    "condition",
    [
        "'overloaded' in str(error) or 'database is locked' in str(error)",
        "message.attempts < 3 or 'SQLITE_BUSY' in str(error)",
        "not is_locked(error)",
        "self.is_transient(error)",
    ],
)
def test_a_condition_that_may_hold(failures, condition):
    assert failures(attempt(f"if {condition}:", "    message.retry()", "else:", "    message.ack()")) == []


def test_the_texts_are_named(read):
    body = attempt("waits = is_locked(error)", "if waits:", "    message.retry()")
    (failure,) = read(HELPERS + textwrap.indent(body, " " * 8)).acked_failures
    assert failure.texts == ("database is locked", "SQLITE_BUSY")
    assert failure.function == "Default.queue"


@pytest.mark.parametrize(
    "body",
    [
        """
        failed = False
        for message in batch.messages:
            try:
                await store(self.env, message.body)
            except Exception as error:
                failed = True
        if failed:
            batch.retryAll()
        """,
        """
        failed = []
        for message in batch.messages:
            try:
                await store(self.env, message.body)
                message.ack()
            except Exception as error:
                failed.append((message, error))
        for message, error in failed:
            message.retry(delaySeconds=30)
        """,
        """
        failed = []
        for message in batch.messages:
            try:
                await store(self.env, message.body)
            except Exception as error:
                failed.append(message.body)
        if failed:
            await self.env.FAILED.sendBatch(failed)
        """,
        """
        stored = False
        try:
            await store(self.env, batch.messages)
            stored = True
        except Exception as error:
            print(error)
        if not stored:
            raise RuntimeError("not stored")
        """,
        """
        for message in batch.messages:
            if await try_to_store(self.env, message.body):
                message.ack()
            else:
                message.retry()
        """,
        """
        for message in batch.messages:
            if not message.body["symbol"]:
                message.ack()
                continue
            await store(self.env, message.body)
            message.ack()
        """,
        """
        results = await asyncio.gather(
            *[store(self.env, message.body) for message in batch.messages], return_exceptions=True
        )
        for message, result in zip(batch.messages, results):
            if isinstance(result, Exception):
                message.retry()
            else:
                message.ack()
        """,
        """
        for message in batch.messages:
            try:
                await store(self.env, message.body)
            except Exception:
                message.retry()
            finally:
                message.ack()
        """,
        """
        for message in batch.messages:
            await store(self.env, message.body)
            message.ack()
        await self.env.DB.prepare("UPDATE state SET seen = 1").run()
        """,
        """
        for message in batch.messages:
            try:
                symbol = message.body["symbol"]
            except KeyError:
                message.ack()
                continue
            await store(self.env, symbol)
        """,
        "pass",
    ],
)
def test_handlers_that_lose_nothing(failures, body):
    assert failures(body) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            """
            for message in batch.messages:
                message.ack()
                await store(self.env, message.body)
            """,
            ("early-ack", 1, 1),
        ),
        (
            """
            rows = []
            for message in batch.messages:
                rows.append(message.body)
                message.ack()
            await store(self.env, rows)
            """,
            ("early-ack", 3, 3),
        ),
        (
            """
            batch.ackAll()
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    message.retry()
            """,
            ("early-ack", 0, 0),
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                finally:
                    message.ack()
            """,
            ("ack-in-finally", 4, 4),
        ),
        (
            """
            for message in batch.messages:
                try:
                    try:
                        await store(self.env, message.body)
                    except Exception as error:
                        print(error)
                    message.ack()
                except Exception:
                    message.retry()
            """,
            ("except", 4, None),
        ),
        (
            """
            failed = 0
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    failed += 1
            print(f"{failed} messages were not stored")
            """,
            ("except", 4, None),
        ),
    ],
)
def test_where_the_ack_stands(failures, body, expected):
    assert failures(body) == [(*expected, [STORED])]


@pytest.mark.parametrize(
    "body",
    [
        "for message in batch.messages:\n    await try_to_store(self.env, message.body)",
        (
            "for message in batch.messages:\n"
            "    if await try_to_store(self.env, message.body):\n"
            "        message.ack()"
        ),
    ],
)
def test_a_helper_whose_answer_saves_nothing(failures, body):
    assert failures(body) == [("except", SWALLOWED - FIRST, None, [STORED])]


def test_suppressing_and_leaving_finally(read):
    worker = """
    from contextlib import suppress

    async def on_queue(batch, env, ctx):
        with suppress(Exception):
            await env.DB.prepare("INSERT INTO prices (a) VALUES (1)").run()
        try:
            await env.DB.prepare("INSERT INTO prices (a) VALUES (2)").run()
        finally:
            return
    """
    found = read(worker).acked_failures
    assert [(failure.kind, failure.location.line) for failure in found] == [("suppress", 5), ("finally", 10)]


def test_other_handlers_acknowledge_nothing(read):
    worker = """
    async def on_scheduled(controller, env, ctx):
        try:
            await env.DB.prepare("INSERT INTO prices (a) VALUES (1)").run()
        except Exception as error:
            print(error)
    """
    assert read(worker).acked_failures == ()
