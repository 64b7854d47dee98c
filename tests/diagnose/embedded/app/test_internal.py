from __future__ import annotations

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_what_is_broken_here_is_told_in_the_envelope(api, embedded, monkeypatch):
    monkeypatch.setattr(type(embedded), "scripts", property(lambda account: account.missing))
    transport = httpx.ASGITransport(app=embedded.app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, headers=api.headers) as client:
        answer = await client.get(
            f"http://embedded.invalid/client/v4/accounts/{embedded.account_id}/workers/scripts"
        )

    assert answer.status_code == 500
    assert answer.headers["cf-ray"]
    assert answer.json() == {
        "result": None,
        "success": False,
        "errors": [{"code": 10013, "message": "An unknown error has occurred."}],
        "messages": [],
    }


async def test_in_this_process_the_error_itself_arrives_as_well(api, embedded, monkeypatch):
    monkeypatch.setattr(type(embedded), "scripts", property(lambda account: account.missing))

    with pytest.raises(AttributeError, match="missing"):
        await api.get(f"/accounts/{embedded.account_id}/workers/scripts")
