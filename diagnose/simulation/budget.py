"""How many D1 queries one invocation makes at a site, and whether a plan allows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING

from diagnose.project.source.counts import AtMost
from diagnose.simulation.numbers import named_number

if TYPE_CHECKING:
    from diagnose.project.source.model import StatementSite


class Verdict(StrEnum):
    """What a plan's limit says; `DEPENDS` on whether a `batch()` counts once or once per statement."""

    WITHIN = "within"
    DEPENDS = "depends"
    EXCEEDS = "exceeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Queries of one invocation.

    Cloudflare does not say how a `batch()` counts
    (https://developers.cloudflare.com/d1/platform/limits/), so both figures are kept.

    Attributes:
        calls: when a `batch()` counts once.
        statements: when each of its statements counts.
        certain: no factor is a mere upper bound.
    """

    calls: int
    statements: int
    certain: bool


def usage(site: StatementSite) -> Usage | None:
    """The queries that the site makes in one invocation, or None when the source does not tell."""
    turns = [named_number(loop.count) for loop in site.loops]
    if None in turns:
        return None
    calls = prod(turn for turn in turns if turn is not None)
    counts = [loop.count for loop in site.loops]
    statements: int | None = calls
    if site.batch_count is not None:
        in_batch = named_number(site.batch_count)
        statements = None if in_batch is None else calls * in_batch
        counts.append(site.batch_count)
    if statements is None:
        return None
    return Usage(
        calls=calls,
        statements=statements,
        certain=not any(isinstance(count, AtMost) for count in counts),
    )


def verdict(used: Usage, limit: int) -> Verdict:
    """Whether `limit` queries per invocation are enough."""
    if used.calls > limit:
        return Verdict.EXCEEDS
    return Verdict.DEPENDS if used.statements > limit else Verdict.WITHIN
