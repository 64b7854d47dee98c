from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
QUERY = f"/accounts/0123456789abcdef0123456789abcdef/d1/database/{UUID}/query"
ONLY_THE_LAST = (
    "When executing multiple SQL statements in a single call, only the last statement can have parameters."
)
RAW = QUERY.removesuffix("query") + "raw"


@pytest.fixture(autouse=True)
def database(embedded):
    return embedded.create_database("history", uuid=UUID)


async def rows(api, body: bytes | dict) -> list[list[object]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = (await api.post(RAW, content=content)).json()
    assert answer["success"], answer
    return answer["result"][-1]["results"]["rows"]


async def refusal(api, body: bytes | dict) -> tuple[int, int, str]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await api.post(QUERY, content=content)
    answer = response.json()
    (error,) = answer["errors"]
    assert (answer["success"], answer["result"], answer["messages"]) == (False, [], [])
    return response.status_code, error["code"], error["message"]


@pytest.mark.parametrize(
    ("param", "seen"),
    [
        ('"7"', ["text", "7"]),
        ("7", ["real", 7]),
        ("-0", ["real", 0]),
        ("1.5e3", ["real", 1500]),
        ("1e999", ["null", None]),
        ("-1e999", ["null", None]),
        ("9007199254740993", ["real", 9007199254740992]),
        ("1" + "0" * 5_000, ["null", None]),
        ("null", ["null", None]),
        ("true", ["real", 1]),
        ("false", ["real", 0]),
        ("[1, 2, 255]", ["blob", [1, 2, 255]]),
        ("[]", ["blob", []]),
        ("[1.5]", ["blob", [1]]),
        (r'"\ud83d"', ["text", "\ufffd\ufffd\ufffd"]),
        (r'"\ud83d\ude00"', ["text", "\U0001f600"]),
        (r'"a\u0000b"', ["text", "a\0b"]),
    ],
)
async def test_a_parameter_means_what_it_means_to_a_worker(api, param, seen):
    body = f'{{"sql": "SELECT typeof(?1), ?1", "params": [{param}]}}'.encode()
    assert await rows(api, body) == [seen]


@pytest.mark.parametrize(
    ("sql", "params", "seen"),
    [
        ("SELECT :a || @b || $c || :a", ["x", "y", "z"], ["xyzx"]),
        ("SELECT ?2 || ?1", ["x", "y"], ["yx"]),
        ("SELECT 1 AS a, 2 AS a", [], [1, 2]),
        ("SELECT 9223372036854775807, -0.0, 9e999, 1e21, 2.0", [], [9223372036854776000, 0, None, 1e21, 2]),
        ("-- why\r\nSELECT 1\r\n", [], [1]),
        ("SELECT 1;", [], [1]),
        ("SELECT 1; SELECT 2;\n", [], [2]),
        ("\ufeffSELECT 1", [], [1]),
    ],
)
async def test_rows_are_written_as_javascript_writes_them(api, sql, params, seen):
    assert await rows(api, {"sql": sql, "params": params}) == [seen]


async def test_integers_have_the_digits_of_javascript(api):
    answer = await api.post(RAW, json={"sql": "SELECT 9223372036854775807, 1e300, 12345678901234567890"})
    assert '"rows":[[9223372036854776000,1e+300,12345678901234567000]]' in answer.text


async def test_of_columns_of_one_name_the_last_is_seen(api):
    body = {"sql": "SELECT 1 AS a, 2 AS b, 3 AS a"}
    assert (await api.post(QUERY, json=body)).json()["result"][0]["results"] == [{"a": 3, "b": 2}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The request body is not JSON"),
        (b"{", "The request body is not JSON"),
        (b'{"sql": "SELECT ?", "params": [NaN]}', "The request body is not JSON"),
        (b'{"sql": ' + b"[" * 100_000, "The request body is not JSON"),
        (b'"SELECT 1"', "The request body must be an object"),
        (b'[{"sql": "SELECT 1"}]', "The request body must be an object"),
        (b"{}", "sql: must be a string"),
        (b'{"sql": null}', "sql: must be a string"),
        (b'{"sql": "SELECT 1", "params": {"a": 1}}', "params: must be an array"),
        (b'{"batch": {"sql": "SELECT 1"}}', "batch: must be an array"),
        (b'{"batch": ["SELECT 1"]}', "batch.0: must be an object"),
        (b'{"batch": [{"sql": "SELECT 1"}, {"sql": 1}]}', "batch.1.sql: must be a string"),
        (
            b'{"batch": [{"sql": "SELECT ?", "params": [{}]}]}',
            "batch.0.params.0: must be a string, number, boolean, null or array of bytes",
        ),
        (
            b'{"sql": "SELECT ?", "params": [1, [true]]}',
            "params.1: must be a string, number, boolean, null or array of bytes",
        ),
        (b'{"sql": "SELECT ?", "params": [[256]]}', "params.0: must be an array of bytes from 0 to 255"),
        (b'{"sql": "SELECT ?", "params": [[-1]]}', "params.0: must be an array of bytes from 0 to 255"),
    ],
)
async def test_a_body_that_asks_nothing_is_refused_with_its_place(api, body, message):
    assert await refusal(api, body) == (400, 7400, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"sql": ""}, "No SQL statements detected."),
        ({"sql": " \n-- only why\n"}, "No SQL statements detected."),
        ({"batch": []}, "No SQL statements detected."),
        ({"batch": [{"sql": ""}, {"sql": "-- x"}]}, "No SQL statements detected."),
        ({"sql": "SELECT 1;;"}, "SQL code did not contain a statement."),
        ({"sql": "SELECT 1\0"}, "SQL code did not contain a statement."),
        ({"sql": "SELECT ?"}, "Wrong number of parameter bindings for SQL query."),
        ({"sql": "SELECT ?", "params": []}, "Wrong number of parameter bindings for SQL query."),
        ({"sql": "SELECT ?", "params": [1, 2]}, "Wrong number of parameter bindings for SQL query."),
        ({"sql": "SELECT ?; SELECT ?", "params": [1]}, ONLY_THE_LAST),
        ({"sql": "SELECT * FROM x"}, "no such table: x: SQLITE_ERROR"),
        (
            {"sql": "SELECT json_extract('[1]', ?)", "params": ["\ud83d"]},
            "bad JSON path: '\ufffd\ufffd\ufffd': SQLITE_ERROR",
        ),
        ({"sql": "SELECT \ud83d FROM x"}, "no such table: x: SQLITE_ERROR"),
    ],
)
async def test_what_d1_refuses_has_its_text(api, body, message):
    assert await refusal(api, body) == (400, 7500, message)


async def test_invalid_utf8_is_read_with_replacement_characters(api):
    assert await rows(api, b'{"sql": "SELECT \'\xff\'"}') == [["\ufffd"]]


async def test_a_long_text_is_judged_statement_by_statement(api):
    insert = "INSERT INTO t VALUES ('" + "x" * 60_000 + "');"
    assert await rows(api, {"sql": f"CREATE TABLE t (a); {insert} {insert} SELECT count(*) FROM t"}) == [[2]]
    longer = {"sql": f"{insert} INSERT INTO t VALUES ('{'x' * 100_000}')"}
    assert await refusal(api, longer) == (400, 7500, "statement too long: SQLITE_TOOBIG")
    batch = {
        "batch": [{"sql": insert + insert}, {"sql": "SELECT count(*) FROM t WHERE a <> ?", "params": ["y"]}]
    }
    assert await rows(api, batch) == [[4]]


async def test_what_fails_leaves_nothing_of_what_came_before(api):
    await rows(api, {"sql": "CREATE TABLE t (a UNIQUE)"})
    for body in (
        {"sql": "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)"},
        {"batch": [{"sql": "INSERT INTO t VALUES (1)"}, {"sql": "INSERT INTO t VALUES (?)", "params": [1]}]},
    ):
        assert (await refusal(api, body))[2].startswith("UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT")
    assert await rows(api, {"sql": "SELECT count(*) FROM t"}) == [[0]]


async def test_a_write_returns_its_rows_wherever_it_stands(api):
    text = "CREATE TABLE t (a); INSERT INTO t VALUES (7) RETURNING a; SELECT count(*) AS n FROM t"
    results = (await api.post(QUERY, json={"sql": text})).json()["result"]
    assert [result["results"] for result in results] == [[], [{"a": 7}], [{"n": 1}]]
    assert [result["meta"]["changes"] for result in results] == [0, 1, 0]


async def test_a_lost_transaction_is_an_error_of_the_server(api):
    await rows(api, {"sql": "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)"})
    status, code, message = await refusal(api, {"sql": "INSERT OR ROLLBACK INTO t VALUES (1)"})
    assert (status, code) == (500, 7500)
    assert message.startswith("internal error; reference = ")


async def test_meta_tells_what_was_written(api):
    created = "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE)"
    text = f"{created}; INSERT INTO t VALUES (9007199254740993, 'x'), (1, 'y'); SELECT b FROM t"
    made, written, read = (
        result["meta"] for result in (await api.post(QUERY, json={"sql": text})).json()["result"]
    )
    assert (made["changed_db"], made["changes"], read["changed_db"], read["rows_written"]) == (
        True,
        0,
        False,
        0,
    )
    assert (written["changes"], written["rows_written"], written["last_row_id"]) == (2, 4, 1)
    assert written["size_after"] == read["size_after"] > 0
