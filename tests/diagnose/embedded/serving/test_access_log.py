from __future__ import annotations

import pytest

from diagnose.embedded.app.faults import ConnectionDroppedError
from diagnose.embedded.serving.access_log import AccessLog, shown_path

ACCOUNT = "0123456789abcdef0123456789abcdef"
DATABASE = "12345678-1234-1234-1234-123456789abc"
SECRET = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"  # noqa: S105 - an example


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/client/v4/user/tokens/verify", "/user/tokens/verify"),
        (
            f"/client/v4/accounts/{ACCOUNT}/d1/database/{DATABASE}/query",
            f"/accounts/{ACCOUNT}/d1/database/{DATABASE}/query",
        ),
        (f"/client/v4/accounts/{ACCOUNT}/queues/", f"/accounts/{ACCOUNT}/queues"),
        (f"/client/v4/accounts/{ACCOUNT}/secret/{SECRET}", f"/accounts/{ACCOUNT}/secret/…"),
        (f"/client/v4/upload/{SECRET}", "/…"),
        (f"/{SECRET}", "/…"),
        ("/", "/…"),
        ("/client/v4", "/…"),
        ("/client/v4/accounts/a\nb", "/accounts/…"),
    ],
)
def test_only_ids_and_names_are_shown(path, shown):
    assert shown_path(path) == shown


def test_a_request_is_told_without_its_query_and_token(client, server, embedded, told):
    client.get("/d1/database", params={"name": SECRET})

    server.call(lambda: None)
    (line,) = told
    assert line.startswith(f"GET /accounts/{embedded.account_id}/d1/database 200 ")
    assert line.endswith(" ms")
    assert SECRET not in line
    assert embedded.token not in line


@pytest.mark.anyio
async def test_a_socket_that_is_opened_is_told_without_its_address():
    told: list[str] = []

    async def app(_scope, _receive, send):
        await send({"type": "websocket.accept"})

    async def ignore(_message): ...

    await AccessLog(app, told.append)({"type": "websocket", "path": f"/tails/{SECRET}"}, ignore, ignore)

    (line,) = told
    assert line.startswith("GET /… 101 ")


@pytest.mark.anyio
async def test_a_request_that_is_never_answered_is_told_without_a_status():
    told: list[str] = []

    async def app(_scope, _receive, _send):
        raise ConnectionDroppedError("lost")

    with pytest.raises(ConnectionDroppedError):
        await AccessLog(app, told.append)({"type": "http", "method": "GET", "path": "/"}, None, None)

    (line,) = told
    assert line.startswith("GET /… - ")
