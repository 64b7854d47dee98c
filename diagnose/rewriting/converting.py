"""Bound values converted to what D1 takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.bound_kinds import is_none
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.refused_values import NONE_KINDS

if TYPE_CHECKING:
    from diagnose.project.python_dates import PythonRuntime
    from diagnose.rewriting.bound_values import BoundValue
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.refused_values import RefusedCall

NAME: Final = "null_for_none"
FUNCTION: Final = f'''\
def {NAME}(value):
    """JavaScript's null for None, which D1 would get as undefined and refuse."""
    return jsnull if value is None else value
'''
_NULL = "from pyodide.ffi import jsnull"
_WITHOUT_NULL = "0.26"
_BY_HAND = "bind text, numbers or `jsnull`; or bind the rows as one JSON text, in which None is null"


def convert_bound(text: str, refused: RefusedCall, runtime: PythonRuntime) -> Outcome:
    """The module in which each argument that D1 refuses is converted where it is bound.

    Args:
        text: of the module in which the arguments stand.
        refused: as read from that text.
        runtime: decides whether there is a `jsnull`.
    """
    span = refused.call.span
    try:
        place = place_of(text, span.path, span.start)
        edits: list[Edit] = []
        imports: list[str] = []
        for one in refused.values:
            edit, needed = _converted(one.value, runtime)
            edits.append(edit)
            imports.append(needed)
        if any(NAME in edit.replacement for edit in edits):
            edits += _helper(place)
        wanted = [statement for statement in dict.fromkeys(imports) if statement]
        return finish(
            text, edits, wanted, f"`{refused.call.function}` converts what it binds to what D1 takes"
        )
    except NotUnderstood as obstacle:
        return Refused(f"{refused.call.function} is not rewritten: {obstacle}", _BY_HAND)


def _converted(value: BoundValue, runtime: PythonRuntime) -> tuple[Edit, str]:
    """The edit of one argument, and the import it needs."""
    node = value.node
    if value.kind in NONE_KINDS:
        if runtime.pyodide.startswith(_WITHOUT_NULL):
            raise NotUnderstood(f"Pyodide {runtime.pyodide} has no value that arrives as null")
        return _null(value), _NULL
    match value.kind:
        case "dict" | "list":
            return Edit.of(node.span, f"json.dumps({node.source})"), "import json"
        case "datetime":
            return Edit.of(node.span, f"{_called(node)}.isoformat()"), ""
        case "UUID":
            return Edit.of(node.span, f"str({node.source})"), ""
        case "bytes":
            return Edit.of(node.span, f"to_js({node.source})"), "from pyodide.ffi import to_js"
        case _:
            raise NotUnderstood(f"what to store for the {value.kind} `{node.source}` is a choice")


def _null(value: BoundValue) -> Edit:
    """`jsnull` in place of a `None` that is written there, else a call of the helper."""
    node = value.node
    written = [node] if is_none(node) else []
    match node:
        case ir.Logical(right=right):
            written = [right]
        case ir.Conditional(then=then, otherwise=otherwise):
            written = [one for one in (then, otherwise) if is_none(one)]
    if len(written) == 1:
        return Edit.of(written[0].span, "jsnull")
    return Edit.of(node.span, f"{NAME}({node.source})")


def _called(node: ir.Expression) -> str:
    simple = isinstance(node, (ir.Name, ir.Attribute, ir.Call, ir.Subscript))
    return node.source if simple else f"({node.source})"


def _helper(place: Place) -> list[Edit]:
    """The function in front of the top-level statement around the place, unless the module has it."""
    if FUNCTION in place.text.replace("\r\n", "\n"):
        return []
    if re.search(rf"\b{NAME}\b", place.text):
        raise NotUnderstood(f"the module uses the name `{NAME}` for something else")
    start = place.levels[0].statement.span.start
    lines = place.text[:start].splitlines(keepends=True)
    while lines and lines[-1].startswith("#"):
        start -= len(lines.pop())
    return [Edit(start, start, FUNCTION + "\n\n")]
