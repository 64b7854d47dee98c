"""Writes of fetched rows that do not fit into the invocation that fetches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from diagnose.d1.limits import LIMITS
from diagnose.model import Choice
from diagnose.project.triggers import carries_data
from diagnose.schemas import find_binding
from diagnose.simulation import Verdict, simulate, usage, verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.d1.limits import Plan
    from diagnose.d1.schema import Schema
    from diagnose.project import D1Binding, WorkerConfig
    from diagnose.project.source import Source, StatementSite

CHOICE: Final = Choice(
    option="option",
    question="Shall the write be divided by a queue?",
    answers={
        "queue": "the rows go through a queue whose consumer writes them",
        "direct": "no: one statement takes any number of rows (LIM001, LIM003)",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectWrite:
    """A write that does not fit, and why: `parameters` of one statement, or `queries` of one invocation."""

    site: StatementSite
    reason: Literal["parameters", "queries"]


async def direct_write(
    config: WorkerConfig,
    source: Source,
    schema: Callable[[D1Binding], Awaitable[Schema | None]],
    plan: Plan,
) -> DirectWrite | None:
    """The first such write; None when a queue is in the pipeline already.

    Args:
        config: that would name a producer.
        source: that would send.
        schema: the tables behind a binding, or None when they are not known.
        plan: whose queries per invocation count.
    """
    if config.producers or source.sends:
        return None
    for site in source.sites:
        if not _is_direct(source, site):
            continue
        binding = find_binding(config.d1, site.binding)
        reason = _reason(site, await schema(binding) if binding else None, plan)
        if reason is not None:
            return DirectWrite(site=site, reason=reason)
    return None


def _is_direct(source: Source, site: StatementSite) -> bool:
    """It writes rows whose number is that of fetched data, in the invocation that fetches them."""
    if not site.writes or not site.reachable:
        return False
    return carries_data(site) and any(fetch.handlers & site.handlers for fetch in source.fetches)


def _reason(
    site: StatementSite, schema: Schema | None, plan: Plan
) -> Literal["parameters", "queries"] | None:
    simulation = simulate(site, schema)
    if simulation is not None and simulation.breaks and (simulation.asked is None or simulation.reached):
        return "parameters"
    queries = usage(site)
    limit = LIMITS.d1.queries_per_invocation.of(plan)
    if queries is not None and verdict(queries, limit) is Verdict.EXCEEDS:
        return "queries"
    return None
