"""The places of a worker that an error may come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.limits import LIMITS
from diagnose.simulation.parameters import answer, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.d1 import D1Error
    from diagnose.d1.taxonomy import Recognized
    from diagnose.model import Location
    from diagnose.project.source import Source, StatementSite


_NAMES: Final = frozenset({"table", "column", "name"})
PLACEABLE: Final = _NAMES | {"token", "size", "binding"}
"""What an error may name that leads to a place in the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One place.

    Attributes:
        what: what stands there and why it is suspected, in one sentence.
        sure: D1's answer to the statement there is this very error; otherwise it may be.
    """

    location: Location
    what: str
    sure: bool


def suspects(source: Source, error: Recognized) -> tuple[Suspect, ...]:
    """The places, in order; where D1's own answer settles it, only those of which it is sure."""
    found = [*_statements(source, error), *_sends(source, error), *_uses(source, error)]
    sure = [suspect for suspect in found if suspect.sure]
    return tuple(sorted(sure or found, key=lambda suspect: suspect.location))


def _statements(source: Source, error: Recognized) -> Iterator[Suspect]:
    for site in source.sites:
        reason = _by_name(site, error) if _NAMES & error.about.keys() else _by_answer(site, error)
        if reason is not None:
            what, sure = reason
            verb = " ".join(filter(None, (site.verb or "statement", site.table)))
            yield Suspect(location=site.location, what=f"{verb} in {site.function}: {what}", sure=sure)


def _by_answer(site: StatementSite, error: Recognized) -> tuple[str, bool] | None:
    """By compiling the statement, with the rows at which it breaks and with one: D1 answers the same."""
    simulation = simulate(site)
    if simulation is not None and simulation.breaks is not None and simulation.breaks.error is not None:
        known = simulation.exact and site.sql.is_complete
        rows = f"D1 refuses it from row {simulation.breaks.rows} on"
        told = _same(simulation.breaks.error, error, known=known)
        if told is not None:
            return (
                f"{rows}{_parameter(error) if told else ', at an offset that the source does not settle'}",
                told,
            )
    alone = answer(site)
    told = None if alone is None else _same(alone, error, known=site.sql.is_complete)
    return None if told is None else ("D1 answers so to its text", told)


def _same(answered: D1Error, error: Recognized, *, known: bool) -> bool | None:
    """True for this very error, None for another; False when it may be, because the text is not known."""
    match = error.known.search(answered.text)
    if match is None:
        return None
    if error.offset is None or not known:
        return known
    token = match.groupdict().get("token")
    same = answered.offset == error.offset and token == error.about.get("token")
    return True if same else None


def _parameter(error: Recognized) -> str:
    if error.offset is None or "LIM001" not in error.known.checks:
        return ""
    number = int(LIMITS.d1.bound_parameters) + 1
    return f"; parameter {number} stands at byte {error.offset}"


def _by_name(site: StatementSite, error: Recognized) -> tuple[str, bool] | None:
    """By the table and the column that the error names."""
    if error.known.kind is ErrorClass.DATA and not site.writes:
        return None
    table = error.about.get("table")
    column = error.about.get("column") or error.about.get("name")
    if table is not None and not _mentions(site, table):
        return None
    if column is not None and not _mentions(site, column):
        return None
    names = [name for name in (table, column) if name is not None]
    return (f"it names {' and '.join(names)}", False) if names else None


def _mentions(site: StatementSite, name: str) -> bool:
    name = name.strip("\"'`[]")
    if name.lower() in {(site.table or "").lower(), *(column.lower() for column in site.columns)}:
        return True
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", site.sql.minimum(), re.IGNORECASE) is not None


def _sends(source: Source, error: Recognized) -> Iterator[Suspect]:
    if "size" not in error.about:
        return
    method = "sendBatch" if "LIM006" in error.known.checks else None
    for send in source.sends:
        if method is None or send.method == method:
            what = f"{send.method} to {send.binding} in {send.function}"
            yield Suspect(location=send.location, what=what, sure=False)


def _uses(source: Source, error: Recognized) -> Iterator[Suspect]:
    name = error.about.get("binding")
    for use in source.binding_uses:
        if use.binding == name:
            called = f".{use.method}" if use.method else ""
            what = f"env.{use.binding}{called} in {use.function}"
            yield Suspect(location=use.location, what=what, sure=False)
