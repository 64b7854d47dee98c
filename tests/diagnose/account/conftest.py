from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.cassettes import configure
from virtual_time import VirtualTime

from diagnose.account import Account, AccountKind, Secret
from diagnose.account.budget import Unlimited
from diagnose.account.transport import Transport
from diagnose.embedded import EmbeddedAccount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from vcr import VCR

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"


def pytest_recording_configure(config: pytest.Config, vcr: VCR) -> None:
    configure(vcr)


@pytest.fixture
def embedded() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory(account_id=ACCOUNT_ID) as account:
        yield account


@pytest.fixture
async def account(embedded: EmbeddedAccount, anyio_backend: str) -> AsyncIterator[Account]:
    async with Account.over_app(
        embedded.app(), ACCOUNT_ID, Secret(embedded.token), AccountKind.SAVED
    ) as client:
        yield client


class Server:
    """A server that answers what a test tells it to: the misbehaviour that no correct server shows."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, {"content-type": "application/json", **named}, body))

    async def __call__(self, scope, receive, send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["method"], scope["path"], headers))
        status, answered, body = self.answers.pop(0)
        pairs = [(name.encode(), value.encode()) for name, value in answered.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def waits(clock: VirtualTime) -> list[float]:
    """The seconds that the client slept, by a clock that does not let it."""
    return clock.slept


@pytest.fixture
async def scripted(server: Server, clock: VirtualTime, anyio_backend: str) -> AsyncIterator[Account]:
    """A client of the misbehaving server, which does not really sleep."""
    transport = Transport.over_app(server, Secret("canary-token-5d0b7c1e"), budget=Unlimited(clock))
    async with Account(transport, ACCOUNT_ID, AccountKind.REAL) as client:
        yield client


@pytest.fixture
def client_with(embedded: EmbeddedAccount) -> Callable[[str], Account]:
    """A client of the embedded account that uses another token."""
    return lambda token: Account.over_app(embedded.app(), ACCOUNT_ID, Secret(token), AccountKind.SAVED)
