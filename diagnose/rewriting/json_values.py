"""A JSON text that is bound as one value, cut into texts that D1 takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.rewriting import helper
from diagnose.rewriting.carriers import Carrier
from diagnose.rewriting.dead_code import without_unused
from diagnose.rewriting.execution import in_parts
from diagnose.rewriting.leading import bind_call
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.preconditions import bind_span
from diagnose.rewriting.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place

_ONE_SOURCE: Final = re.compile(r"\bFROM\s+json_each\s*\(\s*\?1?\s*\)", re.IGNORECASE)
_MADE_AND_BOUND: Final = 2
_FORMATTING: Final = {"separators", "ensure_ascii", "allow_nan"}
"""Keywords of `json.dumps` that change how the text looks, not what it holds."""
_HOW: Final = "the rows travel as JSON texts below D1's limit for a value"
_REMEDY: Final = (
    "cut the rows into JSON texts of less than 2,000,000 bytes each and execute the statement once for each"
)


def rewrite_json_value(text: str, site: StatementSite, others: Sequence[StatementSite] = ()) -> Outcome:
    """The module with the site's INSERT executed once for each JSON text that D1 takes.

    Args:
        text: of the module in which the site stands.
        site: as read from that text; it binds `json.dumps(rows)`.
        others: the other places that send statements.
    """
    try:
        return _rewritten(text, site, others)
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _REMEDY)


def _rewritten(text: str, site: StatementSite, others: Sequence[StatementSite]) -> Rewritten:
    if site.verb not in {"INSERT", "REPLACE"} or len(_ONE_SOURCE.findall(site.sql.minimum())) != 1:
        raise NotUnderstood("the statement is no INSERT that takes its rows from one JSON text")
    if site.batched or site.method not in {"run", "all"}:
        raise NotUnderstood("the statement is not executed by itself")
    place = place_of(text, site.span.path, site.span.start)
    bind = bind_call(place, bind_span(site, others))
    if len(bind.arguments) != 1 or bind.keywords:
        raise NotUnderstood("it binds other values beside the rows")
    rows = _dumped(place.at(bind.span.start), bind.arguments[0])
    expression = place.source(rows)
    collections = frozenset({expression}) if isinstance(rows, ir.Name) else frozenset[str]()
    carrier = Carrier(place=place, call=bind, arguments=bind.arguments)
    edits = in_parts(carrier, Rows(expression, (), collections), [])
    edits += [*helper.needed(place), *without_unused(place, edits)]
    return finish(text, edits, ["import json"], _HOW)


def _dumped(place: Place, argument: ir.Expression) -> ir.Expression:
    """What `json.dumps` receives, in the call or where its only variable gets its value."""
    if isinstance(argument, ir.Name):
        assigned = place.assignment(argument.name)
        if assigned is None or assigned.value is None or len(place.uses(argument.name)) > _MADE_AND_BOUND:
            raise NotUnderstood(f"`{argument.name}` is used for more than this statement")
        argument = assigned.value
    match argument:
        case ir.Call(function=function, arguments=(rows,), keywords=keywords) if (
            function.source == "json.dumps" and {keyword.name for keyword in keywords} <= _FORMATTING
        ):
            return rows
        case _:
            raise NotUnderstood("what it binds is not written as `json.dumps(rows)`")
