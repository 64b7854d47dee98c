"""Numbers of rows that code reports after a write, made into the numbers that D1 counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outline import after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.rewriting.outline import Place

OF_THE_INPUT = re.compile(
    r"fetch|recei|download|request|read|ask|found|got|input|sent|total|byte|char|length|size", re.IGNORECASE
)
"""Names of numbers that say themselves that they do not count stored rows."""
SAYS_STORED = re.compile(
    r"(?<![a-z])(?:inserted|stored|saved|wrote|written|imported|upserted|loaded|persisted)(?![a-z])",
    re.IGNORECASE,
)
"""Words that claim that rows are in the table."""
_CHANGES = re.compile(r"\bchanges\b")


def stored_instead_of_sent(place: Place, collections: frozenset[str], stored: str) -> list[Edit]:
    """Edits that report `stored` where the code reports `len()` of what it wrote.

    Only what certainly runs after the write is changed, and only a returned, logged or summed number
    that does not call itself the number of something else, such as "fetched".
    """
    edits = []
    for statement in after(place):
        for node in _reports(statement):
            if _CHANGES.search(place.source(node)):
                continue
            edits += [Edit.of(length.span, stored) for length in _lengths(place, node, collections)]
    return edits


def _reports(statement: ir.Statement) -> Iterator[ir.Expression]:
    match statement:
        case ir.Return(value=ir.Expression() as value):
            yield value
        case ir.ExpressionStatement(value=ir.Call() as value):
            yield value
        case ir.Augment(operator="+", value=value):
            yield value
        case _:
            return


def _lengths(place: Place, node: ir.Node, collections: frozenset[str]) -> Iterator[ir.Call]:
    """Calls of `len` inside, apart from those under a name that says they count something else."""
    match node:
        case ir.Call(function=ir.Name(name="len"), arguments=(argument,)):
            if place.source(argument) in collections:
                yield node
        case ir.Mapping(pairs=pairs):
            for key, value in pairs:
                if key is None or not OF_THE_INPUT.search(place.source(key)):
                    yield from _lengths(place, value, collections)
        case ir.Template(parts=parts):
            texts = "".join(part for part in parts if isinstance(part, str))
            if not OF_THE_INPUT.search(texts):
                for part in parts:
                    if isinstance(part, ir.Node):
                        yield from _lengths(place, part, collections)
        case _:
            for child in ir.children(node):
                yield from _lengths(place, child, collections)
