"""The invocations of a rehearsal, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.rehearsal.model import Act

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.embedded.invocation import Invocation, OutboundFetch
    from diagnose.embedded.queues import Delivery
    from diagnose.rehearsal.staging import Stage


def performed(stage: Stage, triggered: Invocation | None, deliveries: Sequence[Delivery]) -> tuple[Act, ...]:
    """The invocations in order, each when it began."""
    acked = {one for delivery in deliveries for one in delivery.acked}
    acts: list[Act] = []
    elapsed = 0.0
    if triggered is not None:
        script = stage.script
        acts.append(Act(script=script, invocation=triggered, databases=stage.databases(script)))
        elapsed = triggered.duration_ms
    start = elapsed
    for delivery in deliveries:
        at_ms = max(elapsed, start + delivery.at_seconds * 1000)
        elapsed = at_ms + delivery.invocation.duration_ms
        acts.append(
            Act(
                script=delivery.script,
                invocation=delivery.invocation,
                databases=stage.databases(delivery.script),
                at_ms=at_ms,
                delivery=delivery,
                recovered=_is_recovered(delivery, acked),
            )
        )
    return tuple(acts)


def _is_recovered(delivery: Delivery, acked: set[str]) -> bool:
    """Something was to be repeated, nothing was given up, and all of it arrived with a later delivery."""
    if not delivery.retried or delivery.dead_lettered or delivery.dropped:
        return False
    return acked.issuperset(delivery.retried)


def answers(acts: Iterable[Act]) -> list[OutboundFetch]:
    """What was fetched; the same answer in a repeated delivery counts once."""
    answers: list[OutboundFetch] = []
    seen: set[tuple[str, str, bytes]] = set()
    for act in acts:
        fetched = act.invocation.fetches
        answers += [one for one in fetched if (one.method, one.url, one.body) not in seen]
        seen |= {(one.method, one.url, one.body) for one in fetched}
    return answers
