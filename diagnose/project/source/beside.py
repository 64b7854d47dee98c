"""Writes whose loss is no loss of an import: a line of a log, an entry of a cache, one row of state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source.side_tables import is_side_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.model import Location
    from diagnose.project.source.model import Source, StatementSite


def is_one_row(site: StatementSite) -> bool:
    """The statement writes one row each time, and not one of many statements of a batch."""
    return site.rows.exact == 1 and not site.batched and site.json_parameter is None


def written_at(source: Source, writes: Iterable[Location]) -> tuple[str, ...]:
    """Tables and queue bindings that the writes at these places go to, each once."""
    places = set(writes)
    tables = [site.table for site in source.sites if site.location in places and site.table]
    queues = [send.binding for send in source.sends if send.location in places]
    return tuple(dict.fromkeys([*tables, *queues]))


def are_beside(source: Source, writes: Iterable[Location]) -> bool:
    """Each is one line for a log or cache."""
    places = set(writes)
    sites = [site for site in source.sites if site.location in places and site.writes]
    queued = any(send.location in places for send in source.sends)
    return not queued and bool(sites) and all(is_one_row(one) and is_side_table(one.table) for one in sites)
