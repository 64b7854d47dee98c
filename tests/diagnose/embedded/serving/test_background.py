from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from diagnose.embedded.app.faults import Fault, FaultKind, Faults
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.serving import BackgroundServer


def test_the_account_answers_on_a_port_of_this_machine(server, client):
    assert server.base_url.startswith("http://127.0.0.1:")
    listed = client.get("/d1/database").json()
    assert (listed["success"], listed["result"]) == (True, [])


def test_a_function_runs_in_the_servers_thread_and_its_errors_come_back(server, embedded):
    assert server.call(threading.get_ident) != threading.get_ident()
    created = server.call(lambda: embedded.create_database("market"))
    assert embedded.find_database("market") == created
    with pytest.raises(RefusalError, match="already exists"):
        server.call(lambda: embedded.create_database("market"))


def test_many_long_statements_leave_room_for_others(server, embedded, client):
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    uuids = [server.call(lambda name=name: embedded.create_database(f"d{name}").uuid) for name in range(9)]

    def ask(uuid, sql):
        path = f"{client.base_url}d1/database/{uuid}/query"
        return httpx.post(path, headers=client.headers, json={"sql": sql}, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        endless = [pool.submit(ask, uuid, numbers) for uuid in uuids[1:]]
        while any(server.call(lambda uuid=uuid: is_idle(embedded, uuid)) for uuid in uuids[1:]):
            pass
        assert ask(uuids[0], "SELECT 1") == 200
        while not all(one.done() for one in endless):
            server.call(embedded.interrupt)
    assert [one.result() for one in endless] == [500] * 8


def is_idle(embedded, uuid):
    """Whether no statement of the database runs in another thread."""
    turn = embedded.database(uuid)._session.turn
    return turn.acquire(blocking=False) and not turn.release()


def test_nothing_answers_after_the_block(embedded):
    with BackgroundServer(embedded) as server:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.base_url)


def test_an_answer_that_is_lost_is_a_connection_that_ends(embedded):
    faults = Faults([Fault(kind=FaultKind.DROP_AFTER, times=1)])
    url = f"/accounts/{embedded.account_id}/d1/database"
    headers = {"Authorization": f"Bearer {embedded.token}"}
    with (
        BackgroundServer(embedded, faults=faults) as server,
        httpx.Client(base_url=server.base_url, headers=headers) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(url, json={"name": "market"})
        again = client.post(url, json={"name": "market"})

    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, 7502)


def test_the_rate_limit_is_there_on_request(embedded):
    with BackgroundServer(embedded, rate_limit=True) as server, httpx.Client() as client:
        statuses = [client.get(server.base_url).status_code for _ in range(1_202)]

    assert statuses == [404] * 1_200 + [429] * 2
