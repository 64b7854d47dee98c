from __future__ import annotations

import threading

import httpx
import pytest

from diagnose.doubles import CloudflareAccount, Doorway, Fault, FaultKind
from diagnose.embedded import RefusalError


@pytest.fixture(scope="module")
def doorway():
    with Doorway() as doorway:
        yield doorway


@pytest.fixture
def account(doorway):
    with CloudflareAccount(doorway) as account:
        yield account


@pytest.fixture
def http(account):
    headers = {"Authorization": f"Bearer {account.token}"}
    with httpx.Client(
        base_url=f"{account.base_url}/accounts/{account.account_id}", headers=headers
    ) as client:
        yield client


def test_the_api_and_the_binding_show_one_database(account, http):
    database = account.create_database("market")
    database.exec("CREATE TABLE price (day TEXT)")
    uuid = account.database_id("market")

    answer = http.post(f"/d1/database/{uuid}/query", json={"sql": "INSERT INTO price VALUES ('a')"})

    assert answer.json()["result"][0]["meta"]["changes"] == 1
    assert account.database("market").prepare("SELECT day FROM price").raw() == [["a"]]
    assert account.database(uuid).prepare("SELECT day FROM price").raw() == [["a"]]


def test_what_is_made_before_the_port_is_open_is_there(doorway):
    with CloudflareAccount(doorway) as account:
        account.create_database("market")
        queue_id = account.create_queue("prices")
        url = f"{account.base_url}/accounts/{account.account_id}/queues"
        answer = httpx.get(url, headers={"Authorization": f"Bearer {account.token}"})
    assert [queue["queue_id"] for queue in answer.json()["result"]] == [queue_id]


@pytest.mark.parametrize("find", [CloudflareAccount.database, CloudflareAccount.database_id])
def test_a_database_that_there_is_not(account, find):
    with pytest.raises(RefusalError, match="could not be found"):
        find(account, "absent")


def test_requests_meet_trouble_and_then_no_more(account, http):
    account.meet(Fault(kind=FaultKind.RATE_LIMITED, path="/queues", retry_after=3))
    refused = http.get("/queues")
    account.meet()
    answered = http.get("/queues")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert answered.status_code == 200


def test_the_plan_decides(doorway):
    with CloudflareAccount(doorway, plan="free") as account:
        for number in range(10):
            account.create_database(f"d{number}")
        with pytest.raises(RefusalError, match="number of databases"):
            account.create_database("one more")


def test_one_port_leads_to_the_account_of_the_day(doorway):
    with CloudflareAccount(doorway) as first:
        url, token = f"{first.base_url}/user", first.token
    after = httpx.get(url, headers={"Authorization": f"Bearer {token}"})
    with CloudflareAccount(doorway) as second:
        foreign = httpx.get(url, headers={"Authorization": f"Bearer {token}"})
        own = httpx.get(url, headers={"Authorization": f"Bearer {second.token}"})

    assert first.base_url == second.base_url
    assert [one.status_code for one in (after, foreign, own)] == [503, 401, 200]


def test_a_statement_that_still_runs_at_the_end_holds_nothing_up(doorway):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with CloudflareAccount(doorway) as account:
        account.create_database("market")
        url = f"{account.base_url}/accounts/{account.account_id}/d1/database"
        headers = {"Authorization": f"Bearer {account.token}"}
        answers = []

        def ask():
            path = f"{url}/{account.database_id('market')}/query"
            answers.append(httpx.post(path, headers=headers, json={"sql": endless}, timeout=60))

        account.meet(Fault(kind=FaultKind.SLOW, path="/query", seconds=0))
        thread = threading.Thread(target=ask)
        thread.start()
        while not account.faults.struck:
            httpx.get(url, headers=headers)
    thread.join()

    assert [answer.status_code for answer in answers] == [500]


@pytest.mark.anyio
async def test_the_client_of_diagnose_itself(account):
    account.create_database("market")
    client = account.client()
    try:
        assert [database.name for database in await client.databases()] == ["market"]
    finally:
        await client.aclose()


def test_the_environment_names_the_account(account):
    assert account.environment == {
        "CLOUDFLARE_API_BASE_URL": account.base_url,
        "CLOUDFLARE_BASE_URL": account.base_url,
        "CLOUDFLARE_API_TOKEN": account.token,
        "CLOUDFLARE_ACCOUNT_ID": account.account_id,
    }
