"""`diagnose serve` as other programs meet it: a process, one line, a port."""

from __future__ import annotations

import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from story.serving import Served

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture(scope="module")
def served():
    with Served.start("--quiet") as served:
        yield served


def exchange(served, *parts):
    """Send bytes as they stand; everything that is answered until the server closes the connection."""
    where = urlsplit(served.line["base_url"])
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer.decode()


def request(served, method="GET", path="/user", *headers):
    lines = [
        f"{method} {urlsplit(served.line['base_url']).path}{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {served.line['token']}",
        "Connection: close",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_the_line_is_the_contract():
    with Served.start() as served:
        code, out, err = served.stop()

    assert served.line.keys() == {"base_url", "account_id", "token"}
    where = urlsplit(served.line["base_url"])
    assert (where.scheme, where.hostname, where.path) == ("http", "127.0.0.1", "/client/v4")
    assert (code, out) == (0, "")
    assert err == "the account is kept in memory until the end; --state FOLDER keeps it longer\n"


def test_statements_are_judged_by_the_limits_of_a_day():
    with Served.start("--quiet", "--limits-on", "2026-06-01") as served:
        uuid = served.create_database()
        assert query(served, uuid, "SELECT length(zeroblob(2200000)) AS n", timeout=30).is_success
        answer = query(served, uuid, "SELECT length(zeroblob(2200001)) AS n", timeout=30)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "string or blob too big: SQLITE_TOOBIG"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_the_state_is_kept(tmp_path, number):
    with Served.start("--state", tmp_path / "state") as served:
        uuid = served.create_database()
        served.rows(uuid, "CREATE TABLE price(day TEXT)")
        assert served.stop(number)[:2] == (0, "")
    with Served.start("--state", tmp_path / "state") as served:
        assert served.rows(uuid, "SELECT count(*) FROM price") == [[0]]


def test_an_idle_connection_does_not_hold_it_up(tmp_path):
    with Served.start("--state", tmp_path / "state") as served:
        served.result("GET", "/queues")
        assert served.stop()[0] == 0


def test_a_statement_that_still_runs_does_not_hold_it_up(tmp_path):
    with Served.start("--quiet", "--state", tmp_path / "state") as served:
        uuid = served.create_database()
        with ThreadPoolExecutor(1) as pool:
            endless = pool.submit(query, served, uuid, ENDLESS, timeout=60)
            while answers(served, uuid):
                pass
            code, _, err = served.stop(timeout=20)  # of the 30 seconds that a statement may take
            answer = endless.result()

    assert (code, err) == (0, "")
    assert answer.status_code == 500
    assert "caused object to be reset" in answer.json()["errors"][0]["message"]


def query(served, uuid, sql, *, timeout):
    url = f"{served.client.base_url}d1/database/{uuid}/query"
    return httpx.post(url, headers=served.client.headers, json={"sql": sql}, timeout=timeout)


def answers(served, uuid):
    """Whether the database is free: it runs one statement at a time."""
    with suppress(httpx.ReadTimeout):
        return query(served, uuid, "SELECT 1", timeout=1).is_success
    return False


def test_requests_are_told_on_stderr_without_secrets():
    environment = {"NAME": "a-token-that-is-known"}
    with Served.start("--token-env", "NAME", **environment) as served:
        assert served.line["token"] == environment["NAME"]
        served.result("GET", "/d1/database", params={"name": "a-secret-of-the-query"})
        served.client.get("/a-secret-of-the-query-that-is-longer")
        code, out, err = served.stop()

    assert (code, out) == (0, "")
    _, listed, unknown = err.splitlines()
    assert listed.startswith(f"GET /accounts/{served.line['account_id']}/d1/database 200 ")
    assert unknown.startswith(f"GET /accounts/{served.line['account_id']}/… 404 ")
    assert "a-token" not in err
    assert "a-secret" not in err


def test_the_folder_of_another_server_is_refused(tmp_path, diagnose):
    with Served.start("--state", tmp_path / "state"):
        ended = diagnose("serve", "--state", tmp_path / "state")

    assert (ended.code, ended.out) == (4, "")
    assert ended.err.splitlines()[0] == (
        f"error: {tmp_path / 'state'}: another process is using this embedded account"
    )


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "diagnose-embedded-account", "version": 1}'])
def test_a_damaged_account_is_refused(tmp_path, diagnose, content):
    (tmp_path / "account.json").write_text(content)

    ended = diagnose("serve", "--state", tmp_path)

    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith(f"error: {tmp_path / 'account.json'}: this is not a usable embedded account")
    assert "Traceback" not in ended.err


def test_damaged_rows_and_messages_are_refused_before_anything_is_served(tmp_path, diagnose):
    folder = tmp_path / "state"
    with Served.start("--state", folder) as served:
        uuid = served.create_database()
        queue = served.result("POST", "/queues", json={"queue_name": "prices"})["queue_id"]
        served.result("POST", f"/queues/{queue}/messages", json={"body": "x"})
        served.stop()
    rows, messages = folder / "d1" / f"{uuid}.sqlite", folder / "messages.sqlite"

    def ended(file, content):
        before = file.read_bytes()
        file.write_bytes(content)
        ended = diagnose("serve", "--state", folder)
        file.write_bytes(before)
        assert (ended.code, ended.out) == (4, "")
        return ended.err.splitlines()[0]

    start = "of the embedded account cannot be read: file is not a database"
    assert ended(rows, b"x" * 5_000) == f"error: {rows}: a database {start}"
    assert ended(messages, b"x" * 5_000) == f"error: {messages}: the messages {start}"
    rows.unlink()
    missing = diagnose("serve", "--state", folder)
    assert missing.code == 4
    assert missing.err.splitlines()[0] == f"error: {rows}: a database of the embedded account is missing"


def test_a_folder_with_other_files_is_refused(tmp_path, diagnose):
    (tmp_path / "thesis.tex").write_text("x")

    ended = diagnose("serve", "--state", tmp_path)

    assert (ended.code, ended.out) == (4, "")
    assert "this folder holds other files and no account.json" in ended.err


def test_a_port_that_is_taken_is_refused(served, diagnose):
    port = str(urlsplit(served.line["base_url"]).port)

    ended = diagnose("serve", "--port", port)

    assert (ended.code, ended.out) == (4, "")
    assert (
        ended.err.splitlines()[0] == f"error: 127.0.0.1: port {port} cannot be used: Address already in use"
    )


def test_another_machine_is_not_served(diagnose):
    ended = diagnose("serve", "--host", "0.0.0.0")  # noqa: S104 - refused
    assert (ended.code, ended.out) == (2, "")


def test_many_clients_at_once_neither_lose_nor_block_anything(served):
    """Every row of every client is there once, while one client keeps a database busy."""
    busy, market = served.create_database("busy"), served.create_database("crowded")
    served.rows(market, "CREATE TABLE price(client INTEGER, number INTEGER, PRIMARY KEY(client, number))")
    finite = ENDLESS.replace("FROM n)", "FROM n WHERE i < 3000000)", 1)

    def insert(client):
        with httpx.Client(base_url=served.client.base_url, headers=served.client.headers, timeout=60) as http:
            for number in range(15):
                insertion = {"sql": "INSERT INTO price VALUES(?, ?)", "params": [str(client), str(number)]}
                http.post(f"/d1/database/{market}/query", json=insertion).raise_for_status()
                http.get("/queues").raise_for_status()
                http.get(f"/d1/database/{market}").raise_for_status()

    with ThreadPoolExecutor(11) as pool:
        counted = pool.submit(served.rows, busy, finite)
        for inserted in [pool.submit(insert, client) for client in range(10)]:
            inserted.result()
        assert counted.result() == [[3_000_000]]

    assert served.rows(market, "SELECT count(*), count(DISTINCT client) FROM price") == [[150, 10]]


def test_a_long_statement_lets_everything_else_go_on(served):
    uuid, other = served.create_database("long"), served.create_database("short")
    order = []

    def long():
        finite = ENDLESS.replace("FROM n)", "FROM n WHERE i < 5000000)", 1)
        with httpx.Client(base_url=served.client.base_url, headers=served.client.headers, timeout=60) as http:
            http.post(f"/d1/database/{uuid}/query", json={"sql": finite}).raise_for_status()
        order.append("long")

    thread = threading.Thread(target=long)
    thread.start()
    assert served.rows(other, "SELECT 1") == [[1]]
    order.append("short")
    thread.join()
    assert order == ["short", "long"]


def test_head_has_no_body(served):
    answer = served.client.head("/d1/database")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PURGE", "PATCH"])
def test_a_method_that_is_not_allowed(served, method):
    answer = served.client.request(method, "/queues")
    assert answer.status_code == 405
    assert answer.json()["errors"][0]["code"] == 10405


@pytest.mark.parametrize("path", ["/queues/", "//queues", "/nowhere", "/d1/database/x/y/z", "/%00", "/../.."])
def test_a_path_that_leads_nowhere(served, path):
    answer = served.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == 7003


def test_a_path_in_percent_form(served):
    uuid = served.create_database("närmarkt & co")
    assert served.result("GET", "/d1/database/n%C3%A4rmarkt%20%26%20co")["uuid"] == uuid


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[1]", b'"x"', b"\xff\xfe", b"\x00", b"[" * 100_000])
def test_a_body_that_is_no_use(served, body):
    uuid = served.create_database(f"bodies{abs(hash(body))}")
    for path in (f"/d1/database/{uuid}/query", "/d1/database", "/queues"):
        answer = served.client.post(path, content=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["success"] is False


def test_a_body_may_say_that_it_is_text(served):
    headers = {"content-type": "text/plain;charset=UTF-8"}
    answer = served.client.post("/queues", content=b'{"queue_name": "prices"}', headers=headers)
    assert answer.json()["result"]["queue_name"] == "prices"


def test_a_body_in_chunks(served):
    pieces = iter([b'{"name": ', b'"in-', b'chunks"}'])
    answer = served.client.post("/d1/database", content=pieces)
    assert answer.json()["result"]["name"] == "in-chunks"


def test_a_client_that_waits_for_leave_to_send(served):
    path = f"/accounts/{served.line['account_id']}/d1/database"
    head = request(served, "POST", path, "Content-Length: 19", "Expect: 100-continue")
    answer = exchange(served, head, b'{"name": "expected"')
    assert answer.startswith("HTTP/1.1 100 ")
    assert "HTTP/1.1 400 " in answer  # the body was cut, and its end is no JSON


def test_several_requests_on_one_connection(served):
    first = request(served).replace(b"Connection: close\r\n", b"")
    answer = exchange(served, first + first + request(served))
    assert answer.count("HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("text", [b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n"])
def test_what_is_no_http(served, text):
    assert exchange(served, text).startswith("HTTP/1.1 400 Bad Request")


def test_a_body_that_is_announced_as_too_large(served):
    path = f"/accounts/{served.line['account_id']}/d1/database"
    answer = exchange(served, request(served, "POST", path, "Content-Length: 100000001"))
    assert answer.startswith("HTTP/1.1 413 ")
    assert '"code":10413' in answer


def test_a_client_that_goes_amid_its_body_leaves_no_trace():
    with Served.start("--quiet") as served:
        where = urlsplit(served.line["base_url"])
        path = f"/accounts/{served.line['account_id']}/d1/database"
        with socket.create_connection((where.hostname, where.port)) as connection:
            connection.sendall(request(served, "POST", path, "Content-Length: 100") + b'{"name": "half')
        assert served.result("GET", "/d1/database") == []
        code, _, err = served.stop()

    assert code == 0
    assert err.count("\n") == 1  # that the account is in memory


def test_trouble_comes_on_request():
    with Served.start("--quiet", "--fault", "429:/queues:1", "--fault", "drop-before:/d1:1") as served:
        limited = served.client.get("/queues")
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
        assert served.result("GET", "/queues") == []
        with pytest.raises(httpx.TransportError):
            served.client.get("/d1/database")
        assert served.result("GET", "/d1/database") == []
        code, out, err = served.stop()

    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_a_project_is_deployed_into_a_new_account_and_kept(demo, tmp_path):
    config = ("--project", demo, "-c", "pyswarm/wrangler_historical_import.toml", "--quiet")
    with Served.start(*config, "--state", tmp_path / "state") as served:
        (worker,) = served.result("GET", "/workers/scripts")
        (database,) = served.result("GET", "/d1/database")
        url = served.line["base_url"].removesuffix("/client/v4")
        answer = httpx.get(url, headers={"Host": f"{worker['id']}.embedded.workers.dev"})
        assert served.stop()[0] == 0
    with Served.start(*config, "--state", tmp_path / "state") as served:
        assert served.result("GET", "/d1/database") == [database]
        _, _, err = served.stop()

    assert worker["id"] == "price-history-import"
    assert answer.text == "Price history import is up. POST /trigger starts an import."
    assert err == (
        f"{tmp_path / 'state'} holds an account already: it is served as it is, and nothing is deployed\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "state"]
