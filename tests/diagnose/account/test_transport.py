from __future__ import annotations

import asyncio
import json
import socket

import pytest

from diagnose.account import (
    Account,
    AccountKind,
    AllowanceError,
    ApiError,
    CredentialError,
    MalformedAnswerError,
    OutcomeUnknownError,
    RateLimitedError,
    Secret,
    ServerError,
    StatementError,
    UnreachableError,
)
from diagnose.account.budget import Budget, Unlimited
from diagnose.account.transport import Transport

pytestmark = pytest.mark.anyio

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
EMPTY = b'{"success": true, "result": [], "errors": [], "messages": []}'


def rows(*values: object) -> bytes:
    results = {"columns": ["1"], "rows": [list(values)]}
    return json.dumps({"success": True, "result": [{"success": True, "results": results}]}).encode()


def failure(code: int, message: str, **more) -> bytes:
    return json.dumps({"success": False, "errors": [{"code": code, "message": message, **more}]}).encode()


async def test_a_429_is_repeated_after_what_it_asks_for(scripted, server, waits):
    server.answer(429, failure(10500, "wait"), retry_after="7")
    server.answer(200, EMPTY)
    assert await scripted.databases() == ()
    assert waits == [7.0]
    assert len(scripted.requests) == 2


async def test_a_whole_window_is_waited_out(scripted, server, waits):
    told = []
    scripted.tell_waits(lambda *wait: told.append(wait))
    server.answer(429, failure(971, "wait"), retry_after="300")
    server.answer(200, EMPTY)
    assert await scripted.databases() == ()
    assert waits == [300.0]
    assert told == [(300.0, f"HTTP 429 to GET /accounts/{ACCOUNT_ID}/d1/database")]


async def test_a_wait_that_is_too_long_is_not_waited(scripted, server, waits):
    server.answer(429, failure(10500, "wait"), retry_after="601")
    with pytest.raises(RateLimitedError, match="601 s"):
        await scripted.databases()
    assert waits == []


async def test_a_date_to_wait_for_is_honoured_by_the_servers_clock(scripted, server, waits):
    server.answer(
        429,
        failure(10500, "wait"),
        retry_after="Thu, 26 Nov 2026 10:00:42 GMT",
        date="Thu, 26 Nov 2026 10:00:01 GMT",
    )
    server.answer(200, EMPTY)
    assert await scripted.databases() == ()
    assert waits == [41.0]


async def test_waits_end_after_two_windows(scripted, server, waits):
    for _ in range(4):
        server.answer(429, failure(10500, "wait"), retry_after="250")
    with pytest.raises(RateLimitedError):
        await scripted.databases()
    assert waits == [250.0, 250.0]


async def test_a_429_that_asks_for_no_wait_is_not_asked_again_for_ever(scripted, server, waits):
    for _ in range(30):
        server.answer(429, failure(10500, "wait"), retry_after="0")
    with pytest.raises(RateLimitedError):
        await scripted.databases()
    assert len(server.seen) <= 30
    assert sum(waits) <= 600


async def test_server_trouble_is_repeated_four_times(scripted, server, waits):
    for _ in range(5):
        server.answer(504, b"<html>Gateway Timeout</html>", content_type="text/html", cf_ray="8f-AMS")
    with pytest.raises(ServerError, match="Gateway Timeout") as caught:
        await scripted.databases()
    assert (caught.value.status, caught.value.cf_ray) == (504, "8f-AMS")
    assert len(waits) == 4
    for wait, longest in zip(waits, (0.5, 1, 2, 4), strict=True):
        assert longest / 2 <= wait <= longest


async def test_server_trouble_that_says_when_to_come_back_is_obeyed(scripted, server, waits):
    server.answer(503, b"upstream connect error", content_type="text/plain", retry_after="3")
    server.answer(200, EMPTY)
    assert await scripted.databases() == ()
    assert waits == [3.0]


async def test_a_write_that_may_have_run_is_not_repeated(scripted, server, waits):
    server.answer(500, failure(7500, "internal error; reference = x"), cf_ray="8f-AMS")
    with pytest.raises(OutcomeUnknownError, match="whether it was done is not known") as caught:
        await scripted.query(UUID, "INSERT INTO t VALUES (1)")
    assert (len(scripted.requests), waits) == (1, [])
    assert (caught.value.status, caught.value.code, caught.value.cf_ray) == (500, 7500, "8f-AMS")
    assert caught.value.why == "repeating it could do it twice"
    assert "read the rows back" in caught.value.hint
    assert isinstance(caught.value.__cause__, ServerError)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (429, failure(10500, "wait"), {"retry_after": "1"}),
        (500, failure(7500, "D1 DB is overloaded. Too many requests queued."), {}),
        (400, failure(7500, "Currently processing a long-running import."), {}),
    ],
)
async def test_a_write_that_was_not_begun_is_repeated(scripted, server, status, body, headers):
    server.answer(status, body, **headers)
    server.answer(200, rows(1))
    (result,) = await scripted.query(UUID, "INSERT INTO t VALUES (1) RETURNING 1")
    assert result.rows == ((1,),)


async def test_a_write_is_repeated_until_it_may_have_run(scripted, server):
    server.answer(429, failure(10500, "wait"), retry_after="1")
    server.answer(504, b"<html>", content_type="text/html")
    with pytest.raises(OutcomeUnknownError):
        await scripted.query(UUID, "INSERT INTO t VALUES (1)")
    assert len(server.seen) == 2


async def test_a_write_that_does_no_harm_twice_is_repeated(scripted, server):
    server.answer(500, failure(7500, "Network connection lost."))
    server.answer(200, rows(1))
    (result,) = await scripted.query(UUID, "INSERT OR IGNORE INTO t VALUES (1)", repeatable=True)
    assert result.rows == ((1,),)


async def test_an_answer_to_a_write_that_is_none_leaves_its_outcome_unknown(scripted, server):
    server.answer(200, b"<html>hello</html>")
    with pytest.raises(OutcomeUnknownError, match="not the API's"):
        await scripted.query(UUID, "INSERT INTO t VALUES (1)")


async def test_an_exhausted_write_that_does_no_harm_twice_tells_what_went_wrong(scripted, server):
    for _ in range(5):
        server.answer(500, failure(7500, "Network connection lost."))
    with pytest.raises(ServerError, match="Network connection lost"):
        await scripted.put_schedules("w", ["* * * * *"])
    assert len(server.seen) == 5


@pytest.mark.parametrize("value", [float("nan"), b"blob", "\ud800"])
async def test_what_is_no_json_is_not_sent(scripted, server, value):
    with pytest.raises(ApiError, match="is no JSON"):
        await scripted.query(UUID, "SELECT ?1", [value], reads_only=True)
    assert server.seen == []


async def test_sql_that_only_reads_is_repeated(scripted, server):
    server.answer(500, failure(7500, "internal error; reference = x"))
    server.answer(200, rows(1))
    (result,) = await scripted.query(UUID, "SELECT 1", reads_only=True)
    assert result.rows == ((1,),)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b'{"success": false, "errors": []}', "HTTP 200 with success false"),
        (500, b'{"success": true, "result": []}', "HTTP 500 with success true"),
        (200, b"<html>hello</html>", "not the API's"),
        (200, b'{"result": []}', "not the API's"),
        (200, b'{"success": true, "result": {}}', "not a list"),
        (200, b'{"success": true, "result": [{"name": "x"}]}', "not what is documented"),
        (302, b"", "redirect"),
    ],
)
async def test_an_answer_that_contradicts_itself_is_no_success(scripted, server, status, body, message):
    server.answer(status, body, location="https://elsewhere.example/")
    with pytest.raises(MalformedAnswerError, match=message):
        await scripted.databases()
    assert len(server.seen) == 1


async def test_an_error_inside_a_200_is_that_error(scripted, server):
    server.answer(200, failure(10000, "Authentication error"))
    with pytest.raises(Exception, match="Authentication error") as caught:
        await scripted.databases()
    assert caught.value.code == 10000


async def test_a_failed_statement_inside_a_success_is_an_error(scripted, server):
    answer = {"success": True, "result": [{"success": False, "error": "no such table: t"}]}
    server.answer(200, json.dumps(answer).encode())
    with pytest.raises(StatementError, match="no such table: t"):
        await scripted.query(UUID, "SELECT * FROM t")


async def test_the_chain_of_causes_is_kept(scripted, server):
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    server.answer(400, failure(6003, "Invalid request headers", error_chain=chain))
    with pytest.raises(CredentialError, match="CLOUDFLARE_API_TOKEN") as caught:
        await scripted.databases()
    assert caught.value.chain == ((6111, "Invalid format for Authorization header"),)
    assert "Invalid format" in str(caught.value)


async def test_a_daily_quota_is_no_fault_of_the_statement(scripted, server):
    server.answer(400, failure(7500, "Your account has exceeded D1's free tier daily row read limit."))
    with pytest.raises(AllowanceError, match="midnight"):
        await scripted.query(UUID, "SELECT 1", reads_only=True)
    assert len(server.seen) == 1


async def test_a_firewall_is_recognised(scripted, server):
    server.answer(403, b"<html>", cf_mitigated="challenge")
    with pytest.raises(MalformedAnswerError, match="firewall"):
        await scripted.databases()


async def test_a_list_without_an_end_is_cut(scripted, server):
    item = {"uuid": UUID, "name": "x"}
    page = json.dumps({"success": True, "result": [item] * 100}).encode()
    for _ in range(600):
        server.answer(200, page)
    with pytest.raises(MalformedAnswerError, match="did not end after 600 pages"):
        await scripted.databases()


async def test_a_server_that_does_not_answer_is_unreachable(clock, waits):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    transport = Transport.over_network(
        f"http://127.0.0.1:{port}/client/v4", Secret("x"), proxies=False, budget=Unlimited(clock)
    )
    async with Account(transport, "0" * 32, AccountKind.REAL) as client:
        with pytest.raises(UnreachableError, match="no answer"):
            await client.databases()
        assert len(waits) == 4
        # Nothing was sent, so that a write is no doubtful one.
        with pytest.raises(UnreachableError, match="no answer"):
            await client.query(UUID, "INSERT INTO t VALUES (1)")
    assert len(waits) == 8


async def test_an_answer_that_never_ends_is_given_up(monkeypatch, clock):
    async def endless(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    monkeypatch.setattr("diagnose.account.transport._LONGEST_SECONDS", 0.01)
    transport = Transport.over_app(endless, Secret("x"), budget=Unlimited(clock))
    async with Account(transport, "0" * 32, AccountKind.REAL) as client:
        with pytest.raises(OutcomeUnknownError, match="no answer"):
            await client.query(UUID, "INSERT INTO t VALUES (1)")
        with pytest.raises(UnreachableError, match="no answer"):
            await client.databases()
    assert len(clock.slept) == 4


async def test_a_call_that_is_cancelled_leaves_nothing_behind(clock):
    began = asyncio.Event()

    async def endless(scope, receive, send) -> None:
        began.set()
        await asyncio.Event().wait()

    budget = Budget(clock)
    async with Account(
        Transport.over_app(endless, Secret("x"), budget=budget), "0" * 32, AccountKind.REAL
    ) as client:
        call = asyncio.create_task(client.query(UUID, "INSERT INTO t VALUES (1)"))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (budget._in_flight, budget._turns) == (0, [])
