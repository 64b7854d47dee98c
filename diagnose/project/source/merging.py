"""One record for each place, however many paths lead there."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

from diagnose.project.source.counts import worst
from diagnose.project.source.model import SendSite, StatementSite
from diagnose.project.source.sql import Hole, Repeated, SqlText, Text
from diagnose.project.source.weights import heaviest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.project.source.counts import Count
    from diagnose.project.source.ir import Span
    from diagnose.project.source.model import BindingUse, Loop, OutboundFetch, Parameters
    from diagnose.project.source.records import Write
    from diagnose.project.source.sql import Part


_MANY = 1_000_000


def merged_sites(writes: Iterable[Write]) -> tuple[StatementSite | SendSite, ...]:
    """The sites in the order of the files; what the paths claim differently becomes the worst claim."""
    found: dict[object, StatementSite | SendSite] = {}
    for write in writes:
        site = replace(write.site, awaited=write.awaited)
        key = _key(site)
        known = found.get(key)
        found[key] = site if known is None else _merged(known, site)
    return tuple(sorted(found.values(), key=lambda site: site.span))


def _key(site: StatementSite | SendSite) -> object:
    if isinstance(site, SendSite):
        return site.span, site.binding, site.method, site.payload
    return site.span, site.binding, site.method, site.sql_span, _shape(site.sql)


def _shape(sql: SqlText) -> tuple[object, ...]:
    return tuple(_part_shape(part) for part in sql.parts)


def _part_shape(part: Part) -> object:
    if isinstance(part, Repeated):
        return _shape(part.unit), part.separator
    if isinstance(part, Hole):
        return "hole"
    return part.text if isinstance(part, Text) else part


_Site = TypeVar("_Site", StatementSite, SendSite)


def _merged(known: StatementSite | SendSite, site: StatementSite | SendSite) -> StatementSite | SendSite:
    if not known.reachable and site.reachable:
        known, site = site, known
    if known.reachable and not site.reachable:
        return known
    if isinstance(known, StatementSite) and isinstance(site, StatementSite):
        return _merged_statements(_common(known, site), site)
    if isinstance(known, SendSite) and isinstance(site, SendSite):
        return _merged_sends(known, site)
    return known


def _common(known: _Site, site: _Site) -> _Site:
    return replace(
        known,
        handlers=known.handlers | site.handlers,
        awaited=known.awaited and site.awaited,
        loops=_worst_loops(known.loops, site.loops),
    )


def _merged_sends(known: SendSite, site: SendSite) -> SendSite:
    bodies = [body for body in (known.body, site.body) if body is not None]
    together = [body for body in (known.bodies, site.bodies) if body is not None]
    return replace(
        _common(known, site),
        count=worst(known.count, site.count),
        body=heaviest(bodies),
        bodies=heaviest(together),
        shapes=tuple(dict.fromkeys((*known.shapes, *site.shapes))),
        origins=known.origins | site.origins,
    )


def _merged_statements(known: StatementSite, site: StatementSite) -> StatementSite:
    rows = worst(known.rows, site.rows)
    heavier = site if rows == site.rows != known.rows else known
    return replace(
        known,
        sql=_worst_sql(known.sql, site.sql),
        rows=rows,
        chunk=rows.upper if rows.exact is None else None,
        parameters=_worst_parameters(known.parameters, site.parameters),
        bound=_worst_bound(known.bound, site.bound),
        batch_count=_worst_count(known.batch_count, site.batch_count),
        row=heavier.row,
        heaviest_value=heaviest(
            value for value in (known.heaviest_value, site.heaviest_value) if value is not None
        ),
        body_bound=known.body_bound or site.body_bound,
        calls=_shared(known.calls, site.calls),
        callers=known.callers | site.callers,
    )


def _shared(first: tuple[Span, ...], second: tuple[Span, ...]) -> tuple[Span, ...]:
    """What both ways begin with."""
    pairs = zip(first, second, strict=False)
    return tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _worst_sql(first: SqlText, second: SqlText) -> SqlText:
    pairs = zip(first.parts, second.parts, strict=True)
    return SqlText(tuple(_worst_part(one, other) for one, other in pairs))


def _worst_part(first: Part, second: Part) -> Part:
    if isinstance(first, Repeated) and isinstance(second, Repeated):
        return replace(
            first, unit=_worst_sql(first.unit, second.unit), count=worst(first.count, second.count)
        )
    if isinstance(first, Hole) and isinstance(second, Hole) and first.origin is None:
        return second
    return first


def _worst_parameters(first: Parameters, second: Parameters) -> Parameters:
    if first.known != second.known:
        return first if first.known else second
    one, other = first.total(_MANY), second.total(_MANY)
    if one is not None and other is not None and one != other:
        return first if one > other else second
    return first if worst(first.count, second.count) == first.count else second


def _worst_bound(first: Parameters | None, second: Parameters | None) -> Parameters | None:
    return _worst_parameters(first, second) if first and second else first or second


def _worst_count(first: Count | None, second: Count | None) -> Count | None:
    return worst(first, second) if first is not None and second is not None else first or second


def _worst_loops(first: tuple[Loop, ...], second: tuple[Loop, ...]) -> tuple[Loop, ...]:
    if len(first) != len(second):
        return max(first, second, key=len)
    return tuple(
        replace(one, count=worst(one.count, other.count)) for one, other in zip(first, second, strict=True)
    )


def merged_fetches(fetches: Iterable[OutboundFetch]) -> tuple[OutboundFetch, ...]:
    """One for each place and URL."""
    found: dict[object, OutboundFetch] = {}
    for fetch in fetches:
        key = (fetch.location, fetch.url, fetch.via)
        known = found.get(key)
        found[key] = fetch if known is None else replace(known, handlers=known.handlers | fetch.handlers)
    return tuple(sorted(found.values(), key=lambda fetch: (fetch.location, fetch.url or "")))


def merged_uses(uses: Mapping[tuple[Span, str, str | None], BindingUse]) -> tuple[BindingUse, ...]:
    """In the order of the files."""
    return tuple(uses[key] for key in sorted(uses, key=lambda key: (key[0], key[1], key[2] or "")))
