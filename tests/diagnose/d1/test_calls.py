from __future__ import annotations

import re

import pytest

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.calls import FunctionCall, function_calls
from diagnose.d1.limits import LIMITS

MANY = ", ".join(["1"] * 40)


def counted(sql):
    return [(call.function, call.arguments) for call in function_calls(sql)]


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("SELECT json_object()", [("json_object", 0)]),
        ("SELECT max(a)", [("max", 1)]),
        ("SELECT COALESCE (a, /* , */ b, ',')", [("COALESCE", 3)]),
        ("SELECT json_array(1, (2), max(3, 4), 'a,b')", [("json_array", 4), ("max", 2)]),
        (f"SELECT jsonb_array({MANY})", [("jsonb_array", 40)]),
        (f"SELECT printf({MANY}", [("printf", 40)]),
        (f"SELECT a FROM t WHERE a IN ({MANY})", []),
        (f"INSERT INTO t VALUES ({MANY})", []),
        ("INSERT INTO max (a, b) VALUES (1, 2)", []),
        ("CREATE TABLE IF NOT EXISTS max (a, b); CREATE TABLE main.max (a, b)", []),
        ("CREATE INDEX i ON max (a, b); CREATE INDEX IF NOT EXISTS i ON max (a, b)", []),
        ("WITH max (a, b) AS (SELECT 1, 2) SELECT 1", []),
        ("SELECT 1 FROM t JOIN u ON max (a, b) = 2", [("max", 2)]),
        ("SELECT 'max(1, 2)', \"max\", max -- max(1, 2)", []),
        (
            'SELECT "max"(1, 2), [Max] (1), `json_array`(1, 2, 3)',
            [('"max"', 2), ("[Max]", 1), ("`json_array`", 3)],
        ),
        ('INSERT INTO "max" (a, b) SELECT "max" FROM [max]', []),
        ("CREATE VIEW max (a, b) AS SELECT 1, 2; CREATE VIEW `max` (a, b) AS SELECT 1, 2", []),
        ("SELECT row_number() OVER (PARTITION BY a, b, c ORDER BY d)", []),
    ],
)
def test_what_is_a_call_and_what_it_is_given(sql, calls):
    assert counted(sql) == calls


def test_where_a_call_begins():
    assert list(function_calls("SELECT 1, max(2, 3)")) == [
        FunctionCall(function="max", arguments=2, start=10)
    ]


@pytest.mark.parametrize(
    "function",
    ["json_array", "coalesce", "max", "printf", "char", "concat", "jsonb_array", '"max"', "[max]", "`max`"],
)
def test_the_runtime_takes_more_than_is_documented(function):
    documented = LIMITS.d1.function_arguments
    assert (int(documented), documented.enforced) == (32, 127)
    with Database.memory() as database:
        database.run(Statement(f"SELECT {function}({', '.join(['1'] * 127)})"))
        with pytest.raises(
            D1Error, match=re.escape(f"too many arguments on function {function} at offset 7")
        ):
            database.run(Statement(f"SELECT {function}({', '.join(['1'] * 128)})"))
