"""Runs a live trigger: count, watch, trigger, follow the messages, count again."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from diagnose.account import ApiError
from diagnose.account.tail_events import QueueEvent
from diagnose.account.visiting import visit
from diagnose.embedded.invocation import Event, HttpAnswer, Invocation
from diagnose.rehearsal.live.counting import count_rows
from diagnose.rehearsal.live.following import backlogs, consumer_of, follow, outcomes, wait_seconds
from diagnose.rehearsal.live.planning import LiveRefusal
from diagnose.rehearsal.live.seeing import NAME_HEADER, Seeing, batches, invocation_of, request_named
from diagnose.rehearsal.model import Act, LiveRun, LoggedLine, Rehearsal, WatchedTable
from diagnose.rehearsal.reporting import reported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.account import Account
    from diagnose.account.tail_events import TailEvent
    from diagnose.account.visiting import Visited
    from diagnose.rehearsal.live.planning import LivePlan
    from diagnose.rehearsal.watching import Watch

_TAIL_SECONDS: Final = 10.0
"""That the tail's word about an invocation is waited for; it comes a moment after the answer."""

_CALM_SECONDS: Final = 1.0
"""Without another event, after which no more is expected."""

# https://developers.cloudflare.com/workers/observability/errors/
_ERROR_PAGE: Final = re.compile(
    rb"error code: (1\d{3})|<title>.*?\bError (1\d{3})\b", re.IGNORECASE | re.DOTALL
)
_CPU: Final = "1102"


async def trigger_live(plan: LivePlan | LiveRefusal, account: Account) -> Rehearsal:
    """Run the trigger for real, once, and report what could be seen of it; what hinders it is a result."""
    if isinstance(plan, LiveRefusal):
        return Rehearsal(refused=plan.reason)
    return await _Run(plan, account).run()


class _Run:
    """One live trigger."""

    def __init__(self, plan: LivePlan, account: Account) -> None:
        self._plan = plan
        self._account = account
        consumers = (consumer_of(queue) for queue in plan.queues)
        self._name = secrets.token_hex(8)
        self._scripts = [plan.script, *(name for name in consumers if name is not None)]

    async def run(self) -> Rehearsal:
        plan, account = self._plan, self._account
        try:
            rows, waiting = await self._rows(), await backlogs(account, plan.queues)
        except ApiError as error:
            return self._refused("nothing was triggered", error)
        async with Seeing(account, self._scripts) as seeing:
            try:
                visited = await self._trigger()
            except ApiError as error:
                return self._refused("the live trigger failed", error)
            try:
                await self._wait(seeing)
                left = await follow(account, plan.queues, waiting)
                await seeing.calm(_CALM_SECONDS)
                tables = self._tables(rows, await self._rows())
            except ApiError as error:
                return self._refused("the trigger ran for real, and what came of it could not be read", error)
            events = self._ours(seeing.events)
        acts = self._acts(events, visited)
        return Rehearsal(
            trigger=plan.trigger,
            invocation=acts[0].invocation if acts else None,
            acts=acts,
            queues=outcomes(plan.queues, events, waiting, left, sent=self._sent()),
            tables=tables,
            reported=None if visited is None else reported(plan.project.settings, visited.body),
            live=LiveRun(
                where=plan.where,
                watched=seeing.watched,
                unwatched=seeing.unwatched,
                gaps=seeing.gaps,
                lines=tuple(_lines(events)),
            ),
        )

    def _refused(self, what: str, error: ApiError) -> Rehearsal:
        return Rehearsal(refused=f"{what}: {error}", trigger=self._plan.trigger)

    async def _wait(self, seeing: Seeing) -> None:
        """For the tail's word about the trigger, and for the first batch of what it sent, if anything."""
        if self._plan.script in seeing.watched and self._plan.address is not None:
            await seeing.until(lambda: request_named(seeing.events, self._name) is not None, _TAIL_SECONDS)
        taken = [queue for queue in self._plan.queues if consumer_of(queue) in seeing.watched]
        if taken:
            longest = max(wait_seconds(queue) for queue in taken) + _TAIL_SECONDS / 2
            await seeing.until(lambda: any(batches(seeing.events, q.name) for q in taken), longest)

    def _ours(self, events: Sequence[TailEvent]) -> list[TailEvent]:
        """What belongs to the trigger: others may use the worker at the same time."""
        own = request_named(events, self._name)
        through = {queue.name for queue in self._plan.queues}
        return [
            event
            for event in events
            if event is own or (isinstance(event.event, QueueEvent) and event.event.queue in through)
        ]

    async def _rows(self) -> dict[Watch, int | None]:
        return {watch: await count_rows(self._account, watch) for watch in self._plan.watches}

    async def _trigger(self) -> Visited | None:
        """Send the request; None for a message, which is put into its queue."""
        trigger = self._plan.trigger
        if self._plan.address is not None:
            return await visit(
                self._plan.address,
                method=trigger.method,
                path=trigger.path,
                headers={**trigger.headers, NAME_HEADER: self._name},
                body=trigger.body,
            )
        queue = next(queue for queue in self._plan.queues if queue.name == trigger.queue)
        for message in trigger.messages:
            text = message.body.decode()
            body: Any = json.loads(text) if message.content_type == "json" else text
            await self._account.push(queue.id, body, content_type=message.content_type)
        return None

    def _sent(self) -> Mapping[str, int]:
        queue = self._plan.trigger.queue
        return {} if queue is None else {queue: len(self._plan.trigger.messages)}

    def _acts(self, events: Sequence[TailEvent], visited: Visited | None) -> tuple[Act, ...]:
        """The trigger's invocation first, then the batches of messages."""
        acts = []
        own = request_named(events, self._name)
        start = own.at_ms if own else (events[0].at_ms if events else 0)
        if visited is not None:
            first = invocation_of(own, visited) if own else _by_its_answer(visited)
            acts.append(Act(script=self._plan.script, invocation=first, databases={}))
        for queue in self._plan.queues:
            acts += [
                Act(
                    script=event.script,
                    invocation=invocation_of(event),
                    databases={},
                    at_ms=max(0, event.at_ms - start),
                )
                for event in batches(events, queue.name)
            ]
        return tuple(acts)

    def _tables(
        self, before: Mapping[Watch, int | None], after: Mapping[Watch, int | None]
    ) -> tuple[WatchedTable, ...]:
        return tuple(
            WatchedTable(
                binding=watch.binding,
                database_id=watch.database_id,
                table=watch.table,
                exists=after[watch] is not None,
                before=count or 0,
                landed=(after[watch] or 0) - (count or 0),
            )
            for watch, count in before.items()
        )


def _by_its_answer(visited: Visited) -> Invocation:
    """What the answer alone tells: Cloudflare answers in place of a worker that threw."""
    answer = HttpAnswer(status=visited.status, body=visited.body)
    events = (Event(at_ms=0, kind="response", text=f"answered {visited.status}"),)
    page = _ERROR_PAGE.search(visited.body[:4096]) if visited.status >= 500 else None  # noqa: PLR2004 - HTTP
    if page is None:
        return Invocation(outcome="ok", answer=answer, events=events, runtime="the account")
    code = (page[1] or page[2]).decode()
    return Invocation(
        outcome="exceededCpu" if code == _CPU else "exception",
        answer=answer,
        events=events,
        reason=f"Cloudflare answered in its place: error code {code}",
        runtime="the account",
    )


def _lines(events: Sequence[TailEvent]) -> list[LoggedLine]:
    """What the workers wrote and what escaped from them, in the order of the events."""
    lines = []
    for event in events:
        lines += [LoggedLine(script=event.script, level=log.level, text=log.text) for log in event.logs]
        lines += [
            LoggedLine(script=event.script, level="exception", text=f"{e.name}: {e.message}")
            for e in event.exceptions
        ]
    return lines
