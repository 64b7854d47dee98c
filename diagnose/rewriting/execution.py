"""The statement that executes SQL, repeated for each part of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting.counts import stored_instead_of_sent
from diagnose.rewriting.helper import NAME
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.rows import Rows

_COUNTERS = ("inserted", "written", "stored", "changes")


@dataclass(frozen=True, slots=True)
class _Execution:
    """What the statement does with the result.

    Attributes:
        call: the awaited call, with its `await` if it has one.
        awaited: it has one.
        result: the name that takes the result, or None.
        reads: the places that read `meta.changes` of that result.
        adds: it adds the changes to a sum itself.
    """

    call: ir.Expression
    awaited: bool
    result: str | None
    reads: tuple[ir.Expression, ...] = ()
    adds: bool = False


def bind_call(place: Place, span: ir.Span) -> ir.Call:
    """The call of `bind` whose arguments a span covers. Raises NotUnderstood when there is none."""
    for node in ir.walk(*place.levels[0].block):
        match node:
            case ir.Call(function=ir.Attribute(name="bind"), inside=inside) if (
                inside.start <= span.start and span.end <= inside.end
            ):
                return node
            case _:
                pass
    raise NotUnderstood("bind() was not found again")


def in_parts(place: Place, bind: ir.Call, rows: Rows, edits: Sequence[Edit]) -> list[Edit]:
    """All edits, with the executing statement inside a loop over the parts of the rows.

    Args:
        place: of the executing statement.
        bind: whose arguments give way to one part.
        rows: what the parts are made of.
        edits: of the statement's text and its rows; those inside the statement move along with it.

    Raises:
        NotUnderstood: the result is used for more than `meta.changes`, or the statement does more.
    """
    start = _start(place, bind)
    execution = _execution(place)
    part, result = place.fresh("part", "rows_part"), execution.result or place.fresh("result", "outcome")
    counter = place.fresh(*_COUNTERS)
    reports = [Edit.of(read.span, counter) for read in execution.reads]
    if not execution.adds:
        reports += stored_instead_of_sent(place, rows.collections, counter)
    call = execution.call.span.start
    opening = f"{result} = " if reports and execution.result is None else ""
    opening += "" if execution.awaited else "await "
    inner = [*edits, bound(place, bind, part), *([Edit(call, call, opening)] if opening else [])]
    counting = (f"{counter} = 0", f"{counter} += {result}.meta.changes") if reports else None
    loop = f"for {part} in {NAME}({rows.expression}):"
    return [*_around(place, start, inner, loop, counting), *reports]


def handed_on(place: Place, bind: ir.Call, rows: Rows, call: Callable[[str], str]) -> list[Edit]:
    """All edits, with the rows given to a function where the statement was executed.

    Args:
        place: of the executing statement.
        bind: whose arguments the function gets.
        rows: what is handed on.
        call: the awaited call, made from the source of the rows; it answers how many they were.

    Raises:
        NotUnderstood: the result is used for more than `meta.changes`, or the statement does more.
    """
    start, end = _start(place, bind), place.statement.span.end
    execution = _execution(place)
    if any(edit.start < end and start < edit.end for edit in rows.edits):
        raise NotUnderstood("the rows are made within the statement that executes the SQL")
    source = call(rows.expression)
    if execution.adds:
        sum_up = place.text[place.statement.span.start : execution.call.span.start]
        return [*rows.edits, Edit(start, end, sum_up + source)]
    number = place.fresh("queued", "queued_rows")
    reports = [Edit.of(read.span, number) for read in execution.reads]
    reports += stored_instead_of_sent(place, rows.collections, number)
    return [*rows.edits, Edit(start, end, f"{number} = {source}" if reports else source), *reports]


def bound(place: Place, bind: ir.Call, source: str) -> Edit:
    """The arguments of `bind` replaced by one."""
    if "#" in place.text[bind.inside.start : bind.inside.end]:
        return Edit.of(bind.arguments[0].span, source)
    return Edit(bind.inside.start, bind.inside.end, f"({source})")


def inline(place: Place, bind: ir.Call, rows: Rows, edits: Sequence[Edit]) -> list[Edit]:
    """All edits, with the rows bound as one JSON text where the parameters were."""
    refuse_shadowed_json(place)
    return [*edits, bound(place, bind, f"json.dumps({rows.expression}, allow_nan=False)")]


def refuse_shadowed_json(place: Place) -> None:
    """Raise NotUnderstood when `json` is a local name here, not the module."""
    if place.function is not None and place.binders("json"):
        raise NotUnderstood("`json` is a local variable there")


def _start(place: Place, bind: ir.Call) -> int:
    """Where the part of the function begins that is executed once for each part of the rows.

    That is the executing statement, with the one before it when that binds the rows.
    """
    level = place.levels[-1]
    candidates = level.block[max(level.index - 1, 0) : level.index + 1]
    for statement in candidates:
        if statement.span.start <= bind.span.start < statement.span.end:
            return statement.span.start
    raise NotUnderstood("bind() and the call that executes the statement stand apart")


def _around(
    place: Place, start: int, edits: Sequence[Edit], loop: str, counting: tuple[str, str] | None
) -> Iterator[Edit]:
    """What stands from `start` to the end of the statement, edited, under a loop; other edits as they are."""
    end = place.statement.span.end
    inside = [edit for edit in edits if start <= edit.start and edit.end <= end]
    yield from (edit for edit in edits if edit not in inside)
    moved = [Edit(edit.start - start, edit.end - start, edit.replacement) for edit in inside]
    unit, indent = place.indent_unit(), place.indent
    body = shifted(apply_edits(place.text[start:end], moved), add=unit)
    before, behind = counting or ("", "")
    text = f"{before}\n{indent}" if before else ""
    text += f"{loop}\n{indent}{unit}{body}"
    text += f"\n{indent}{unit}{behind}" if behind else ""
    yield Edit(start, end, text)


def _execution(place: Place) -> _Execution:
    function = place.function
    if function is None or not function.is_async:
        raise NotUnderstood("the statement is not executed in an `async def`")
    match place.statement:
        case ir.ExpressionStatement(value=ir.Await() as value):
            return _Execution(value, awaited=True, result=None)
        case ir.ExpressionStatement(value=ir.Call() as value):
            return _Execution(value, awaited=False, result=None)
        case ir.Assign(targets=(ir.Name(name=name),), value=ir.Await() as value):
            return _Execution(value, awaited=True, result=name, reads=tuple(_changes(place, name)))
        case ir.Augment(operator="+", value=ir.Attribute(name="changes")) as augment:
            return _Execution(augment.value, awaited=True, result=None, adds=True)
        case _:
            raise NotUnderstood("the statement does more than execute the SQL")


def _changes(place: Place, name: str) -> Iterator[ir.Expression]:
    """The reads of `result.meta.changes`. Raises NotUnderstood when more of the result is used."""
    reads = [node for node in ir.walk(*place.scope()) if _is_changes(node, name)]
    for use in place.uses(name):
        if place.statement.span.start <= use.span.start < place.statement.span.end:
            continue
        read = next((read for read in reads if read.span.start <= use.span.start < read.span.end), None)
        if read is None:
            raise NotUnderstood(f"`{name}` is used for more than the number of changes")
        if isinstance(read, ir.Expression):
            yield read


def _is_changes(node: ir.Node, name: str) -> bool:
    match node:
        case ir.Attribute(name="changes", value=ir.Attribute(name="meta", value=ir.Name(name=found))):
            return found == name
        case ir.Subscript(
            index=ir.Literal(value="changes"),
            value=ir.Subscript(index=ir.Literal(value="meta"), value=ir.Name(name=found)),
        ):
            return found == name
        case _:
            return False
