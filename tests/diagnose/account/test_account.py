from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import traceback

import pytest

from diagnose.account import (
    Account,
    AccountKind,
    ApiError,
    CredentialError,
    MissingPermissionError,
    Secret,
)
from diagnose.embedded import Permission
from diagnose.errors import UsageError

pytestmark = pytest.mark.anyio

CANARY = "canary-token-5d0b7c1e"
ACCOUNT_ID = "0123456789abcdef0123456789abcdef"


async def test_a_user_token_is_verified(account):
    token = await account.verify_token()
    assert (token.status, token.owner, token.active) == ("active", "user", True)
    assert account.requests == (("GET", "/user/tokens/verify"),)


async def test_an_account_token_is_verified_where_it_belongs(embedded, client_with):
    async with client_with(embedded.issue_token(owner="account")) as client:
        assert (await client.verify_token()).owner == "account"
        assert [path for _, path in client.requests] == [
            "/user/tokens/verify",
            f"/accounts/{ACCOUNT_ID}/tokens/verify",
        ]


@pytest.mark.parametrize("status", ["disabled", "expired"])
async def test_an_inactive_token_is_told_and_of_no_use(embedded, client_with, status):
    async with client_with(embedded.issue_token(status=status)) as client:
        token = await client.verify_token()
        assert (token.status, token.active) == (status, False)
        with pytest.raises(CredentialError) as caught:
            await client.databases()
    assert (caught.value.status, caught.value.code) == (401, 10000)


async def test_a_missing_d1_permission_is_named(embedded, client_with):
    token = embedded.issue_token(permissions=frozenset({Permission.WORKERS_READ}))
    async with client_with(token) as client:
        assert await client.scripts() == ()
        with pytest.raises(MissingPermissionError) as caught:
            await client.databases()
    assert (caught.value.status, caught.value.code) == (403, 7403)
    assert "“Account · D1 · Read”" in caught.value.hint
    assert caught.value.where == f"GET /accounts/{ACCOUNT_ID}/d1/database"


async def test_another_account_is_not_reached(embedded):
    other = "f" * 32
    async with Account.over_app(embedded.app(), other, Secret(embedded.token), AccountKind.SAVED) as client:
        with pytest.raises(MissingPermissionError):
            await client.databases()


async def test_the_token_is_seen_nowhere(scripted, server, caplog):
    caplog.set_level(logging.DEBUG)
    body = f'{{"success": false, "errors": [{{"code": 10000, "message": "no {CANARY}\\u001b[31m"}}]}}'
    server.answer(403, body.encode(), cf_ray=f"8{CANARY}")
    with pytest.raises(ApiError) as caught:
        await scripted.databases()
    error = caught.value
    seen = [str(error), repr(error), repr(error.exchange), caplog.text, repr(vars(scripted)), error.text]
    seen += traceback.format_exception(error)
    assert server.seen[0][2]["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in " ".join(seen)
    assert "\x1b" not in str(error)
    assert "[hidden]" in str(error)


def test_a_secret_hides_itself():
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {secret!s} {[secret]} {secret:>30}"
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret.scrub(f"x {CANARY}") == "x [hidden]"
    assert not Secret("")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


@pytest.mark.parametrize("token", ["", f'"{CANARY}"', f"{CANARY}\n", f"{CANARY} x", f"{CANARY}ü"])
def test_a_token_that_cannot_stand_in_a_header_is_refused_unseen(token):
    with pytest.raises(UsageError) as caught:
        Account.cloudflare(Secret(token), ACCOUNT_ID)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/client/v4",
        "http://10.0.0.1/client/v4",
        "http://127.0.0.1.example.com/client/v4",
        "ftp://127.0.0.1/client/v4",
        "api.cloudflare.com/client/v4",
        "https://user:pass@api.example.com/client/v4",
        "https:///client/v4",
        "http://localhost:port/client/v4",
        "https://api.example.com/client/v4?x=1",
    ],
)
def test_a_base_url_that_would_show_the_token_is_refused(url):
    with pytest.raises(UsageError, match="CLOUDFLARE_API_BASE_URL"):
        Account.cloudflare(Secret(CANARY), ACCOUNT_ID, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/client/v4/",
        "http://127.0.0.1:8787/client/v4",
        "http://[::1]:8787/client/v4",
        "http://localhost/client/v4",
    ],
)
async def test_https_and_loopback_are_accepted(url):
    client = Account.cloudflare(Secret(CANARY), ACCOUNT_ID, url)
    assert client.describe() == f"Cloudflare account {ACCOUNT_ID}"
    await client.aclose()


def test_the_base_url_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", "http://api.example.com/client/v4")
    with pytest.raises(UsageError, match="plain http"):
        Account.cloudflare(Secret(CANARY), ACCOUNT_ID)


def test_the_package_is_imported_without_an_http_library():
    command = "import sys, diagnose.account; print('httpx' in sys.modules, 'starlette' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    ).stdout
    assert output == "False False\n"


def test_an_account_id_that_is_none_is_refused():
    with pytest.raises(UsageError, match="CLOUDFLARE_ACCOUNT_ID"):
        Account.cloudflare(Secret(CANARY), "my-account")
