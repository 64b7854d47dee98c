from __future__ import annotations

import httpx
import pytest

from diagnose.embedded.serving import BackgroundServer


@pytest.fixture
def told():
    """What the server told."""
    return []


@pytest.fixture
def server(embedded, told):
    with BackgroundServer(embedded, tell=told.append) as served:
        yield served


@pytest.fixture
def client(server, embedded):
    with httpx.Client(
        base_url=f"{server.base_url}/accounts/{embedded.account_id}",
        headers={"Authorization": f"Bearer {embedded.token}"},
    ) as client:
        yield client
