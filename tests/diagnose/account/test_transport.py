from __future__ import annotations

import json
import socket

import pytest

from diagnose.account import (
    Account,
    AccountKind,
    CredentialError,
    MalformedAnswerError,
    RateLimitedError,
    Secret,
    ServerError,
    StatementError,
    UnreachableError,
)
from diagnose.account.transport import Transport

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
EMPTY = b'{"success": true, "result": [], "errors": [], "messages": []}'


def failure(code: int, message: str, **more) -> bytes:
    return json.dumps({"success": False, "errors": [{"code": code, "message": message, **more}]}).encode()


async def test_a_429_is_repeated_after_what_it_asks_for(scripted, server, waits):
    server.answer(429, failure(10500, "wait"), retry_after="7")
    server.answer(200, EMPTY)
    assert await scripted.databases() == ()
    assert waits == [7.0]
    assert len(scripted.requests) == 2


async def test_a_wait_that_is_too_long_is_not_waited(scripted, server, waits):
    server.answer(429, failure(10500, "wait"), retry_after="300")
    with pytest.raises(RateLimitedError, match="300 s"):
        await scripted.databases()
    assert waits == []


async def test_server_trouble_is_repeated_twice(scripted, server, waits):
    for _ in range(3):
        server.answer(504, b"<html>Gateway Timeout</html>", content_type="text/html", cf_ray="8f-AMS")
    with pytest.raises(ServerError, match="Gateway Timeout") as caught:
        await scripted.databases()
    assert (caught.value.status, caught.value.cf_ray) == (504, "8f-AMS")
    assert len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1


async def test_a_write_is_never_repeated(scripted, server, waits):
    server.answer(500, failure(7500, "internal error; reference = x"))
    with pytest.raises(ServerError):
        await scripted.query(UUID, "INSERT INTO t VALUES (1)")
    assert (len(scripted.requests), waits) == (1, [])


async def test_sql_that_only_reads_is_repeated(scripted, server):
    server.answer(500, failure(7500, "internal error; reference = x"))
    answer = {"success": True, "result": [{"success": True, "results": {"columns": ["1"], "rows": [[1]]}}]}
    server.answer(200, json.dumps(answer).encode())
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
    with pytest.raises(RateLimitedError, match="midnight"):
        await scripted.query(UUID, "SELECT 1")


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


async def test_a_server_that_does_not_answer_is_unreachable(waits):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    transport = Transport.over_network(f"http://127.0.0.1:{port}/client/v4", Secret("x"), proxies=False)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    transport._sleep = sleep
    async with Account(transport, "0" * 32, AccountKind.REAL) as client:
        with pytest.raises(UnreachableError, match="no answer"):
            await client.databases()
    assert len(waits) == 2
