from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.embedded import EmbeddedAccount


@pytest.fixture
async def api(embedded: EmbeddedAccount, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app with a good token, below `/client/v4`."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=embedded.app()),
        base_url="http://embedded.invalid/client/v4",
        headers={"Authorization": f"Bearer {embedded.token}"},
    ) as client:
        yield client
