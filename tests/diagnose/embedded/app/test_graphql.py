from __future__ import annotations

from collections import Counter

import pytest

from diagnose.embedded.invocation import OutgoingMessage
from diagnose.embedded.observed import ObservedInvocation
from diagnose.embedded.tokens import EVERYTHING, Permission

pytestmark = pytest.mark.anyio

ACCOUNT = "0123456789abcdef0123456789abcdef"


def asking(selection: str, **variables):
    query = (
        f'query X($f: F) {{ viewer {{ accounts(filter: {{accountTag: "{ACCOUNT}"}}) {{ {selection} }} }} }}'
    )
    return {"query": query, "operationName": "X", "variables": variables}


async def groups(api, selection: str, **variables):
    body = (await api.post("/graphql", json=asking(selection, **variables))).json()
    assert body["errors"] is None
    (account,) = body["data"]["viewer"]["accounts"]
    (found,) = account.values()
    return found


async def query(api, uuid: str, sql: str) -> Counter[str]:
    """The rows that the answer says were read and written."""
    response = await api.post(f"/accounts/{ACCOUNT}/d1/database/{uuid}/query", json={"sql": sql})
    metas = [result["meta"] for result in response.json()["result"]]
    return Counter({name: sum(meta[name] for meta in metas) for name in ("rows_read", "rows_written")})


@pytest.fixture
async def asked(api, embedded):
    """A database that was asked five things, with the rows that took; another was asked one."""
    uuid, other = embedded.create_database("a").uuid, embedded.create_database("b").uuid
    rows = await query(api, uuid, "CREATE TABLE t (n INTEGER)")
    rows += await query(api, uuid, "INSERT INTO t VALUES (1), (2), (3); SELECT n FROM t")
    for _ in range(2):
        rows += await query(api, uuid, "SELECT n FROM t WHERE n > 1")
    await query(api, other, "SELECT 1")
    return uuid, rows


async def test_d1_info_counts_what_was_asked(api, asked):
    uuid, rows = asked
    selection = """d1AnalyticsAdaptiveGroups(limit: 10000, filter: $f) {
        sum { readQueries writeQueries rowsRead rowsWritten } dimensions { datetimeHour } }"""
    times = {"datetimeHour_geq": "2020-01-01T00:00:00.000Z", "datetimeHour_leq": "2999-01-01T00:00:00.000Z"}
    (found,) = await groups(api, selection, f={"AND": [{**times, "databaseId": uuid}]})
    assert found["sum"] == {
        "readQueries": 3,
        "writeQueries": 2,
        "rowsRead": rows["rows_read"],
        "rowsWritten": rows["rows_written"],
    }
    assert rows["rows_read"] >= 7
    assert found["dimensions"]["datetimeHour"].endswith(":00:00Z")
    assert (
        await groups(api, selection, f={"databaseId": uuid, "datetimeHour_gt": "2999-01-01T00:00:00Z"}) == []
    )


async def test_d1_insights_tells_each_query(api, asked):
    uuid, _ = asked
    (reading,) = (await query(api, uuid, "SELECT n FROM t WHERE n > 1")).items() - {("rows_written", 0)}
    selection = """d1QueriesAdaptiveGroups(limit: 2, filter: $f, orderBy: [count_DESC, sum_rowsRead_ASC]) {
        count sum { rowsReturned } avg { rowsReturned rowsRead } dimensions { query databaseId } }"""
    found = await groups(api, selection, f={"databaseId_in": [uuid]})
    assert found[0] == {
        "count": 3,
        "sum": {"rowsReturned": 6},
        "avg": {"rowsReturned": 2, "rowsRead": reading[1]},
        "dimensions": {"query": "SELECT n FROM t WHERE n > 1", "databaseId": uuid},
    }
    assert len(found) == 2


async def test_sizes_and_backlogs_are_those_of_now(api, embedded, asked):
    uuid, _ = asked
    sizes = await groups(
        api, "d1StorageAdaptiveGroups(filter: $f) { max { databaseSizeBytes } }", f={"databaseId": uuid}
    )
    assert sizes == [{"max": {"databaseSizeBytes": embedded.database(uuid).size_bytes}}]
    queue = embedded.create_queue("jobs")
    embedded.enqueue(queue.id, (OutgoingMessage(content_type="text", body=b"hello"),))
    backlog = "mine: queueBacklogAdaptiveGroups(filter: $f) { avg { messages bytes } }"
    assert await groups(api, backlog, f={"queueId": queue.id, "datetime_geq": "2020-01-01T00:00:00Z"}) == [
        {"avg": {"messages": 1, "bytes": 5}}
    ]


async def test_invocations_have_quantiles(api, embedded):
    for milliseconds in range(1, 101):
        embedded.observed.record(
            ObservedInvocation(
                script="importer",
                version_id="v",
                kind="fetch",
                timestamp=1_767_225_600_000,
                event={},
                outcome="exception" if milliseconds == 7 else "ok",
                cpu_ms=milliseconds,
            )
        )
    selection = """workersInvocationsAdaptive(filter: $f, orderBy: [sum_requests_DESC]) {
        sum { requests errors } quantiles { cpuTimeP50 cpuTimeP99 cpuTimeP999 } max { cpuTime }
        dimensions { scriptName status datetime } }"""
    fine, failed = await groups(api, selection, f={"OR": [{"scriptName": "importer"}], "status_neq": "x"})
    assert fine["sum"] == {"requests": 99, "errors": 0}
    assert fine["quantiles"] == {"cpuTimeP50": 51000, "cpuTimeP99": 100000, "cpuTimeP999": 100000}
    assert fine["dimensions"] == {
        "scriptName": "importer",
        "status": "success",
        "datetime": "2026-01-01T00:00:00Z",
    }
    assert failed["sum"] == {"requests": 1, "errors": 1}
    assert failed["dimensions"]["status"] == "scriptThrewException"


@pytest.mark.parametrize(
    "selection",
    [
        "nothingAdaptiveGroups { count }",
        "d1AnalyticsAdaptiveGroups { sum { nothing } }",
        "d1AnalyticsAdaptiveGroups { nothing { rowsRead } }",
        "d1AnalyticsAdaptiveGroups { dimensions { nothing } }",
        "d1AnalyticsAdaptiveGroups { quantiles { queryBatchTimeMsP90 } }",
        "d1AnalyticsAdaptiveGroups(orderBy: [upwards]) { count }",
        "d1AnalyticsAdaptiveGroups(filter: {databaseId_like: 1}) { count }",
        "d1AnalyticsAdaptiveGroups(filter: {nothing: 1}) { count }",
        "d1AnalyticsAdaptiveGroups {",
    ],
)
async def test_what_is_not_there_is_an_error_with_status_200(api, asked, selection):
    response = await api.post("/graphql", json=asking(selection))
    body = response.json()
    assert (response.status_code, body["data"]) == (200, None)
    assert body["errors"][0]["extensions"]["code"] == "parse"
    assert body["errors"][0]["message"].startswith(("unknown ", "unexpected "))


@pytest.mark.parametrize("text", ["{ nothing }", "{ viewer { zones { x } } }"])
async def test_there_are_accounts_only(api, text):
    body = (await api.post("/graphql", json={"query": text})).json()
    assert body["errors"][0]["message"].startswith("unknown field")


async def test_analytics_need_their_permission_and_the_right_account(api, embedded):
    token = embedded.issue_token(permissions=EVERYTHING - {Permission.ANALYTICS_READ})
    headers = {"Authorization": f"Bearer {token}"}
    body = asking("d1StorageAdaptiveGroups { count }")
    denied = (await api.post("/graphql", json=body, headers=headers)).json()
    assert (denied["data"], denied["errors"][0]["extensions"]["code"]) == (None, "authz")
    body["query"] = body["query"].replace(ACCOUNT, "f" * 32)
    elsewhere = (await api.post("/graphql", json=body)).json()
    assert elsewhere["errors"][0]["extensions"]["code"] == "authz"


@pytest.mark.parametrize("content", [b"{nope", b"[]", b"{}"])
async def test_the_body_has_a_query(api, content):
    response = await api.post("/graphql", content=content)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 10026)
