from __future__ import annotations

import re

import pytest

from diagnose.embedded import Permission
from diagnose.embedded.tokens import EVERYTHING, Grant

pytestmark = pytest.mark.anyio

A = "/accounts/0123456789abcdef0123456789abcdef"
OTHER = "/accounts/ffffffffffffffffffffffffffffffff"


def refused(response) -> tuple[int, int]:
    body = response.json()
    assert body["success"] is False
    assert body["messages"] == []
    return response.status_code, body["errors"][0]["code"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer a b", "Basic abc", 'Bearer "x" '])
async def test_a_malformed_credential_is_a_bad_request(api, header):
    response = await api.get(f"{A}/d1/database", headers={"Authorization": header})
    assert refused(response) == (400, 6003)
    assert response.json()["errors"][0]["error_chain"] == [
        {"code": 6111, "message": "Invalid format for Authorization header"}
    ]


async def test_a_missing_credential_is_a_bad_request(api):
    del api.headers["Authorization"]
    assert refused(await api.get("/user/tokens/verify")) == (400, 6003)


async def test_an_unknown_token_is_refused(api):
    response = await api.get(f"{A}/d1/database", headers={"Authorization": "Bearer guess"})
    assert refused(response) == (401, 10000)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"{OTHER}/d1/database", (403, 7403)),
        (f"{OTHER}/workers/scripts", (403, 10000)),
        (OTHER, (403, 9109)),
        (f"{OTHER}/tokens/verify", (403, 9109)),
        ("/accounts/mine/d1/database", (404, 7003)),
    ],
)
async def test_another_account_is_refused_as_its_product_would(api, path, answer):
    assert refused(await api.get(path)) == answer


async def test_permissions_decide_by_product(api, embedded):
    token = embedded.issue_token(permissions=frozenset({Permission.D1_READ}))
    headers = {"Authorization": f"Bearer {token}"}
    assert (await api.get(f"{A}/d1/database", headers=headers)).status_code == 200
    assert refused(await api.post(f"{A}/d1/database", json={"name": "x"}, headers=headers)) == (403, 7403)
    assert refused(await api.get(f"{A}/workers/scripts", headers=headers)) == (403, 10000)
    assert refused(await api.get(A, headers=headers)) == (403, 9109)


async def test_tokens_are_verified_where_they_belong(api, embedded):
    body = (await api.get("/user/tokens/verify")).json()
    assert body["result"]["status"] == "active"
    assert body["messages"] == [
        {"code": 10000, "message": "This API Token is valid and active", "type": None}
    ]
    assert refused(await api.get(f"{A}/tokens/verify")) == (401, 1000)
    headers = {"Authorization": f"Bearer {embedded.issue_token(owner='account')}"}
    assert refused(await api.get("/user/tokens/verify", headers=headers)) == (401, 1000)
    assert (await api.get(f"{A}/tokens/verify", headers=headers)).json()["result"]["status"] == "active"
    assert refused(await api.get("/memberships", headers=headers)) == (403, 10000)
    assert refused(await api.get("/user", headers=headers)) == (403, 9109)


def chain_of(response) -> list[int]:
    return [cause["code"] for cause in response.json()["errors"][0]["error_chain"]]


@pytest.mark.parametrize(
    ("headers", "answer", "chain"),
    [
        ({"X-Auth-Email": "a@example.com"}, (400, 6003), [6101]),
        ({"X-Auth-Key": "0" * 37}, (400, 6003), [6100]),
        ({"X-Auth-Email": "a@example.com", "X-Auth-Key": "a token"}, (400, 6003), [6103]),
        ({"Authorization": "Basic x", "X-Auth-Email": "a@example.com"}, (400, 6003), [6111]),
    ],
)
async def test_credentials_of_the_older_kind_are_refused_by_what_is_missing(api, headers, answer, chain):
    del api.headers["Authorization"]
    response = await api.get(f"{A}/d1/database", headers=headers)
    assert refused(response) == answer
    assert chain_of(response) == chain


async def test_a_global_key_is_nobodys(api):
    del api.headers["Authorization"]
    headers = {"X-Auth-Email": "a@example.com", "X-Auth-Key": "0" * 37}
    assert refused(await api.get(f"{A}/d1/database", headers=headers)) == (403, 9106)


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        ({"status": "disabled"}, "disabled"),
        ({"status": "expired"}, "expired"),
        ({"expires_on": "2020-01-01T00:00:00Z"}, "expired"),
        ({"not_before": "2999-01-01T00:00:00Z"}, "active"),
    ],
)
async def test_a_token_that_is_over_is_told_and_refused(api, embedded, granted, told):
    headers = {"Authorization": f"Bearer {embedded.issue_token(**granted)}"}
    result = (await api.get("/user/tokens/verify", headers=headers)).json()["result"]
    assert result["status"] == told
    assert (result["not_before"], result["expires_on"]) == (
        granted.get("not_before"),
        granted.get("expires_on"),
    )
    assert refused(await api.get(f"{A}/d1/database", headers=headers)) == (401, 10000)
    assert refused(await api.get(f"{A}/workers/scripts", headers=headers)) == (401, 10000)
    assert refused(await api.get("/accounts", headers=headers)) == (403, 9109)


async def test_a_token_that_will_end_is_active(api, embedded):
    headers = {"Authorization": f"Bearer {embedded.issue_token(expires_on='2999-01-01T00:00:00Z')}"}
    body = (await api.get("/user/tokens/verify", headers=headers)).json()
    assert (body["result"]["status"], body["messages"][0]["code"]) == ("active", 10000)
    assert (await api.get("/accounts", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "passes"),
    [
        (("127.0.0.1",), True),
        (("10.0.0.0/8", "127.0.0.0/8"), True),
        (("10.0.0.0/8",), False),
        (("::1",), False),
    ],
)
async def test_a_token_may_be_bound_to_addresses(api, embedded, allowed, passes):
    headers = {"Authorization": f"Bearer {embedded.issue_token(allowed_ips=allowed)}"}
    response = await api.get(f"{A}/d1/database", headers=headers)
    if passes:
        assert response.status_code == 200
    else:
        assert refused(response) == (403, 9109)
        message = response.json()["errors"][0]["message"]
        assert message == "Cannot use the access token from location: 127.0.0.1"


def test_no_address_is_none_of_those_that_are_allowed():
    assert Grant(id="x", allowed_ips=("10.0.0.0/8",)).allows_address("") is False
    assert Grant(id="x").allows_address("") is True


@pytest.mark.parametrize(
    ("missing", "path", "answer"),
    [
        (Permission.USER_READ, "/user", (403, 9109)),
        (Permission.MEMBERSHIPS_READ, "/memberships", (403, 10000)),
        (Permission.ACCOUNT_READ, "/accounts", (403, 9109)),
        (Permission.TAIL_READ, f"{A}/workers/scripts/x/tails", (403, 10000)),
    ],
)
async def test_every_permission_counts(api, embedded, missing, path, answer):
    token = embedded.issue_token(permissions=EVERYTHING - {missing})
    assert refused(await api.get(path, headers={"Authorization": f"Bearer {token}"})) == answer


async def test_memberships_are_filtered(api):
    for query in ({"account.name": "x"}, {"name": "x"}, {"status": "pending"}):
        assert (await api.get("/memberships", params=query)).json()["result"] == []
    for query in ({"account.name": "Embedded account"}, {"status": "accepted"}):
        assert len((await api.get("/memberships", params=query)).json()["result"]) == 1


@pytest.mark.parametrize("path", ["/nope", f"{A}/nope", f"{A}/d1/database/", "/accounts/x/y/z"])
async def test_an_unknown_path_is_not_routed(api, path):
    response = await api.get(path)
    assert refused(response) == (404, 7003)
    assert path in response.json()["errors"][0]["message"]


async def test_a_path_outside_the_api_is_not_routed(api):
    assert refused(await api.get("http://embedded.invalid/other")) == (404, 7003)


@pytest.mark.parametrize("path", ["/accounts/mine/queues", f"{A}/unknown/calls", f"{A}/queues/jobs"])
async def test_what_leads_nowhere_is_named_as_it_was_asked_for(api, path):
    (error,) = (await api.get(path)).json()["errors"]
    told = f"Could not route to /client/v4{path}, perhaps your object identifier is invalid?"
    assert (error["code"], error["message"]) == (7003, told)
    assert [link["code"] for link in error["error_chain"]] == [7000]


async def test_an_unknown_method_is_not_allowed(api):
    assert refused(await api.delete(f"{A}/d1/database")) == (405, 10405)


async def test_every_answer_has_a_ray_and_the_rate_limit(api):
    first, second = await api.get("/user"), await api.get("/nope")
    for response in (first, second):
        assert re.fullmatch(r"[0-9a-f]{16}-[A-Z]{3}", response.headers["cf-ray"])
        assert response.headers["ratelimit-policy"] == '"default";q=1200;w=300'
    assert first.headers["cf-ray"] != second.headers["cf-ray"]
    assert {one.headers["ratelimit"] for one in (first, second)} == {'"default";r=1200;t=300'}


async def test_accounts_and_memberships_are_paged(api):
    body = (await api.get("/accounts", params={"page": 1})).json()
    assert body["result"][0]["id"] == "0123456789abcdef0123456789abcdef"
    assert body["result_info"] == {"page": 1, "per_page": 20, "count": 1, "total_count": 1, "total_pages": 1}
    assert (await api.get("/accounts", params={"page": 2})).json()["result"] == []
    assert (await api.get("/accounts", params={"name": "x"})).json()["result"] == []
    (member,) = (await api.get("/memberships")).json()["result"]
    assert member["account"]["id"] == "0123456789abcdef0123456789abcdef"
    assert (await api.get(A)).json()["result"]["name"] == "Embedded account"
    assert (await api.get("/user")).json()["result"]["email"] == "user@example.com"
