"""Each row of the reference table of what Python values become at a binding, raw and wrapped."""

from __future__ import annotations

import pytest

from diagnose.embedded.runtime import sandbox_available

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available())),
]

IMPORTS = """
import json
from datetime import datetime
from decimal import Decimal
import pyodide.ffi
from pyodide.ffi import JsException, JsProxy, jsnull, to_js
from js import Object
"""
STORE = """
await env.DB.prepare("INSERT INTO t (x) VALUES (?)").bind({}).run()
r = await env.DB.prepare("SELECT typeof(x) AS kind, x FROM t").raw()
return list(r[0]) if isinstance(r, list) else r.to_py()[0]
"""
REFUSED = """
try:
    env.DB.prepare("INSERT INTO t (x) VALUES (?)").bind({})
except JsException as error:
    return [type(error).__name__, str(error), error.message]
"""
OBJECT = "D1_TYPE_ERROR: Type 'object' not supported for value "
BIG = "D1_TYPE_ERROR: Type 'bigint' not supported for value '9007199254740992'"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("jsnull", ["null", "NULL"]),
        ("7", ["real", 7]),
        ("2**53 - 1", ["real", 9007199254740991]),
        ("True", ["real", 1]),
        ("1.5", ["real", 1.5]),
        ("float('nan')", ["null", "NULL"]),
        ("float('inf')", ["null", "NULL"]),
        ("'text'", ["text", "text"]),
        ("to_js(b'ab')", ["blob", [97, 98]]),
        ("to_js([97, 98])", ["blob", [97, 98]]),
        ("to_js((97, 98))", ["blob", [97, 98]]),
    ],
)
async def test_raw_binding_stores(raw, value, stored):
    body = STORE.format(value).replace(
        "r.to_py()[0]", "['NULL' if value is jsnull else value for value in r.to_py()[0]]"
    )
    assert await raw.value(body, imports=IMPORTS) == stored


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("None", "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"),
        ("2**53", BIG),
        ("b'ab'", OBJECT + "'b'ab''"),
        ("[1, 2]", OBJECT + "'[1, 2]'"),
        ("(1, 2)", OBJECT + "'(1, 2)'"),
        ("{'a': 1}", OBJECT + "'{'a': 1}'"),
        ("datetime(2024, 1, 2)", OBJECT + "'2024-01-02 00:00:00'"),
        ("Decimal('1.5')", OBJECT + "'1.5'"),
        ("to_js({'a': 1})", OBJECT + "'[object Map]'"),
        ("to_js({'a': 1}, dict_converter=Object.fromEntries)", OBJECT + "'[object Object]'"),
        ("to_js([1, 256])", OBJECT + "'1,256'"),
    ],
)
async def test_raw_binding_refuses(raw, value, message):
    answer = await raw.value(REFUSED.format(value), imports=IMPORTS)
    assert answer == ["JsException", f"Error: {message}", message]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("None", ["null", None]),
        ("jsnull", ["null", None]),
        ("7", ["real", 7]),
        ("2**53 - 1", ["real", 9007199254740991]),
        ("True", ["real", 1]),
        ("1.5", ["real", 1.5]),
        ("float('nan')", ["null", None]),
        ("'text'", ["text", "text"]),
        ("b'ab'", ["blob", [97, 98]]),
        ("[97, 98]", ["blob", [97, 98]]),
    ],
)
async def test_wrapped_binding_stores(wrapped, value, stored):
    assert await wrapped.value(STORE.format(value), imports=IMPORTS) == stored


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2**53", BIG),
        ("['a']", OBJECT + "'a'"),
        ("{'a': 1}", OBJECT + "'[object Object]'"),
        (
            "datetime(2024, 1, 2, 3, 4, 5)",
            OBJECT + "'Tue Jan 02 2024 03:04:05 GMT+0000 (Coordinated Universal Time)'",
        ),
        ("Decimal('1.5')", OBJECT + "'1.5'"),
    ],
)
async def test_wrapped_binding_refuses(wrapped, value, message):
    answer = await wrapped.value(REFUSED.format(value), imports=IMPORTS)
    assert answer == ["JsException", f"Error: {message}", message]


@pytest.mark.parametrize("value", ["(1, 2)", "[(1, 2)]", "{'a': (1,)}"])
async def test_wrapped_binding_refuses_tuples_in_python(wrapped, value):
    body = f"""
    try:
        env.DB.prepare("SELECT ?").bind({value})
    except TypeError as error:
        return str(error)
    """
    assert await wrapped.value(body) == "<class 'tuple'> cannot be sent over RPC."


async def test_a_refused_bind_is_evidence(raw):
    invocation = await raw.handler('env.DB.prepare("INSERT INTO t (x) VALUES (?)").bind(None)')
    (statement,) = invocation.statements
    assert (statement.method, statement.sql) == ("bind", "INSERT INTO t (x) VALUES (?)")
    assert statement.error == "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"
    assert statement.location.line == invocation.exception.location.line == 5
    assert invocation.exception.name == "JsException"


async def test_raw_results_have_attributes_and_no_subscripts(raw):
    answer = await raw.value(
        """
        r = await env.DB.prepare("INSERT INTO t VALUES (1, 'a', NULL), (2, NULL, x'00ff') RETURNING *").all()
        try:
            r["results"]
        except TypeError as error:
            told = str(error)
        first, second = r.results
        return [
            told, r.success, r.meta.changes, type(r.meta.changes).__name__,
            first.n, first.s, first.x is jsnull,
            first.x is None, second.x.to_py(), len(r.results), r.results[1].n,
            [row["n"] for row in r.results.to_py()], isinstance(r, JsProxy), r.meta.changed_db,
        ]
        """,
        imports=IMPORTS,
    )
    assert answer == [
        "'JsProxy' object is not subscriptable", True, 2, "int", 1, "a", True,
        False, [0, 255], 2, 2,
        [1, 2], True, True,
    ]  # fmt: skip


async def test_wrapped_results_are_dicts_with_attributes(wrapped):
    answer = await wrapped.value(
        """
        r = await env.DB.prepare("INSERT INTO t VALUES (1, 'a', NULL), (2, NULL, x'00ff') RETURNING *").run()
        return [r.success, r["success"], r.meta.changes, r["meta"]["changes"], r.results[0].n,
                r["results"][1]["x"],
                r.results[0].x is None, isinstance(r, dict)]
        """
    )
    assert answer == [True, True, 2, 2, 1, [0, 255], True, True]


async def test_first(raw, wrapped):
    body = """
    none = await env.DB.prepare("SELECT 1 AS a WHERE 0").first()
    row = await env.DB.prepare("SELECT 1 AS a, 2 AS a, 'x' AS b").first()
    value = await env.DB.prepare("SELECT 1 AS a, 'x' AS b").first("b")
    try:
        await env.DB.prepare("SELECT 1 AS a").first("A")
    except JsException as error:
        missing = error.message
    gone = await env.DB.prepare("SELECT 1 AS a WHERE 0").first("A")
    return [none is None, none is pyodide.ffi.jsnull, row.a, row.b, value, missing, gone is None]
    """
    missing = "D1_COLUMN_NOTFOUND: Column not found (A)"
    assert await raw.value(body, imports=IMPORTS) == [False, True, 2, "x", "x", missing, False]
    assert await wrapped.value(body, imports=IMPORTS) == [True, False, 2, "x", "x", missing, True]


async def test_raw_keeps_duplicate_names(raw, wrapped):
    sql = 'env.DB.prepare("SELECT 1 AS a, 2 AS a")'
    assert await wrapped.value(f"return [await {sql}.raw(), await {sql}.raw(columnNames=True)]") == [
        [[1, 2]],
        [["a", "a"], [1, 2]],
    ]
    assert await raw.value(f"return (await {sql}.raw(columnNames=True)).to_py()") == [["a", "a"], [1, 2]]


async def test_numbers_of_results(wrapped):
    answer = await wrapped.value(
        """
        r = await env.DB.prepare("SELECT 1.0 AS a, 1.5 AS b, 9007199254740993 AS c, 9e999 AS d").first()
        return [repr(r.a), repr(r.b), repr(r.c), r.d]
        """
    )
    assert answer == ["1", "1.5", "9007199254740992.0", None]


async def test_batch_raw(raw):
    answer = await raw.value(
        """
        insert = env.DB.prepare("INSERT INTO t (n) VALUES (?)")
        results = await env.DB.batch(to_js([insert.bind(1), insert.bind(2)]))
        return [len(results), results[0].meta.changes, results[1].success]
        """,
        imports=IMPORTS,
    )
    assert answer == [2, 1, True]


async def test_batch_raw_refuses_what_was_not_measured(raw):
    invocation = await raw.handler('await env.DB.batch([env.DB.prepare("SELECT 1")])')
    assert invocation.outcome == "refused"
    assert invocation.refused == (
        "D1Database.batch() with a Python list that was not converted with to_js (worker.py:5)"
    )


async def test_batch_wrapped(wrapped):
    invocation = await wrapped.handler(
        """
        insert = env.DB.prepare("INSERT INTO t (n) VALUES (?)")
        results = await env.DB.batch([insert.bind(n) for n in range(3)])
        return [result.meta.changes for result in results]
        """
    )
    assert invocation.answer.body == b"[1, 1, 1]"
    assert [(one.method, one.batch, one.params, one.changes) for one in invocation.statements] == [
        ("batch", 0, (0.0,), 1),
        ("batch", 0, (1.0,), 1),
        ("batch", 0, (2.0,), 1),
    ]


async def test_a_failed_batch_leaves_nothing(wrapped, bindings):
    bindings.database.exec("CREATE TABLE u (k PRIMARY KEY)")
    invocation = await wrapped.handler(
        """
        insert = env.DB.prepare("INSERT INTO u (k) VALUES (?)")
        await env.DB.batch([insert.bind("a"), insert.bind("a")])
        """
    )
    error = (
        "D1_ERROR: UNIQUE constraint failed: u.k: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)"
    )
    assert invocation.exception.message == f"Error: {error}"
    assert [one.error for one in invocation.statements] == [error, error]
    assert not (await wrapped.value('return await env.DB.prepare("SELECT * FROM u").raw()'))


async def test_errors_of_statements(wrapped):
    answer = await wrapped.value(
        """
        try:
            await env.DB.prepare("SELECT * FROM missing").all()
        except Exception as error:
            return [
                type(error).__name__, type(error) is JsException, str(error), error.message,
                error.cause.message,
            ]
        """,
        imports=IMPORTS,
    )
    text = "no such table: missing: SQLITE_ERROR"
    assert answer == ["JsException", True, f"Error: D1_ERROR: {text}", f"D1_ERROR: {text}", text]


async def test_too_many_parameters(wrapped):
    invocation = await wrapped.handler(
        """
        marks = ", ".join("?" * 101)
        await env.DB.prepare(f"SELECT {marks}").bind(*range(101)).all()
        """
    )
    error = "D1_ERROR: too many SQL variables at offset 307: SQLITE_ERROR"
    assert invocation.exception.message == f"Error: {error}"
    assert invocation.statements[0].error == error
    assert len(invocation.statements[0].params) == 101


async def test_exec(wrapped):
    answer = await wrapped.value('return await env.DB.exec("INSERT INTO t (n) VALUES (1)\\nSELECT 1")')
    assert answer["count"] == 2


async def test_a_call_without_await_reaches_d1(raw, bindings):
    await raw.value('env.DB.prepare("INSERT INTO t (n) VALUES (1)").run()')
    assert bindings.database.exec("SELECT 1 FROM t") == 1


async def test_queue_wrapped(wrapped, bindings):
    await wrapped.value(
        """
        await env.QUEUE.send({"candles": [{"t": 1, "v": None}]})
        await env.QUEUE.send("plain", contentType="text", delaySeconds=5)
        await env.QUEUE.sendBatch([{"body": {"a": 1}}, {"body": b"x", "contentType": "bytes"}])
        """
    )
    assert [(one.content_type, one.body, one.delay_seconds) for one in bindings.sent] == [
        ("json", b'{"candles":[{"t":1,"v":null}]}', None),
        ("text", b"plain", 5),
        ("json", b'{"a":1}', None),
        ("bytes", b"x", None),
    ]


async def test_queue_tells_the_backlog(wrapped, raw):
    body = """
    await env.QUEUE.send("a", contentType="text")
    sent = (await env.QUEUE.sendBatch([{"body": {"a": 1}}])).metadata.metrics
    return [sent.backlogCount, sent.backlogBytes, sent.oldestMessageTimestamp.isoformat()]
    """
    assert await wrapped.value(body) == [2, 8, "2026-01-01T00:00:00"]
    body = body.replace("[{", "to_js([{").replace("}])", "}], dict_converter=Object.fromEntries))")
    body = body.replace("isoformat", "toISOString")
    assert await raw.value(body, imports=IMPORTS) == [4, 16, "2026-01-01T00:00:00.000Z"]


async def test_queue_wrapped_refuses_tuples(wrapped):
    invocation = await wrapped.handler('await env.QUEUE.send({"a": (1,)})')
    assert invocation.exception.message == "<class 'tuple'> cannot be sent over RPC."


async def test_queue_raw_needs_conversion(raw, bindings):
    await raw.value(
        """
        await env.QUEUE.send(to_js({"a": [{"b": 1}]}, dict_converter=Object.fromEntries))
        await env.QUEUE.send(to_js({"a": 1}))
        await env.QUEUE.send(json.dumps({"a": 1}), contentType="text")
        """,
        imports=IMPORTS,
    )
    assert [one.body for one in bindings.sent] == [b'{"a":[{"b":1}]}', b"{}", b'{"a": 1}']


async def test_queue_raw_dict_is_refused_where_it_was_not_measured(raw):
    invocation = await raw.handler('await env.QUEUE.send({"a": 1})')
    assert invocation.refused == (
        "JSON of a Python dict that was not converted with to_js (Pyodide 0.28.2) (worker.py:5)"
    )


@pytest.mark.parametrize(
    ("date", "flags", "outcome"),
    [
        ("2026-09-07", (), "refused"),
        ("2026-09-08", (), "ok"),
        ("2026-09-08", ("no_python_workers_314",), "refused"),
        ("2025-10-01", ("python_workers_314",), "ok"),
        ("2026-09-07", ("python_workers_20260817",), "ok"),
    ],
)
async def test_the_date_and_the_flags_select_pyodide(raw, date, flags, outcome):
    raw.date, raw.flags = date, ("disable_python_external_sdk", *flags)
    invocation = await raw.handler('await env.QUEUE.send({"a": 1})', imports=IMPORTS)
    assert invocation.outcome == outcome


async def test_queue_raw_dict_on_pyodide_314(raw, bindings):
    raw.flags = ("python_workers_20260610",)
    answer = await raw.value(
        """
        await env.QUEUE.send({"a": 1, "when": datetime(2024, 1, 2)})
        try:
            await env.QUEUE.send({"candles": [{"t": 1}]})
        except JsException as error:
            return error.message
        """,
        imports=IMPORTS,
    )
    assert bindings.sent[0].body == b'{"a":1,"when":{}}'
    assert answer == "This borrowed proxy was automatically destroyed when an iterator was exhausted."


async def test_queue_refusal_reaches_the_worker(wrapped, bindings):
    bindings.refuse_messages = "Queue send failed: message length of 128001 bytes exceeds limit of 128000"
    invocation = await wrapped.handler('await env.QUEUE.send("x")')
    assert invocation.exception.message == f"Error: {bindings.refuse_messages}"
    (sent,) = invocation.messages
    assert (sent.error, sent.body_json, sent.size) == (bindings.refuse_messages, '"x"', 3)


async def test_null_before_pyodide_0_28_is_none(raw):
    raw.date = "2025-09-01"
    answer = await raw.value(
        """
        row = await env.DB.prepare("SELECT 1 AS a WHERE 0").first()
        try:
            from pyodide.ffi import jsnull
        except ImportError:
            return row is None
        """
    )
    assert answer is True


async def test_wrapping_can_be_decided_by_hand(raw):
    raw.flags = ("enable_python_external_sdk",)
    assert await raw.value('return (await env.DB.prepare("SELECT 1 AS a").first())["a"]') == 1
