"""Entry styles, events, requests, responses, fetches, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from diagnose.embedded.invocation import HttpAnswer, Trigger
from diagnose.embedded.runtime import sandbox_available
from diagnose.model import Location

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available())),
]

GLOBAL = """
from js import Response
async def on_fetch(request, env):
    return Response.new("from on_fetch " + request.method)
"""


async def test_module_level_handler_before_the_date(raw):
    raw.date = "2025-08-13"
    invocation = await raw.source(GLOBAL, Trigger(method="POST"))
    assert (invocation.outcome, invocation.answer.body) == ("ok", b"from on_fetch POST")


async def test_module_level_handler_after_the_date(raw):
    raw.date = "2025-08-14"
    invocation = await raw.source(GLOBAL)
    assert invocation.outcome == "exception"
    assert invocation.exception.message.startswith(
        "Handler does not export a fetch() function. The module-level on_fetch is not called"
    )


async def test_handler_decorator(raw):
    raw.date = "2025-06-01"
    invocation = await raw.source(
        """
        from workers import Response, handler
        @handler
        async def on_fetch(request, env, ctx):
            return Response(f"{request.method} {request.headers['X-A']} {request.headers.get('nope')}")
        """,
        Trigger(headers={"x-a": "1"}),
    )
    assert invocation.answer.body == b"GET 1 None"


async def test_missing_handler(wrapped):
    invocation = await wrapped.source(
        "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint): pass",
        Trigger(kind="scheduled"),
    )
    assert invocation.exception.message == "Handler does not export a scheduled() function."


async def test_scheduled_in_class_style_has_none_for_env(wrapped):
    invocation = await wrapped.source(
        """
        from workers import WorkerEntrypoint
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller, env, ctx):
                print(controller.cron, env, ctx, self.env.TOKEN)
        """,
        Trigger(kind="scheduled", cron="0 3 * * *"),
    )
    assert (invocation.outcome, invocation.answer) == ("ok", None)
    assert invocation.logs == ("0 3 * * * None None s3cret",)


async def test_scheduled_module_level(raw):
    raw.date = "2025-06-01"
    invocation = await raw.source(
        """
        async def on_scheduled(controller, env, ctx):
            await env.DB.prepare("INSERT INTO t (s) VALUES (?)").bind(controller.cron).run()
        """,
        Trigger(kind="scheduled", cron="0 3 * * *"),
    )
    assert [one.params for one in invocation.statements] == [("0 3 * * *",)]


async def test_class_style_before_the_date_is_asked_for_on_fetch(raw):
    raw.date = "2025-08-13"
    source = """
        from workers import Response, WorkerEntrypoint
        class Default(WorkerEntrypoint):
            async def NAME(self, request):
                return Response("from the class")
    """
    refused = await raw.source(source.replace("NAME", "fetch"))
    assert refused.exception.message == (
        "Handler does not export a fetch() function. "
        "Before compatibility date 2025-08-14 the class is asked for on_fetch."
    )
    answered = await raw.source(source.replace("NAME", "on_fetch"))
    assert (answered.outcome, answered.answer.body) == ("ok", b"from the class")


async def test_own_init(wrapped):
    invocation = await wrapped.source(
        """
        from workers import Response, WorkerEntrypoint
        class Default(WorkerEntrypoint):
            def __init__(self, ctx, env):
                super().__init__(ctx, env)
                self.statement = env.DB.prepare("SELECT 1 AS a")
            async def fetch(self, request):
                return Response.json(await self.statement.first())
        """
    )
    assert invocation.answer.body == b'{"a": 1}'


async def test_wrong_answer(wrapped):
    invocation = await wrapped.source(
        """
        from workers import WorkerEntrypoint
        class Default(WorkerEntrypoint):
            async def fetch(self, request):
                return "text"
        """
    )
    assert "did not resolve to 'Response'" in invocation.exception.message


async def test_request(wrapped):
    trigger = Trigger(
        method="POST",
        path="/trigger?symbol=BTC&symbol=ETH",
        headers={"Authorization": "Bearer x"},
        body=b'{"days": 2000}',
    )
    answer = await wrapped.value(
        """
        from urllib.parse import parse_qs, urlparse
        address = urlparse(request.url)
        copy = request.clone()
        return [
            request.method, request.method == "POST", address.path, parse_qs(address.query),
            request.headers["authorization"], request.headers.get("Authorization"),
            dict(request.headers.items()),
            await request.json(), await copy.text(), URL.new(request.url).searchParams.get("symbol"),
        ]
        """,
        imports="from js import URL",
        trigger=trigger,
    )
    assert answer == [
        "POST", True, "/trigger", {"symbol": ["BTC", "ETH"]}, "Bearer x", "Bearer x",
        {"authorization": "Bearer x"},
        {"days": 2000}, '{"days": 2000}', "BTC",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "status", "headers", "body"),
    [
        ('Response("hi")', 200, {"content-type": "text/plain;charset=UTF-8"}, b"hi"),
        ("Response(None, status=204)", 204, {}, b""),
        ('Response(b"\\x00\\xff", headers={"X-A": "1"})', 200, {"x-a": "1"}, b"\x00\xff"),
        ('Response.json({"a": [1]}, status=500)', 500, {"content-type": "application/json"}, b'{"a": [1]}'),
        ('Response.redirect("https://example.com/x", 301)', 301, {"location": "https://example.com/x"}, b""),
        ('js.Response.new("x", status=404)', 404, {"content-type": "text/plain;charset=UTF-8"}, b"x"),
        ('js.Response.json(to_js({"a": 1}, dict_converter=js.Object.fromEntries))', 200,
         {"content-type": "application/json"}, b'{"a":1}'),
    ],
)  # fmt: skip
async def test_responses(wrapped, expression, status, headers, body):
    invocation = await wrapped.source(
        f"""
        import js
        from pyodide.ffi import to_js
        from workers import Response, WorkerEntrypoint
        class Default(WorkerEntrypoint):
            async def fetch(self, request):
                return {expression}
        """
    )
    answer = invocation.answer
    assert (answer.status, dict(answer.headers), answer.body) == (status, headers, body)


async def test_a_dict_is_no_body(wrapped):
    invocation = await wrapped.handler('return Response({"a": 1})')
    assert (invocation.exception.name, invocation.exception.message) == (
        "TypeError",
        "Unsupported type in Response: dict",
    )


@pytest.mark.parametrize(
    "body",
    [
        'r = await fetch(U, headers={"A": "b"})\nreturn [r.status, r.ok, await r.json()]',
        'r = await workers.fetch(U, headers={"A": "b"})\nreturn [r.status, r.ok, await r.json()]',
        'r = await pyfetch(U, headers={"A": "b"})\nreturn [r.status, r.ok, await r.json()]',
        (
            'r = await js.fetch(U, to_js({"headers": {"A": "b"}}, dict_converter=js.Object.fromEntries))\n'
            "return [r.status, r.ok, (await r.json()).to_py()]"
        ),
        (
            'headers = to_js({"A": "b"}, dict_converter=js.Object.fromEntries)\n'
            "r = await js.fetch(js.Request.new(U, headers=headers))\n"
            "return [r.status, r.ok, json.loads(await r.text())]"
        ),
    ],
)
async def test_fetch(wrapped, bindings, body):
    address = "https://api.example.com/v1?limit=2"
    bindings.answers[address] = HttpAnswer(status=200, body=b'{"Data": [{"close": 1.5}]}')
    answer = await wrapped.value(
        body,
        imports=f"""
        import json, js, workers
        from pyodide.ffi import to_js
        from pyodide.http import pyfetch
        from workers import fetch
        U = {address!r}
        """,
    )
    assert answer == [200, True, {"Data": [{"close": 1.5}]}]
    (request,) = bindings.requests
    assert (request.url, request.method, dict(request.headers)) == (address, "GET", {"a": "b"})


async def test_post_fetch(wrapped, bindings):
    bindings.answers["https://example.com/"] = HttpAnswer(status=503, body=b"busy")
    answer = await wrapped.value(
        """
        r = await fetch("https://example.com", method="POST", body=json.dumps({"a": 1}))
        return [r.status, r.ok, await r.text()]
        """,
        imports="import json\nfrom workers import fetch",
    )
    assert answer == [503, False, "busy"]
    assert (bindings.requests[0].method, bindings.requests[0].body) == ("POST", b'{"a": 1}')


async def test_fetch_without_a_recorded_answer(wrapped):
    invocation = await wrapped.handler(
        'await fetch("https://example.com/missing")', imports="from workers import fetch"
    )
    assert invocation.outcome == "refused"
    assert invocation.refused == "no recorded answer for https://example.com/missing"
    assert invocation.missing_answers == ("https://example.com/missing",)
    assert invocation.fetches[0].location == Location("worker.py", 5)


@pytest.mark.parametrize(
    ("imports", "line", "reason"),
    [
        ("from js import WebSocket", "pass", "js.WebSocket (worker.py:2)"),
        ("import js", "js.WebSocketPair.new()", "js.WebSocketPair (worker.py:5)"),
        ("import workers", "workers.DurableObject(None, env)", "workers.DurableObject (worker.py:5)"),
        ("import workers as w", "w.WorkflowEntrypoint()", "workers.WorkflowEntrypoint (worker.py:5)"),
        ("from workers import FormData", "pass", "workers.FormData (worker.py:2)"),
        ("import numpy", "pass", "the module 'numpy' is not vendored in python_modules (worker.py:2)"),
        ("from pyodide.code import run_js", "pass", "the module pyodide.code (worker.py:2)"),
        ("", "env.KV", "env.KV (a kv_namespace binding) (worker.py:5)"),
        ("", "await env.DB.dump()", "D1Database.dump (worker.py:5)"),
        ("", 'open("/tmp/x", "w")', ("files, network, processes and threads are denied to workers here "
         "([Errno 13] Permission denied: '/tmp/x') (worker.py:5)")),
    ],
)  # fmt: skip
async def test_refused_by_name(wrapped, imports, line, reason):
    invocation = await wrapped.handler(line, imports=imports)
    assert invocation.outcome == "refused", invocation
    assert invocation.refused == reason


async def test_objects_and_workflows_beside_the_handlers_are_only_defined(wrapped):
    answer = await wrapped.value(
        "return [Counter.__bases__[0].__name__, Sync.__bases__[0].__name__]",
        imports="""from workers import DurableObject, WorkflowEntrypoint
class Counter(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
class Sync(WorkflowEntrypoint):
    async def run(self, event, step):
        return None""",
    )
    assert answer == ["DurableObject", "WorkflowEntrypoint"]


async def test_optional_imports_may_fail(wrapped):
    assert (
        await wrapped.value(
            "return fast", imports="try:\n    import orjson as fast\nexcept ImportError:\n    fast = None"
        )
        is None
    )


async def test_exception_tells_the_users_source(wrapped):
    wrapped.base = "app/src"
    wrapped.files = {"lib/parse.py": "def number(text):\n    return int(text)\n"}
    invocation = await wrapped.handler('number("x")', imports="from lib.parse import number")
    exception = invocation.exception
    assert exception.name == "ValueError"
    assert exception.location == Location("app/src/lib/parse.py", 2)
    assert 'File "app/src/worker.py", line 5, in run' in exception.traceback
    assert "return int(text)" in exception.traceback
    assert "diagnose" not in exception.traceback
    assert "/usr" not in exception.traceback


async def test_syntax_error(wrapped):
    invocation = await wrapped.source("x = (\n")
    told = invocation.refused or invocation.exception.message
    assert "'(' was never closed" in told


async def test_vendored_packages_and_modules(wrapped):
    wrapped.files = {
        "python_modules/candles/__init__.py": "from .one import ONE\n",
        "python_modules/candles/one.py": "ONE = 1\n",
        "helpers/two.py": "TWO = 2\n",
        "json_tools.py": "import json\nTHREE = json.loads('3')\n",
    }
    imports = "from candles import ONE\nfrom helpers.two import TWO\nfrom json_tools import THREE"
    assert await wrapped.value("return [ONE, TWO, THREE]", imports=imports) == [1, 2, 3]


async def test_statement_in_a_helper_is_located(wrapped):
    wrapped.files = {
        "store.py": "async def save(db):\n    one = db.prepare('SELECT 1')\n    return await one.all()\n"
    }
    invocation = await wrapped.handler("await save(env.DB)", imports="from store import save")
    assert invocation.statements[0].location == Location("store.py", 3)


async def test_wait_until(wrapped):
    invocation = await wrapped.handler(
        """
        async def later():
            await asyncio.sleep(5)
            await env.DB.prepare("INSERT INTO t (n) VALUES (1)").run()
        self.ctx.waitUntil(later())
        return "early"
        """,
        imports="import asyncio",
    )
    kinds = [event.kind for event in invocation.events]
    assert kinds == ["trigger", "response", "statement"]
    assert invocation.outcome == "ok"


async def test_wait_until_that_fails(wrapped):
    invocation = await wrapped.handler(
        'async def later(): raise ValueError("late")\nself.ctx.waitUntil(later())\nreturn "early"'
    )
    assert invocation.outcome == "exception"
    assert invocation.answer.body == b'"early"'
    assert invocation.exception.message == "late"


async def test_sleep_is_fast_and_moves_the_clock(wrapped):
    answer = await wrapped.value(
        """
        before, now = time.time(), js.Date.now()
        await asyncio.sleep(10)
        await asyncio.gather(asyncio.sleep(2), asyncio.sleep(2))
        return [round(time.time() - before), round((js.Date.now() - now) / 1000)]
        """,
        imports="import asyncio, time, js",
    )
    assert answer == [12, 12]


async def test_gather_of_statements(raw):
    answer = await raw.value(
        """
        one = env.DB.prepare("SELECT 1 AS a")
        rows = await asyncio.gather(one.first(), one.first())
        return [row.a for row in rows]
        """,
        imports="import asyncio",
    )
    assert answer == [1, 1]


async def test_input_and_output_at_import_time_is_refused(wrapped):
    invocation = await wrapped.source("from workers import env\nenv.DB.prepare('SELECT 1').all()\n")
    assert "Disallowed operation called within global scope" in invocation.exception.message


async def test_console_and_print(wrapped):
    invocation = await wrapped.handler(
        """
        console.log("a", 1, to_js({"b": [1]}, dict_converter=js.Object.fromEntries))
        console.error("bad")
        print("no end", end="")
        print("err", file=sys.stderr)
        """,
        imports="import js, sys\nfrom js import console\nfrom pyodide.ffi import to_js",
    )
    assert invocation.logs == ('a 1 {"b":[1]}', "bad", "err", "no end")
    levels = [event.detail["level"] for event in invocation.events if event.kind == "log"]
    assert levels == ["log", "error", "error", "log"]
    assert invocation.events[1].location == Location("worker.py", 7)


async def test_javascript_globals(wrapped):
    answer = await wrapped.value(
        """
        items = js.JSON.parse('{"a": [1, null, 2.5]}')
        made = js.Object.fromEntries(to_js([["k", 1]]))
        address = js.URL.new("https://example.com:8443/p?q=1#h")
        return [
            items.a[0], items.a.to_py()[2], js.JSON.stringify(items), made.k, js.Object.keys(made).to_py(),
            address.host, address.pathname, address.search, js.Date.new(0).toISOString(),
            js.Array.isArray(items.a), js.Headers.new(to_js([["A", "b"]])).get("a"),
            len(js.crypto.randomUUID()), hasattr(js, "document"),
        ]
        """,
        imports="import js\nfrom pyodide.ffi import to_js",
    )
    assert answer == [
        1, 2.5, '{"a":[1,null,2.5]}', 1, ["k"],
        "example.com:8443", "/p", "?q=1", "1970-01-01T00:00:00.000Z", True,
        "b", 36, False,
    ]  # fmt: skip


async def test_values_and_secrets(wrapped):
    wrapped.kinds["LIMITS"] = "var"
    wrapped.vars = {"LIMITS": {"days": [1, 2]}}
    answer = await wrapped.value("return [env.TOKEN, env.LIMITS.days.to_py(), hasattr(env, 'NOPE')]")
    assert json.dumps(answer) == '["s3cret", [1, 2], false]'
