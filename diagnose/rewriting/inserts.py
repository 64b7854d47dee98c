"""An INSERT of many rows, rewritten to bind them as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.rewriting import helper
from diagnose.rewriting.carriers import bound_by
from diagnose.rewriting.dead_code import without_unused
from diagnose.rewriting.execution import in_parts, inline
from diagnose.rewriting.leading import binding_helper
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.passing import carrier_of
from diagnose.rewriting.rows import rows_of
from diagnose.rewriting.selections import rows_selection
from diagnose.rewriting.sql_edits import expression_at, select_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.editing import Edit
    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.rows import Rows

_PARTS = "the rows travel as JSON texts below D1's limit for a value, each bound as one parameter"
_UPSERT = re.compile(r"\bON\s+CONFLICT\b", re.IGNORECASE)
_ONE_TEXT = "the rows of a statement travel as one JSON text, bound as one parameter"


def rewrite_insert(
    text: str, site: StatementSite, others: Sequence[StatementSite] = (), modules: Sequence[Module] = ()
) -> Outcome:
    """The module with the site's INSERT selecting its rows from one JSON parameter.

    Args:
        text: of the module in which the text of the statement is made.
        site: as read from that text.
        others: the other places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.
    """
    try:
        return _rewritten(text, site, carrier_of(text, site, others, modules))
    except NotUnderstood as obstacle:
        binder = binding_helper(text, site, modules)
        return Refused(f"{site.function} is not rewritten: {obstacle}", _by_hand(site, binder))


def _rewritten(text: str, site: StatementSite, carrier: Carrier) -> Rewritten:
    if carrier.looping:
        raise NotUnderstood(f"`{carrier.helper}` repeats the statement for each element of a list")
    place = carrier.place
    selection = rows_selection(site.sql)
    sql = expression_at(place, site.sql_span)
    rows = rows_of(carrier, selection.width, selection.behind)
    edits = [*select_rows(place, sql, selection), *rows.edits]
    try:
        edits, how = [*_in_parts(carrier, site, rows, edits), *helper.needed(place)], _PARTS
    except NotUnderstood:
        edits, how = inline(carrier, rows, edits), _ONE_TEXT
    edits += without_unused(place, edits)
    return finish(text, edits, ["import json"], how)


def _in_parts(carrier: Carrier, site: StatementSite, rows: Rows, edits: list[Edit]) -> list[Edit]:
    if site.batched or site.method not in {"run", "all"}:
        raise NotUnderstood("the statement is not executed by itself")
    return in_parts(carrier, rows, edits)


def _by_hand(site: StatementSite, binder: str | None) -> str:
    """The statement to use, and how to bind it."""
    try:
        statement = rows_selection(site.sql).statement
    except NotUnderstood:
        statement = "INSERT … SELECT value->>0, value->>1, … FROM json_each(?1)"
        if _UPSERT.search(site.sql.minimum()):
            statement += " WHERE true ON CONFLICT …"  # https://sqlite.org/lang_upsert.html#parsing_ambiguity
    others = ", the other parameters behind it as ?2 and so on" if site.bound and site.bound.fixed else ""
    bind = bound_by(binder, "rows, allow_nan=False")
    return (
        f"make `rows` a list with one list of values per row, and execute `{statement}` with {bind}{others}; "
        "cut `rows` so that the text stays below D1's limit for a value"
    )
