"""Delivers everything that waits in the queues of an account, on a clock that does not wait."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.queues.delivery import Invoker, deliver_batch, due_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.invocation import Runtime, RuntimeLimits
    from diagnose.embedded.queues.delivery import Delivery
    from diagnose.embedded.responses import Responses

MOST_BATCHES: Final = 1_000
MOST_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What happened until nothing was left that a worker would be given.

    Attributes:
        deliveries: in order.
        seconds: that would have passed, waits and delays included, handlers not.
        cut: more would have been delivered, but the bound on batches or on time was reached.
        refused: why the runtime could not imitate a consumer, or None; the drain ended there.
    """

    deliveries: tuple[Delivery, ...] = ()
    seconds: float = 0.0
    cut: bool = False
    refused: str | None = None


async def drain(
    account: EmbeddedAccount,
    *,
    runtime: Runtime,
    responses: Responses,
    base: Callable[[str], str] | str = "",
    secret_values: Mapping[str, str] | None = None,
    limits: RuntimeLimits | None = None,
    most: int = MOST_BATCHES,
    most_seconds: float = MOST_SECONDS,
) -> Drained:
    """Deliver batch after batch until no worker has anything to expect.

    Batches are delivered in the order in which they are complete or have waited long enough, one at a time;
    time passes only between them. Dead-letter queues that a worker consumes are drained, too. What is
    paused, pulled over HTTP or consumed by nobody stays where it is.

    Args:
        account: whose queues are drained; its clock is virtual meanwhile. With a `VirtualClock` of its own,
            set before anything is sent, moments are the same in every run.
        runtime: executes the consumers.
        responses: finds the recorded answer to an outbound request.
        base: the folder of the main module relative to the project, the same for all workers or by name.
        secret_values: by name.
        limits: of the runtime, for each invocation.
        most: batches; a worker that feeds its own queue would never end.
        most_seconds: of real time, after which no other batch is delivered.

    Raises:
        SandboxError: untrusted code cannot be executed safely here.
    """
    invoker = Invoker(
        account=account,
        runtime=runtime,
        responses=responses,
        base=base,
        secret_values=secret_values or {},
        limits=limits,
    )
    deliveries: list[Delivery] = []
    until = time.monotonic() + most_seconds
    with _virtual(account) as clock:
        started = clock.now_ms()
        while (following := _next(account)) is not None:
            if len(deliveries) == most or time.monotonic() >= until:
                return _drained(deliveries, clock, started, cut=True)
            queue_id, moment = following
            clock.advance_to(moment)
            delivery = await deliver_batch(invoker, queue_id, started_ms=started)
            if delivery is None:
                break
            deliveries.append(delivery)
            if delivery.is_refused:
                return _drained(deliveries, clock, started, refused=_why(delivery))
        return _drained(deliveries, clock, started)


@contextmanager
def _virtual(account: EmbeddedAccount) -> Iterator[VirtualClock]:
    """The account's clock, if it is virtual, else one in its place as long as the block runs."""
    before = account.clock
    clock = before if isinstance(before, VirtualClock) else VirtualClock(before.now_ms())
    account.clock = clock
    try:
        yield clock
    finally:
        account.clock = before


def _next(account: EmbeddedAccount) -> tuple[str, int] | None:
    """The queue (by id) whose batch is the next to be delivered, and when."""
    due = ((due_at(account, queue), queue.id) for queue in account.queues.values())
    known = [(moment, queue_id) for moment, queue_id in due if moment is not None]
    if not known:
        return None
    moment, queue_id = min(known, key=lambda pair: pair[0])
    return queue_id, moment


def _drained(
    deliveries: list[Delivery],
    clock: VirtualClock,
    started: int,
    *,
    cut: bool = False,
    refused: str | None = None,
) -> Drained:
    return Drained(
        deliveries=tuple(deliveries),
        seconds=(clock.now_ms() - started) / 1000,
        cut=cut,
        refused=refused,
    )


def _why(delivery: Delivery) -> str:
    invocation = delivery.invocation
    return invocation.refused or "the runtime cannot imitate what the consumer asks for"
