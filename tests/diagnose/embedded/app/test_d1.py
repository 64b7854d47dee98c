from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

D1 = "/accounts/0123456789abcdef0123456789abcdef/d1/database"
UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def database(embedded):
    return embedded.create_database("history", uuid=UUID, created_at="2026-01-01T00:00:00.000Z")


def refused(response) -> tuple[int, int, str]:
    body = response.json()
    assert body["success"] is False
    (error,) = body["errors"]
    return response.status_code, error["code"], error["message"]


async def test_the_list_has_full_pages_and_ends(api, embedded):
    for number in range(10):
        embedded.create_database(f"db-{number}")
    first = (await api.get(D1, params={"page": 1, "per_page": 10})).json()
    assert len(first["result"]) == 10
    assert first["result_info"] == {
        "page": 1, "per_page": 10, "count": 10, "total_count": 10, "total_pages": 1,
    }  # fmt: skip
    second = (await api.get(D1, params={"page": 2, "per_page": 10})).json()
    assert (second["result"], second["result_info"]["count"]) == ([], 0)


async def test_a_list_item_is_what_the_api_documents(api, database):
    assert (await api.get(D1)).json()["result"] == [
        {
            "uuid": UUID,
            "name": "history",
            "version": "production",
            "created_at": "2026-01-01T00:00:00.000Z",
            "jurisdiction": None,
        }
    ]


async def test_a_name_searches_and_may_find_more(api, embedded, database):
    embedded.create_database("history-old")
    embedded.create_database("other")
    found = (await api.get(D1, params={"name": "history"})).json()["result"]
    assert [item["name"] for item in found] == ["history", "history-old"]


@pytest.mark.parametrize("number", ["0", "-1", "x", ""])
async def test_a_page_that_is_none_is_refused(api, number):
    assert refused(await api.get(D1, params={"page": number}))[:2] == (400, 7400)


@pytest.mark.parametrize("reference", [UUID, "history"])
async def test_a_database_is_read_by_uuid_or_name(api, database, reference):
    result = (await api.get(f"{D1}/{reference}")).json()["result"]
    assert (result["uuid"], result["num_tables"], result["read_replication"]) == (
        UUID,
        0,
        {"mode": "disabled"},
    )
    reduced = (await api.get(f"{D1}/{reference}?fields=uuid%2Cname")).json()["result"]
    assert reduced == {"uuid": UUID, "name": "history"}


@pytest.mark.parametrize("reference", [NOBODY, "hist"])
async def test_a_database_that_is_not_there_is_not_found(api, database, reference):
    assert refused(await api.get(f"{D1}/{reference}")) == (
        404, 7404, f"The database {reference} could not be found",
    )  # fmt: skip


async def test_create_answers_with_the_database_and_refuses_its_name_again(api):
    created = (await api.post(D1, json={"name": "new"})).json()["result"]
    assert (created["name"], created["num_tables"]) == ("new", 0)
    assert refused(await api.post(D1, json={"name": "new"}))[:2] == (400, 7502)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"name": 7}', b'{"name": ""}', b"{nope"])
async def test_create_wants_a_name(api, body):
    assert refused(await api.post(D1, content=body))[:2] == (400, 7400)


async def test_delete_answers_null(api, database):
    assert (await api.delete(f"{D1}/{UUID}")).json() == {
        "result": None, "success": True, "errors": [], "messages": [],
    }  # fmt: skip
    assert refused(await api.delete(f"{D1}/{UUID}"))[:2] == (404, 7404)


async def test_query_answers_objects_with_meta(api, database):
    sql = "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y'); SELECT a, b, 3 AS a FROM t"
    body = (await api.post(f"{D1}/{UUID}/query", content=f'{{"sql": "{sql}"}}')).json()
    created, inserted, selected = body["result"]
    assert [item["success"] for item in body["result"]] == [True, True, True]
    assert (created["results"], inserted["meta"]["changes"], inserted["meta"]["last_row_id"]) == ([], 2, 2)
    assert selected["results"] == [{"a": 3, "b": "x"}, {"a": 3, "b": "y"}]
    assert set(selected["meta"]) == {
        "served_by", "served_by_primary", "duration", "timings", "changes", "last_row_id",
        "changed_db", "size_after", "rows_read", "rows_written", "total_attempts",
    }  # fmt: skip


async def test_raw_keeps_columns_of_one_name(api, database):
    response = await api.post(f"{D1}/{UUID}/raw", json={"sql": "SELECT 1 AS a, 2 AS a, x'01' AS b"})
    (result,) = response.json()["result"]
    assert result["results"] == {"columns": ["a", "a", "b"], "rows": [[1, 2, [1]]]}


async def test_values_are_bound(api, database):
    body = {"sql": "SELECT ?1, ?2, ?3, ?4, ?5", "params": ["x", 2, None, True, [1, 2]]}
    (result,) = (await api.post(f"{D1}/{UUID}/raw", json=body)).json()["result"]
    assert result["results"]["rows"] == [["x", 2, None, 1, [1, 2]]]


async def test_a_batch_is_one_transaction(api, database):
    statements = [{"sql": "CREATE TABLE t (a)"}, {"sql": "INSERT INTO t VALUES (?)", "params": ["x"]}]
    body = (await api.post(f"{D1}/{UUID}/query", json={"batch": statements})).json()
    assert [item["meta"]["changes"] for item in body["result"]] == [0, 1]
    failing = [{"sql": "DELETE FROM t"}, {"sql": "INSERT INTO u VALUES (1)"}]
    assert refused(await api.post(f"{D1}/{UUID}/query", json={"batch": failing})) == (
        400, 7500, "no such table: u: SQLITE_ERROR",
    )  # fmt: skip
    (left,) = (await api.post(f"{D1}/{UUID}/raw", json={"sql": "SELECT count(*) FROM t"})).json()["result"]
    assert left["results"]["rows"] == [[1]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM nope", "no such table: nope: SQLITE_ERROR"),
        ("SELEC 1", 'near "SELEC": syntax error at offset 0: SQLITE_ERROR'),
        ("ATTACH 'x' AS y", "not authorized: SQLITE_AUTH"),
        ("SELECT '" + "x" * 100_000 + "'", "statement too long: SQLITE_TOOBIG"),
        ("", "No SQL statements detected."),
    ],
)
async def test_refused_sql_has_the_text_of_d1_without_its_prefix(api, database, sql, message):
    response = await api.post(f"{D1}/{UUID}/query", json={"sql": sql})
    assert refused(response) == (400, 7500, message)
    assert response.json()["result"] == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"sql": 1}', b'{"sql": "SELECT 1", "params": "x"}', b'{"batch": [1]}']
)
async def test_a_body_that_is_no_query_is_refused(api, database, body):
    assert refused(await api.post(f"{D1}/{UUID}/query", content=body))[:2] == (400, 7400)


async def test_a_query_names_its_database_by_uuid(api, database):
    assert refused(await api.post(f"{D1}/{NOBODY}/query", json={"sql": "SELECT 1"}))[:2] == (404, 7404)
    assert refused(await api.post(f"{D1}/history/query", json={"sql": "SELECT 1"}))[:2] == (404, 7003)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sql": "SELECT 1; PRAGMA table_list"}, 200),
        ({"batch": [{"sql": "SELECT 1"}, {"sql": "SELECT 2"}]}, 200),
        ({"sql": "SELECT * FROM nowhere"}, 400),
        ({"sql": "SELECT 1; CREATE TABLE t (a)"}, 403),
        ({"sql": "INSERT INTO nowhere VALUES (1); CREATE TABLE t (a)"}, 400),
        ({"batch": [{"sql": "SELECT 1"}, {"sql": "DROP TABLE IF EXISTS t"}]}, 403),
    ],
)
async def test_a_token_that_may_only_read_reads_only(api, embedded, database, body, status):
    from diagnose.embedded.tokens import Permission

    token = embedded.issue_token(permissions=frozenset({Permission.D1_READ}))
    headers = {"Authorization": f"Bearer {token}"}
    answer = await api.post(f"{D1}/{UUID}/raw", json=body, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert refused(answer)[1] == 7403
    assert embedded.database(UUID).schema().tables == ()


async def test_settings_are_given_at_creation_and_kept(api, embedded):
    body = {
        "name": "near",
        "primary_location_hint": "apac",
        "read_replication": {"mode": "auto"},
    }
    created = (await api.post(D1, json=body)).json()["result"]
    regions = (created["running_in_region"], created["created_in_region"], created["jurisdiction"])
    assert regions == ("APAC", "APAC", None)
    assert created["read_replication"] == {"mode": "auto"}
    kept = (await api.post(D1, json={"name": "kept", "jurisdiction": "eu"})).json()["result"]
    assert (kept["jurisdiction"], kept["running_in_region"]) == ("eu", "WEUR")
    assert [item["jurisdiction"] for item in (await api.get(D1)).json()["result"]] == [None, "eu"]


@pytest.mark.parametrize(
    "more",
    [
        {"primary_location_hint": "mars"},
        {"jurisdiction": "EU"},
        {"read_replication": "auto"},
        {"read_replication": {"mode": "on"}},
    ],
)
async def test_settings_that_there_are_not_are_refused(api, embedded, more):
    assert refused(await api.post(D1, json={"name": "new", **more}))[:2] == (400, 7400)
    assert embedded.databases == {}


async def test_read_replication_is_changed(api, database):
    for method, mode in (("PATCH", "auto"), ("PUT", "disabled")):
        body = {"read_replication": {"mode": mode}}
        changed = (await api.request(method, f"{D1}/{UUID}", json=body)).json()["result"]
        assert (changed["uuid"], changed["read_replication"]) == (UUID, {"mode": mode})
        assert (await api.get(f"{D1}/{UUID}")).json()["result"]["read_replication"] == {"mode": mode}
    unchanged = (await api.patch(f"{D1}/{UUID}", json={})).json()["result"]
    assert unchanged["read_replication"] == {"mode": "disabled"}
    assert refused(await api.put(f"{D1}/{UUID}", json={}))[:2] == (400, 7400)
    assert refused(await api.patch(f"{D1}/{UUID}", json=[]))[:2] == (400, 7400)
    assert refused(await api.patch(f"{D1}/{NOBODY}", json={}))[:2] == (404, 7404)


async def test_tables_and_size_are_those_of_the_database(api, embedded, database):
    sql = "CREATE TABLE t (a); CREATE TABLE u (a); INSERT INTO t VALUES (zeroblob(50000))"
    await api.post(f"{D1}/{UUID}/query", json={"sql": sql})
    described = (await api.get(f"{D1}/{UUID}")).json()["result"]
    assert (described["num_tables"], described["file_size"]) == (2, embedded.database(UUID).size_bytes)
    assert described["file_size"] > 50_000
