"""Ten thousand operations over a network that fails for three requests in ten.

Afterwards each account is the same as after the same operations without a fault: nothing is lost, nothing is
there twice, and nothing is tried for ever. Time is virtual; the account, its limits and the client are real.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from virtual_time import VirtualTime

from diagnose.account import (
    Account,
    AccountKind,
    ApiError,
    ConsumerSpec,
    MissingPermissionError,
    NotFoundError,
    OutcomeUnknownError,
    Secret,
)
from diagnose.account.budget import Budget
from diagnose.account.transport import Transport
from diagnose.d1 import LIMITS, Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.app import make_app
from diagnose.embedded.app.faults import Fault, FaultKind, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.anyio

LANES = 4
TRIES = 15
RETRY_AFTER = 3
SCHEMA = """
CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL);
CREATE TABLE counter (n INTEGER);
CREATE TABLE log (operation INTEGER);
INSERT INTO counter VALUES (0);
"""
CODE = "class Default:\n    async def fetch(self, request): ...\n    async def queue(self, batch): ...\n"

# Tried one after the other, so that 30% of the requests meet one.
FAULTS = tuple(
    Fault(kind=kind, probability=share, retry_after=RETRY_AFTER if kind is FaultKind.RATE_LIMITED else None)
    for kind, share in {
        FaultKind.RATE_LIMITED: 0.03,
        FaultKind.INTERNAL_ERROR: 0.05,
        FaultKind.UNAVAILABLE: 0.05,
        FaultKind.GATEWAY_TIMEOUT: 0.05,
        FaultKind.NOT_AUTHORIZED: 0.02,
        FaultKind.DROP_BEFORE: 0.06,
        FaultKind.DROP_AFTER: 0.08,
        FaultKind.SLOW: 0.015,
    }.items()
)

KINDS = {
    "upsert": 24,
    "insert": 14,
    "count": 10,
    "read": 14,
    "create_database": 4,
    "delete_database": 4,
    "create_queue": 4,
    "delete_queue": 4,
    "upload": 3,
    "roll_back": 3,
    "schedule": 4,
    "subdomain": 4,
    "attach": 4,
    "change": 4,
    "delete_consumer": 4,
    "put_secret": 3,
    "delete_secret": 3,
}


@dataclass(frozen=True)
class Operation:
    """What a lane does, and with which number."""

    number: int
    kind: str


@dataclass(frozen=True)
class Upload:
    """A worker of one lane."""

    script_name: str
    modules: Mapping[str, bytes]
    main_module: str = "worker.py"
    bindings: tuple[Mapping[str, Any], ...] = ()
    compatibility_date: str | None = "2026-11-01"
    compatibility_flags: tuple[str, ...] = ("python_workers",)


@dataclass
class Lane:
    """One user of the account, with a database, a queue and two workers of its own.

    A call that is refused is made again. One whose outcome is unknown is looked up first, as the error says.
    """

    account: Account
    name: str
    database: str = ""
    queue: str = ""
    chosen: dict[int, Any] = field(default_factory=dict)
    unknown: int = 0
    again: int = 0

    async def prepare(self) -> None:
        """What the operations work on, made while all is well."""
        self.database = (await self.account.create_database(self.name)).uuid
        await self.account.query(self.database, SCHEMA)
        self.queue = (await self.account.create_queue(self.name)).id
        for version in range(2):
            await self._upload(-version)
        await self.account.upload(Upload(f"{self.name}-kept", {"worker.py": CODE.encode()}))

    async def perform(self, operation: Operation) -> None:
        doubtful = False
        for attempt in range(TRIES):
            try:
                if doubtful and await getattr(self, f"_did_{operation.kind}")(operation.number):
                    return
                await getattr(self, f"_{operation.kind}")(operation.number)
            except OutcomeUnknownError:
                doubtful = True
                self.unknown += 1
            except NotFoundError:
                # What an earlier call was refused to tell: it is gone.
                assert attempt
                assert operation.kind.startswith("delete")
                return
            except ApiError as error:
                if not (error.passes or isinstance(error, MissingPermissionError)):
                    raise
                self.again += 1
                self.account.forget()
            else:
                return
        raise AssertionError(f"{operation} did not end")

    async def _upsert(self, number: int) -> None:
        rows = ", ".join(f"({number % 97 * 10 + place}, {number}.5)" for place in range(5))
        sql = f"INSERT INTO candles VALUES {rows} ON CONFLICT DO UPDATE SET close = excluded.close"
        await self.account.query(self.database, sql, repeatable=True)

    async def _insert(self, number: int) -> None:
        await self.account.query(self.database, "INSERT INTO log VALUES (?1)", [number])

    async def _did_insert(self, number: int) -> bool:
        sql = "SELECT count(*) FROM log WHERE operation = ?1"
        (result,) = await self.account.query(self.database, sql, [number], reads_only=True)
        return result.rows == ((1,),)

    async def _count(self, number: int) -> None:
        # One transaction, whose log says whether it has run.
        sql = f"INSERT INTO log VALUES ({number}); UPDATE counter SET n = n + 1"
        await self.account.query(self.database, sql, landed=lambda: self._did_insert(number))

    _did_count = _did_insert

    async def _read(self, number: int) -> None:
        self.account.forget()
        match number % 4:
            case 0:
                assert (await self.account.database(self.name)).uuid == self.database
            case 1:
                assert (await self.account.queue(self.name)).id == self.queue
            case 2:
                assert self.name in {script.name for script in await self.account.scripts()}
            case _:
                assert await self.account.database(f"{self.name}-never") is None

    async def _create_database(self, number: int) -> None:
        await self.account.create_database(f"{self.name}-{number}")

    async def _did_create_database(self, number: int) -> bool:
        return await self.account.database(f"{self.name}-{number}") is not None

    async def _delete_database(self, number: int) -> None:
        if number not in self.chosen:
            found = {each.name: each.uuid for each in await self.account.databases()}
            self.chosen[number] = found.get(self._first(found))
        if self.chosen[number] is not None:
            await self.account.delete_database(self.chosen[number])

    async def _create_queue(self, number: int) -> None:
        await self.account.create_queue(f"{self.name}-{number}")

    async def _did_create_queue(self, number: int) -> bool:
        return await self.account.queue(f"{self.name}-{number}") is not None

    async def _delete_queue(self, number: int) -> None:
        if number not in self.chosen:
            found = {each.name: each.id for each in await self.account.queues()}
            self.chosen[number] = found.get(self._first(found))
        if self.chosen[number] is not None:
            await self.account.delete_queue(self.chosen[number])

    async def _upload(self, number: int) -> None:
        await self.account.upload(Upload(self.name, {"worker.py": f"{CODE}# {number}\n".encode()}))

    async def _did_upload(self, number: int) -> bool:
        return await self.account.content(self.name) == {"worker.py": f"{CODE}# {number}\n".encode()}

    async def _roll_back(self, number: int) -> None:
        if number not in self.chosen:
            self.chosen[number] = (await self.account.deployments(self.name))[1].versions
        await self.account.deploy_versions(self.name, self.chosen[number])

    async def _did_roll_back(self, number: int) -> bool:
        return (await self.account.deployments(self.name))[0].versions == self.chosen[number]

    async def _schedule(self, number: int) -> None:
        await self.account.put_schedules(self.name, [f"{number % 60} * * * *"])

    async def _subdomain(self, number: int) -> None:
        await self.account.set_subdomain(self.name, enabled=number % 2 == 0)

    async def _attach(self, number: int) -> None:
        if not await self.account.consumers(self.queue):
            spec = ConsumerSpec(script=self.name, settings={"batch_size": number % 100 + 1})
            await self.account.attach_consumer(self.queue, spec)

    async def _did_attach(self, _number: int) -> bool:
        return len(await self.account.consumers(self.queue)) == 1

    async def _change(self, number: int) -> None:
        for consumer in await self.account.consumers(self.queue):
            spec = ConsumerSpec(script=self.name, settings={"batch_size": number % 100 + 1})
            await self.account.change_consumer(self.queue, consumer.id, spec)

    async def _delete_consumer(self, _number: int) -> None:
        for consumer in await self.account.consumers(self.queue):
            await self.account.detach_consumer(self.queue, consumer.id)

    async def _put_secret(self, number: int) -> None:
        await self.account.put_secret(f"{self.name}-kept", f"KEY_{number % 5}", Secret(f"value {number}"))

    async def _delete_secret(self, number: int) -> None:
        if number not in self.chosen:
            self.chosen[number] = f"KEY_{number % 5}" in await self.account.secrets(f"{self.name}-kept")
        if self.chosen[number]:
            await self.account.delete_secret(f"{self.name}-kept", f"KEY_{number % 5}")

    def _first(self, names: Mapping[str, str]) -> str:
        return min((name for name in names if name.startswith(f"{self.name}-")), default="")


class Watched:
    """The application, and when it was asked for what and answered that."""

    def __init__(self, app: Any, clock: VirtualTime) -> None:
        self._app = app
        self._clock = clock
        self.arrived: list[float] = []
        self.refused: list[tuple[float, float]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.arrived.append(self._clock.now())

        async def watch(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == 429:
                (asked,) = (value for name, value in message["headers"] if name.lower() == b"retry-after")
                self.refused.append((self._clock.now(), float(asked)))
            await send(message)

        await self._app(scope, receive, watch)


@dataclass
class Ended:
    """How a run ended."""

    state: Any
    lanes: list[Lane]
    watched: Watched
    faults: Faults
    seconds: float


async def run(seed: int, number: int, *faults: Fault) -> Ended:
    """Perform so many operations, those of a seed, in lanes side by side that share a token's budget."""
    clock = VirtualTime()
    trouble = Faults(seed=seed, sleep=clock.sleep)
    began = clock.now()
    with EmbeddedAccount.memory() as embedded:
        watched = Watched(make_app(embedded, faults=trouble, rate_limit=True, now=clock.now), clock)
        budget, token = Budget(clock), Secret(embedded.token)
        transports = [Transport.over_app(watched, token, budget=budget) for _ in range(LANES)]
        lanes = [
            Lane(Account(transport, embedded.account_id, AccountKind.REAL), f"lane{place}")
            for place, transport in enumerate(transports)
        ]
        for lane in lanes:
            await lane.prepare()
        trouble.replace(*faults)
        await asyncio.gather(
            *(work(lane, plan) for lane, plan in zip(lanes, plans(seed, number), strict=True))
        )
        for transport in transports:
            await transport.aclose()
        return Ended([look(embedded, lane) for lane in lanes], lanes, watched, trouble, clock.now() - began)


async def work(lane: Lane, plan: list[Operation]) -> None:
    for operation in plan:
        await lane.perform(operation)


def plans(seed: int, number: int) -> Iterator[list[Operation]]:
    """What each lane does."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for _ in range(LANES):
        kinds = chance.choices(list(KINDS), weights=list(KINDS.values()), k=number // LANES)
        yield [Operation(place, kind) for place, kind in enumerate(kinds)]


def look(embedded: EmbeddedAccount, lane: Lane) -> dict[str, Any]:
    """Everything that a lane has made, without ids and dates."""
    database = embedded.database(lane.database)
    script, kept = embedded.scripts[lane.name], embedded.scripts[f"{lane.name}-kept"]
    numbers = {version.id: place for place, version in enumerate(script.versions)}
    consumer = embedded.queues[lane.queue].consumer
    return {
        **{
            table: database.run_all(Statement(f"SELECT * FROM {table} ORDER BY 1"))[-1].rows
            for table in ("candles", "counter", "log")
        },
        "databases": sorted(each.name for each in embedded.databases.values() if lane.name in each.name),
        "queues": sorted(each.name for each in embedded.queues.values() if lane.name in each.name),
        "versions": [dict(version.modules) for version in script.versions],
        "deployments": [
            [(numbers[version_id], share) for version_id, share in deployment.versions]
            for deployment in script.deployments
        ],
        "schedules": [schedule.cron for schedule in script.schedules],
        "subdomain": script.subdomain,
        "consumer": None if consumer is None else (consumer.script, consumer.settings),
        "secrets": {name: secret.text for name, secret in kept.versions[-1].secrets.items()},
    }


def most_in_any_window(sent: list[float], seconds: float) -> int:
    """The largest number of requests in a window that includes both its ends."""
    return max(bisect_right(sent, first + seconds) - place for place, first in enumerate(sent))


def assert_manners(ended: Ended) -> None:
    """The limit of the API was never exceeded, and every 429 was waited out by everybody, to the second."""
    arrived = ended.watched.arrived
    assert most_in_any_window(arrived, LIMITS.api.seconds) <= LIMITS.api.requests
    for at, seconds in ended.watched.refused:
        assert bisect_right(arrived, at) == bisect_right(arrived, at + seconds - 1e-6), at - arrived[0]


@pytest.mark.parametrize(("seed", "number"), [(1, 4_000), (2, 2_000), (3, 2_000), (4, 2_000)])
async def test_nothing_is_lost_and_nothing_doubled(seed: int, number: int):
    undisturbed = await run(seed, number)
    disturbed = await run(seed, number, *FAULTS)

    assert disturbed.state == undisturbed.state
    assert undisturbed.watched.refused == []
    met = len(disturbed.faults.struck) / len(disturbed.watched.arrived)
    assert 0.27 < met < 0.33
    assert {kind for kind, _, _ in disturbed.faults.struck} == set(FaultKind)
    assert sum(lane.unknown for lane in disturbed.lanes) > number / 200
    assert len(disturbed.watched.arrived) < 3 * len(undisturbed.watched.arrived)
    for ended in (undisturbed, disturbed):
        assert_manners(ended)
