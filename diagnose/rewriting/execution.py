"""The statement that executes SQL, repeated for each part of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting.answers import is_changes_of
from diagnose.rewriting.counts import stored_instead_of_sent
from diagnose.rewriting.helper import NAME
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.rows import Rows

_COUNTERS = ("inserted", "written", "stored", "changes")


@dataclass(frozen=True, slots=True)
class _Execution:
    """What the statement does with what the executing call answers.

    Attributes:
        call: the awaited call, with its `await` if it has one.
        awaited: it has one.
        result: the name that takes the result, or None.
        reads: the places that read `meta.changes` of that result.
        adds: it adds the changes to a sum itself.
        number: the call answers the number of changes, and `result` takes that.
        returned: the statement returns it.
    """

    call: ir.Expression
    awaited: bool
    result: str | None
    reads: tuple[ir.Expression, ...] = ()
    adds: bool = False
    number: bool = False
    returned: bool = False


def in_parts(carrier: Carrier, rows: Rows, edits: Sequence[Edit]) -> list[Edit]:
    """All edits, with the executing statement inside a loop over the parts of the rows.

    Args:
        carrier: whose parameters give way to one part.
        rows: what the parts are made of.
        edits: of the statement's text and its rows; those inside the statement move along with it.

    Raises:
        NotUnderstood: the answer is used for more than the changes, or the statement does more.
    """
    place = carrier.place
    start, execution = _start(place, carrier.call), _execution(carrier)
    part = place.fresh("part", "rows_part")
    loop = f"for {part} in {NAME}({rows.expression}):"
    passing = carrier.passing(part, *rows.behind)
    if execution.number:
        return _summed(carrier, execution, rows, [*edits, passing], loop)
    result = execution.result or place.fresh("result", "outcome")
    counter = place.fresh(*_COUNTERS)
    reports = [Edit.of(read.span, counter) for read in execution.reads]
    if not execution.adds and carrier.answer == "result":
        reports += stored_instead_of_sent(place, rows.collections, counter)
    call = execution.call.span.start
    opening = f"{result} = " if reports and execution.result is None else ""
    opening += "" if execution.awaited else "await "
    inner = [*edits, passing, *([Edit(call, call, opening)] if opening else [])]
    counting = (f"{counter} = 0", f"{counter} += {result}.meta.changes") if reports else None
    return [*_around(place, start, inner, loop, counting), *reports]


def _summed(carrier: Carrier, execution: _Execution, rows: Rows, edits: list[Edit], loop: str) -> list[Edit]:
    """The same where the call answers the number of changes: the loop adds up what it answers."""
    place, call = carrier.place, execution.call
    start = _start(place, carrier.call)
    counter = execution.result or place.fresh(*_COUNTERS)
    reports = [] if execution.adds else stored_instead_of_sent(place, rows.collections, counter)
    if execution.adds or not (execution.result or execution.returned or reports):
        opening = [] if execution.awaited else [Edit(call.span.start, call.span.start, "await ")]
        return list(_around(place, start, [*edits, *opening], loop, None))
    awaiting = "" if execution.awaited else "await "
    adding = Edit(place.statement.span.start, call.span.start, f"{counter} += {awaiting}")
    around = list(_around(place, start, [*edits, adding], loop, (f"{counter} = 0", "")))
    if execution.returned:
        around[-1] = replace(
            around[-1], replacement=f"{around[-1].replacement}\n{place.indent}return {counter}"
        )
    return [*around, *reports]


def handed_on(carrier: Carrier, rows: Rows, call: Callable[[str], str]) -> list[Edit]:
    """All edits, with the rows given to a function where the statement was executed.

    Args:
        carrier: whose parameters the function gets.
        rows: what is handed on.
        call: the awaited call, made from the source of the rows; it answers how many they were.

    Raises:
        NotUnderstood: the result is used for more than `meta.changes`, or the statement does more.
    """
    place = carrier.place
    start, end = _start(place, carrier.call), place.statement.span.end
    execution = _execution(carrier)
    if any(edit.start < end and start < edit.end for edit in rows.edits):
        raise NotUnderstood("the rows are made within the statement that executes the SQL")
    source = call(rows.expression)
    if execution.adds or (execution.number and (execution.result or execution.returned)):
        sum_up = place.text[place.statement.span.start : execution.call.span.start]
        return [*rows.edits, Edit(start, end, sum_up + source)]
    number = place.fresh("queued", "queued_rows")
    reports = [Edit.of(read.span, number) for read in execution.reads]
    reports += stored_instead_of_sent(place, rows.collections, number)
    return [*rows.edits, Edit(start, end, f"{number} = {source}" if reports else source), *reports]


def inline(carrier: Carrier, rows: Rows, edits: Sequence[Edit]) -> list[Edit]:
    """All edits, with the rows bound as one JSON text where the parameters were."""
    refuse_shadowed_json(carrier.place)
    return [*edits, carrier.passing(f"json.dumps({rows.expression}, allow_nan=False)", *rows.behind)]


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


def _execution(carrier: Carrier) -> _Execution:
    place = carrier.place
    if place.function is None or not place.function.is_async:
        raise NotUnderstood("the statement is not executed in an `async def`")
    _require_alone(carrier)
    match place.statement:
        case ir.ExpressionStatement(value=ir.Await() as value):
            return _Execution(value, awaited=True, result=None, number=carrier.answer == "changes")
        case ir.ExpressionStatement(value=ir.Call() as value):
            return _Execution(value, awaited=False, result=None, number=carrier.answer == "changes")
    found = _of_number(carrier) if carrier.answer == "changes" else _of_result(carrier)
    if found is None and carrier.answer == "other":
        raise NotUnderstood(f"`{carrier.helper}` answers something else than the changes, and it is used")
    if found is None:
        raise NotUnderstood("the statement does more than execute the SQL")
    return found


def _require_alone(carrier: Carrier) -> None:
    """Raise where something stands between the call of a helper and its `await`."""
    call = carrier.executing
    awaited = (node.value for node in ir.walk(carrier.place.statement) if isinstance(node, ir.Await))
    dropped = isinstance(carrier.place.statement, ir.ExpressionStatement) and carrier.place.statement.value
    if call is not None and call not in {*awaited, dropped}:
        raise NotUnderstood(f"the call of `{carrier.helper}` is passed on instead of being awaited")


def _of_result(carrier: Carrier) -> _Execution | None:
    """What is done with D1's result, or with an answer that nothing needs."""
    place, known = carrier.place, carrier.answer == "result"
    match place.statement:
        case ir.Assign(targets=(ir.Name(name=name),), value=ir.Await() as value) if known:
            return _Execution(value, awaited=True, result=name, reads=tuple(_changes(place, name)))
        case ir.Augment(operator="+", value=ir.Attribute(name="changes")) as augment if known:
            return _Execution(augment.value, awaited=True, result=None, adds=True)
        case _:
            return None


def _of_number(carrier: Carrier) -> _Execution | None:
    """What is done with a number of changes."""
    match carrier.place.statement:
        case ir.Assign(targets=(ir.Name(name=name),), value=ir.Await() as value, annotation=None):
            found = _Execution(value, awaited=True, result=name, number=True)
        case ir.Augment(target=ir.Name(), operator="+", value=ir.Await() as value):
            found = _Execution(value, awaited=True, result=None, adds=True, number=True)
        case ir.Return(value=ir.Await() as value):
            found = _Execution(value, awaited=True, result=None, number=True, returned=True)
        case _:
            return None
    return found


def _changes(place: Place, name: str) -> Iterator[ir.Expression]:
    """The reads of `result.meta.changes`. Raises NotUnderstood when more of the result is used."""
    reads = [node for node in ir.walk(*place.scope()) if _is_name(is_changes_of(node), name)]
    for use in place.uses(name):
        if place.statement.span.start <= use.span.start < place.statement.span.end:
            continue
        read = next((read for read in reads if read.span.start <= use.span.start < read.span.end), None)
        if read is None:
            raise NotUnderstood(f"`{name}` is used for more than the number of changes")
        if isinstance(read, ir.Expression):
            yield read


def _is_name(node: ir.Expression | None, name: str) -> bool:
    return isinstance(node, ir.Name) and node.name == name
