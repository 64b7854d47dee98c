"""QUE003: what is sent to a queue is consumed, by the worker that shall consume it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, FixInfo, Need, Severity
from diagnose.project.open_ends import is_open_ended
from diagnose.project.queue_roles import consumed_twice, declared_consumers, produced_queues

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from diagnose.account import QueueInfo
    from diagnose.model import Location
    from diagnose.plugin import Context, Finding, Json
    from diagnose.project.queue_roles import DeclaredConsumer

_EXPLAINS = ("E2E002", "E2E003")
_UNREAD = "whether another worker does takes an account to tell (--target cloudflare)"
_ABSENT = "the account has no such queue yet (QUE002)"


class ConsumerMissing(Check):
    """Messages are sent to a queue that nothing consumes, or that the wrong worker consumes.

    ## What it checks

    With an account: the consumers attached to every queue that the config produces to or consumes. From
    files alone: whether some config of the project consumes what the worker sends. If none does, it is a
    warning where the worker has a `queue` handler and consumes nothing; where the project consumes a
    queue of a similar name to which it never sends; and where the project has a database (or `[watch]`
    names a table) and the end of the pipeline is not there: what the worker fetched or received goes to
    the queue, and no worker of the project writes rows. Else the consumer may be in another repository,
    and the check skips. In both cases, whether two workers or two environments of the project consume the
    same queue.

    ## Why it matters

    Messages without a consumer wait until they expire, after four days (24 hours on the free plan), and
    `send` succeeds all the while. A queue has one worker as its consumer: a second deploy is refused with
    `consumer already exists [code: 11004]`, and staging then feeds production, or takes its messages.
    https://developers.cloudflare.com/queues/reference/how-queues-works/#consumers

    ## Example

    The handler is there, and nothing calls it:

    ```toml
    [[queues.producers]]
    binding = "CANDLES"
    queue = "candles"
    ```

    The worker consumes what it sends:

    ```toml
    [[queues.producers]]
    binding = "CANDLES"
    queue = "candles"

    [[queues.consumers]]
    queue = "candles"
    ```

    ## Remedy

    Declare the consumer in the config of the worker that has the `queue` handler, and deploy it. Give each
    environment a queue of its own.

    ## Fix safety

    Review: the declared consumer is attached to the queue; for a worker with a `queue` handler that
    declares none, the entry is added to its config first. Another worker's consumer is never replaced.

    ## Evidence

    - `queue`: the name.
    - `problem`: `none` (nothing consumes it), `other` (another worker than the config says) or `twice`.
    - `declared`: workers whose config in the project consumes it.
    - `attached`: what consumes it in the account; null without an account.
    - `handler`: this worker has a `queue` handler; null where its source is not read.
    - `queues`: of a pass, the names that were looked at.

    ## Permissions

    None; with an account, Queues Read. The fix needs Queues Edit and Workers Scripts Read there.
    """

    code: ClassVar[str] = "QUE003"
    name: ClassVar[str] = "consumer-missing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})
    scopes: ClassVar[tuple[str, ...]] = ("Queues Read",)

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look at each queue, in the account if there is one."""
        declared = declared_consumers(ctx.project)
        found = list(self._twice(ctx, declared))
        places = _places(ctx)
        for queue, location in places.items():
            info = None if ctx.account is None else await ctx.account.queue(queue)
            if info is None:  # that it does not exist is QUE002's finding
                finding = self._in_files(ctx, queue, location, declared)
            else:
                finding = self._in_account(ctx, info, location, declared)
            found += [] if finding is None else [finding]
        for finding in found:
            yield finding
        if not found:
            yield self.passed("every queue has its consumer", evidence={"queues": list(places)})

    def _in_files(
        self, ctx: Context, queue: str, location: Location | None, declared: Sequence[DeclaredConsumer]
    ) -> Finding | None:
        if any(one.entry.queue == queue for one in declared):
            return None
        idle, similar = _handler(ctx) and not ctx.config.consumers, _similar(ctx, queue, declared)
        if idle:
            hint = "this worker has a queue handler"
        elif similar:
            hint = f"{similar[0]} is consumed and never sent to"
        elif is_open_ended(ctx.project, queue):
            hint = "no worker of the project writes to a database"
        else:
            return self.skipped(
                f"nothing in this project consumes {queue}; {_ABSENT if ctx.account else _UNREAD}",
                location=location,
            )
        return self._problem(
            f"no config of the project consumes {queue}, to which the worker sends, while {hint}",
            location,
            _evidence(ctx, queue, "none", declared),
            severity=Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )

    def _in_account(
        self, ctx: Context, info: QueueInfo, location: Location | None, declared: Sequence[DeclaredConsumer]
    ) -> Finding | None:
        attached = [one.spec.script for one in info.consumers]
        names = [script or "whoever pulls over HTTP" for script in attached]
        own = next((each for each in ctx.config.consumers if each.queue == info.name), None)
        wanted = None if own is None or own.type == "http_pull" else ctx.config.name
        if attached and (own is None or wanted in attached):
            return None
        if attached:
            message = (
                f"queue {info.name} is consumed by {' and '.join(names)} and not by "
                f"{wanted or 'whoever pulls over HTTP'}, as the config says; a queue has one consumer"
            )
        elif any(one.entry.queue == info.name for one in declared):
            message = (
                f"queue {info.name} has no consumer in the account: the one of the config was never attached"
            )
        else:
            message = f"queue {info.name} has no consumer: what the worker sends waits until it expires"
        problem = "other" if attached else "none"
        return self._problem(
            message, location, _evidence(ctx, info.name, problem, declared, names), confidence=Confidence.HIGH
        )

    def _twice(self, ctx: Context, declared: Sequence[DeclaredConsumer]) -> Iterator[Finding]:
        for entries in consumed_twice(ctx.project, declared):
            queue = str(entries[0].entry.queue)
            places = " and ".join(
                f"{one.path}" + (f" (env {one.environment})" if one.environment else "") for one in entries
            )
            yield self._problem(
                f"queue {queue} is consumed twice, in {places}; a queue has one consumer",
                entries[0].entry.location,
                _evidence(ctx, queue, "twice", entries),
                severity=Severity.WARNING,
                confidence=Confidence.MEDIUM,
                fix=FixInfo(available=False, reason="which of them shall have the queue is yours to decide"),
            )

    def _problem(
        self,
        message: str,
        location: Location | None,
        evidence: Mapping[str, Json],
        *,
        confidence: Confidence,
        severity: Severity = Severity.ERROR,
        fix: FixInfo | None = None,
    ) -> Finding:
        return self.problem(
            message,
            severity=severity,
            confidence=confidence,
            location=location,
            resource=f"queue/{evidence['queue']}",
            evidence=evidence,
            explains=_EXPLAINS,
            fix=fix,
        )


def _places(ctx: Context) -> dict[str, Location | None]:
    """The queues that the worker sends to or consumes, each with where the config names it first."""
    sent = [(one.queue, one.location) for one in ctx.config.producers if _is_used(ctx, one.binding)]
    consumed = [(one.queue, one.location) for one in ctx.config.consumers]
    found: dict[str, Location | None] = {}
    for queue, location in (*sent, *consumed):
        if queue:
            found.setdefault(queue, location)
    return found


def _is_used(ctx: Context, binding: str) -> bool:
    """Nothing is sent through a binding that no code reads (CFG004)."""
    source = ctx.project.source
    return source is None or any(use.binding == binding for use in source.binding_uses)


def _handler(ctx: Context) -> bool:
    return ctx.project.source is not None and ctx.project.source.handler("queue") is not None


def _similar(ctx: Context, queue: str, declared: Sequence[DeclaredConsumer]) -> list[str]:
    """Queues with a similar name that the project consumes, and to which no config of it sends."""
    given_up = {one.entry.dead_letter_queue for one in declared}
    consumed = {one.entry.queue for one in declared if one.entry.queue} - given_up
    unsent = sorted(name for name in consumed - produced_queues(ctx.project) if name)
    return get_close_matches(queue, unsent)


def _evidence(
    ctx: Context,
    queue: str,
    problem: str,
    declared: Sequence[DeclaredConsumer],
    attached: Sequence[str] | None = None,
) -> Mapping[str, Json]:
    workers = [one.worker or one.path for one in declared if one.entry.queue == queue]
    return {
        "queue": queue,
        "problem": problem,
        "declared": list(dict.fromkeys(workers)),
        "attached": None if attached is None else list(attached),
        "handler": _handler(ctx) if ctx.project.source is not None else None,
    }
