from __future__ import annotations

import pytest

WORKER = """
from workers import Response, WorkerEntrypoint

async def save(env):
    await env.DB.prepare("INSERT INTO t VALUES (1)").run()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        try:
            await save(self.env)
        except {clause}:
            {body}
        return Response("saved")
"""


@pytest.mark.parametrize(
    ("clause", "body"),
    [
        ("Exception as error", "print(error)"),
        ("Exception", "pass"),
        ("JsException as error", "console.error(str(error))"),
        ("(ValueError, Exception)", "result = None"),
        ("BaseException", "logger.exception('failed')"),
        ("Exception as error", "return Response('ok')"),
    ],
)
def test_errors_that_go_unnoticed(read, clause, body):
    (handling,) = read(WORKER.format(clause=clause, body=body)).error_handlers
    assert (handling.kind, handling.swallows) == ("except", True)
    assert (handling.location.line, handling.location.column) == (11, 9)
    assert [write.line for write in handling.writes] == [5]
    assert handling.function == "Default.fetch"
    assert handling.reported_success.line == (12 if "return" in body else 13)


@pytest.mark.parametrize(
    ("clause", "body"),
    [
        ("Exception", "raise"),
        ("Exception as error", "print(error); raise RuntimeError from error"),
        ("Exception as error", "return Response(str(error), status=500)"),
        ("Exception as error", "return Response('down', {'status': 503})"),
        ("Exception as error", "errors.append(error)"),
        ("Exception as error", "return Response(f'error: {error}')"),
        ("Exception as error", "self.failed = error"),
        ("Exception", "request.retry()"),
    ],
)
def test_errors_that_are_kept(read, clause, body):
    (handling,) = read(WORKER.format(clause=clause, body=body)).error_handlers
    assert handling.swallows is False
    assert handling.reported_success is None


@pytest.mark.parametrize("clause", ["ValueError", "(KeyError, TypeError)", "MyError"])
def test_clauses_for_other_errors_decide_nothing(read, clause):
    assert read(WORKER.format(clause=clause, body="pass")).error_handlers == ()


def test_a_bare_except(read):
    (handling,) = read(WORKER.replace(" {clause}", "").format(body="pass")).error_handlers
    assert handling.swallows is True


def test_reads_are_not_writes(read):
    worker = WORKER.format(clause="Exception", body="pass").replace("INSERT INTO t VALUES (1)", "SELECT 1")
    assert read(worker).error_handlers == ()


def test_the_inner_clause_decides(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        try:
            try:
                await self.env.DB.prepare("DELETE FROM t").run()
            except Exception:
                raise
        except Exception as error:
            print(error)
""")
    assert [(one.location.line, one.swallows) for one in source.error_handlers] == [(9, False), (11, True)]


def test_a_result_that_the_caller_reads_is_kept(read):
    worker = """
from workers import Response, WorkerEntrypoint

async def save(env):
    try:
        await env.DB.prepare("INSERT INTO t VALUES (1)").run()
        return True
    except Exception:
        return False

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {call}
        return Response("ok")
"""
    (kept,) = read(worker.format(call="saved = await save(self.env)")).error_handlers
    (lost,) = read(worker.format(call="await save(self.env)")).error_handlers
    assert (kept.swallows, lost.swallows) == (False, True)


def test_a_retry_loop_that_raises_in_the_end(read):
    (handling,) = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        for attempt in range(3):
            try:
                await self.env.DB.prepare("DELETE FROM t").run()
                return
            except Exception as error:
                print(error)
        raise RuntimeError("gave up")
""").error_handlers
    assert handling.swallows is False


def test_a_counter_of_failures_is_kept(read):
    (handling,) = read("""
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        failed = 0
        for n in range(3):
            try:
                await self.env.DB.prepare("DELETE FROM t").run()
            except Exception:
                failed += 1
        return Response(str(failed))
""").error_handlers
    assert handling.swallows is False


def test_suppressed_forgotten_and_kept_alive(read):
    source = read("""
import asyncio
from contextlib import suppress
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def save(self):
        await self.env.DB.prepare("INSERT INTO t VALUES (1)").run()

    async def scheduled(self, controller):
        with suppress(Exception):
            await self.env.DB.prepare("INSERT INTO t VALUES (2)").run()
        self.env.DB.prepare("INSERT INTO t VALUES (3)").run()
        asyncio.create_task(self.save())
        self.ctx.waitUntil(self.save())
        await asyncio.gather(self.save(), self.save())
        await asyncio.gather(self.save(), return_exceptions=True)
        await asyncio.wait_for(self.save(), 5)
""")
    assert [(one.kind, one.location.line, one.swallows) for one in source.error_handlers] == [
        ("suppress", 11, True),
        ("fire-and-forget", 14, True),
        ("fire-and-forget", 15, False),
        ("suppress", 17, True),
    ]
    assert [(one.call[-6:], one.by, one.location.line) for one in source.unawaited] == [
        (".run()", "binding", 13)
    ]
    assert {site.sql.render()[-2]: site.awaited for site in source.sites} == {
        "1": True,
        "2": True,
        "3": False,
    }


def test_a_call_of_a_coroutine_without_await(read):
    source = read("""
from workers import WorkerEntrypoint

async def save(env):
    await env.JOBS.send("x")

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        save(self.env)
""")
    assert [(send.awaited, send.location.line) for send in source.sends] == [(False, 5)]
    assert source.error_handlers == ()
    assert [(one.call, one.by, one.location.line) for one in source.unawaited] == [
        ("save(self.env)", "function", 9)
    ]


def test_what_is_reported_after_a_write(read):
    source = read("""
import json
from js import console
from workers import Response, WorkerEntrypoint

def answer(data, status=200):
    return Response(json.dumps(data), status=status)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = await request.json()
        print(f"received {len(rows)} rows to insert")
        written = 0
        for row in rows:
            result = await self.env.DB.prepare("INSERT INTO t VALUES (?)").bind(row).run()
            written += result.meta.changes
        console.log(f"inserted {len(rows)} rows")
        return answer({"inserted": len(rows), "changed": written, "fetched": len(rows)})
""")
    assert [
        (one.medium, one.location.line, one.name, one.from_changes) for one in source.reported_counts
    ] == [
        ("log", 17, None, False),
        ("response", 18, "inserted", False),
        ("response", 18, "changed", True),
    ]
    assert [(one.expression, one.origin.line) for one in source.reported_counts] == [
        ("len(rows)", 17),
        ("len(rows)", 18),
        ("written", 16),
    ]


FINALLY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for _ in range(3):
            try:
                await self.env.DB.prepare("DELETE FROM t").run()
            finally:
                {body}
        return Response("ok")
"""


@pytest.mark.parametrize(
    ("body", "swallows"),
    [
        ("return Response('ok')", True),
        ("break", True),
        ("continue", True),
        ("print('done')", False),
        ("[each for each in ()]", False),
    ],
)
def test_leaving_a_finally_drops_the_error(read, body, swallows):
    handlers = read(FINALLY.format(body=body)).error_handlers
    assert [(one.kind, one.location.line) for one in handlers] == ([("finally", 10)] if swallows else [])


def test_a_loop_in_a_finally_may_end(read):
    body = "for n in range(2):\n                    break"
    assert read(FINALLY.format(body=body)).error_handlers == ()


UNTESTED = """
from workers import Response, WorkerEntrypoint

async def store(env, part):
    try:
        result = await env.DB.prepare("DELETE FROM t WHERE a = ?").bind(part).run()
        return result.meta.changes
    except Exception as error:
        print("store", error)
        {answer}

async def store_all(env, parts):
    total = 0
    for part in parts:
        {use}
    return total

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        written = await store_all(self.env, [1, 2])
        {respond}
"""


@pytest.mark.parametrize(
    ("answer", "use", "respond", "swallows"),
    [
        ("return 0", "total += await store(env, part)", 'return Response.json({"written": written})', True),
        ("return 0", "total += await store(env, part)", 'return Answer.json({"written": written})', True),
        ("return", "total = await store(env, part)", 'return Response.json({"written": written})', True),
        ("return []", "await store(env, part)", 'return Response(f"{written}")', True),
        ("return None", "print(await store(env, part))", 'return Response("")', False),
        ("return False", "total += await store(env, part)", 'return Response("")', False),
        ("return -1", "total += await store(env, part)", 'return Response("")', False),
        ("return 0", "total += await store(env, part) or fail(part)", 'return Response("")', False),
        (
            "return 0",
            "changes = await store(env, part)\n        check(changes)",
            'return Response("")',
            False,
        ),
        ("return 0", "total += await store(env, part)", "return answer(written)", False),
        (
            "return 0",
            "total += await store(env, part)",
            'return Response("", status=200 if written else 500)',
            False,
        ),
        ("return 0", "total += await store(env, part)", "if not written:\n            raise OSError", False),
    ],
)
def test_a_number_that_nobody_tests_tells_of_no_error(read, answer, use, respond, swallows):
    text = UNTESTED.format(answer=answer, use=use, respond=respond)
    (handling,) = read(text).error_handlers
    assert (handling.function, handling.swallows) == ("store", swallows)


@pytest.mark.parametrize(
    ("clause", "swallows"),
    [
        ("self.rows = []", True),
        ("self.rows = []\n            return", True),
        ("self.rows = None", False),
        ("self.failed = True", False),
    ],
)
def test_what_is_reset_behind_the_write_tells_of_no_error(read, clause, swallows):
    (handling,) = read(f"""
from workers import WorkerEntrypoint

class Store:
    def __init__(self, db):
        self.db, self.rows = db, []

    async def flush(self):
        try:
            await self.db.prepare("INSERT INTO t (a) VALUES (?)").bind(1).run()
        except Exception as error:
            print(error)
            {clause}
        self.rows = []

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await Store(self.env.DB).flush()
""").error_handlers
    assert handling.swallows is swallows


@pytest.mark.parametrize(
    ("after", "swallows"),
    [
        ('print(f"{count} rows")', True),
        ("if not count:\n            raise OSError", False),
        ("report(count)", False),
        ("self.count = count", False),
    ],
)
def test_a_number_that_is_only_logged_tells_of_no_error(read, after, swallows):
    (handling,) = read(f"""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        try:
            result = await self.env.DB.prepare("DELETE FROM t").run()
            count = result.meta.changes
        except Exception:
            count = 0
        {after}
""").error_handlers
    assert handling.swallows is swallows


@pytest.mark.parametrize(
    ("kept", "answer", "swallows"),
    [
        ("count = 0", '{"success": True, "count": count}', True),
        ("count = None", '{"ok": True, "count": count}', True),
        ("count = []", '{"success": True, "count": count}', True),
        ("count = -1", '{"success": True, "count": count}', False),
        ("count = False", '{"success": True, "count": count}', False),
        ("count = 0", '{"count": count}', False),
        ("count = 0", '{"success": True, "state": "none" if count == 0 else "some"}', False),
    ],
)
def test_nothing_stored_is_no_error_when_success_is_answered(read, kept, answer, swallows):
    (handling,) = read(f"""
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        count = 1
        try:
            await self.env.DB.prepare("DELETE FROM t").run()
        except Exception:
            {kept}
        return Response.json({answer})
""").error_handlers
    assert handling.swallows is swallows


@pytest.mark.parametrize(("use", "kinds"), [("", ["fire-and-forget"]), ("await task", [])])
def test_a_task_in_a_variable_that_nothing_reads(read, use, kinds):
    source = read(f"""
import asyncio
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        task = asyncio.create_task(self.env.DB.prepare("DELETE FROM t").run())
        {use}
""")
    assert [one.kind for one in source.error_handlers] == kinds
