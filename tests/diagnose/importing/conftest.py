"""An account with one empty database to import into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"


@pytest.fixture
def embedded() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory() as account:
        account.create_database("harbour", uuid=HARBOUR)
        yield account


@pytest.fixture
async def account(embedded: EmbeddedAccount, anyio_backend: str) -> AsyncIterator[Account]:
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.SAVED
    ) as client:
        yield client


@pytest.fixture
def sql(embedded: EmbeddedAccount) -> Callable[[str], list[tuple[object, ...]]]:
    """Run SQL in the database itself."""

    def run(text: str) -> list[tuple[object, ...]]:
        return list(embedded.database(HARBOUR).run_all(Statement(text))[-1].rows)

    return run
