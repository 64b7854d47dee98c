"""A project folder and an embedded account for steps to act upon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from virtual_time import VirtualTime

from diagnose.account import Account, AccountKind, Secret
from diagnose.account.budget import Unlimited
from diagnose.account.transport import Transport
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.app.faults import Faults
from diagnose.engine.workspace import ProjectWorkspace
from diagnose.steps import restore_step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from diagnose.model import Step

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"


@pytest.fixture
def embedded() -> Iterator[EmbeddedAccount]:
    """An account with one empty database."""
    with EmbeddedAccount.memory() as account:
        account.create_database("harbour", uuid=HARBOUR)
        yield account


@pytest.fixture
async def workspace(
    embedded: EmbeddedAccount, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[ProjectWorkspace]:
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.SAVED
    ) as account:
        yield ProjectWorkspace(tmp_path, account)


@pytest.fixture
def faults() -> Faults:
    """The trouble that the requests of `faulty` meet; none at first."""
    return Faults()


@pytest.fixture
async def faulty(
    embedded: EmbeddedAccount, faults: Faults, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[ProjectWorkspace]:
    """The same over a network that loses answers, by a clock on which nobody waits."""
    app = embedded.app(faults=faults)
    transport = Transport.over_app(app, Secret(embedded.token), budget=Unlimited(VirtualTime()))
    async with Account(transport, embedded.account_id, AccountKind.SAVED) as account:
        yield ProjectWorkspace(tmp_path, account)


@pytest.fixture
def rows(embedded: EmbeddedAccount) -> Callable[[str], list[tuple[object, ...]]]:
    """What a query answers."""
    from diagnose.d1 import Statement

    def read(sql: str) -> list[tuple[object, ...]]:
        return list(embedded.database(HARBOUR).run_all(Statement(sql))[-1].rows)

    return read


@pytest.fixture
def again() -> Callable[[Step], Step]:
    """A step as another process reads it from the journal."""
    import json

    return lambda step: restore_step(step.kind, json.loads(json.dumps(step.record())))
