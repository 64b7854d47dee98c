"""A helper that executes a statement for each element of a list, given few elements that hold many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting import helper
from diagnose.rewriting.outcome import NotUnderstood, finish
from diagnose.rewriting.rows import refuse_bytes, row_source
from diagnose.rewriting.selections import row_selection
from diagnose.rewriting.sql_edits import expression_at, select_row

if TYPE_CHECKING:
    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outcome import Rewritten
    from diagnose.rewriting.outline import Place


def rewrite_looped(text: str, site: StatementSite, carrier: Carrier) -> Rewritten:
    """The module in which the helper gets a JSON text of many rows in place of each row.

    Args:
        text: of the module in which the helper is called.
        site: the statement, which inserts one row.
        carrier: of its parameters.

    Raises:
        NotUnderstood: the rows, or what the helper answers, are not what they seem.
    """
    place, selection = carrier.place, row_selection(site.sql)
    if not carrier.is_list:
        raise NotUnderstood(f"`{carrier.helper}` gets the rows one by one")
    if carrier.answer != "changes" and not isinstance(place.statement, ir.ExpressionStatement):
        raise NotUnderstood(
            f"what `{carrier.helper}` answers is used, and may count the elements that it is given"
        )
    rows, part = carrier.arguments[0], place.fresh("part", "rows_part")
    refuse_bytes(place, rows)
    parts = f"[[{part}] for {part} in {helper.NAME}({_as_lists(place, rows, selection.width)})]"
    edits = select_row(place, expression_at(place, site.sql_span), selection)
    edits += [Edit.of(rows.span, parts), *helper.needed(place)]
    how = f"`{carrier.helper}` gets the rows as JSON texts, each bound as one parameter"
    return finish(text, edits, ["import json"], how)


def _as_lists(place: Place, rows: ir.Expression, width: int) -> str:
    """The source of the rows, each a list or a tuple."""
    made = rows
    if isinstance(rows, ir.Name) and (assigned := place.assignment(rows.name)) is not None:
        made = assigned.value or rows
    match made:
        case ir.Comprehension(key=None, element=ir.Sequence() as element) if row_source(
            place, element, width
        ) == place.source(element):
            return place.source(rows)
        case _:
            return f"[list(row) for row in {place.source(rows)}]"
