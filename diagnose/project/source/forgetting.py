"""Calls that nothing waits for: a coroutine or a promise that is dropped, or read like an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeGuard

from diagnose.project.source import ir
from diagnose.project.source.model import StatementSite, UnawaitedCall
from diagnose.project.source.records import Unawaited
from diagnose.project.source.values import Many, Pending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source.machine import Frame
    from diagnose.project.source.records import Records
    from diagnose.project.source.values import Segment, Value

OF_AN_ANSWER = frozenset({"meta", "results", "success"})
"""What D1 answers has them; a coroutine or a promise has none of them."""

_KEEPING = {"staticmethod", "classmethod", "abstractmethod", "override", "final", "retry"}
_LOG = re.compile(r"(?:log|logger|logging|console)\.\w+$")


def note(value: Pending, frame: Frame, function_name: str, records: Records) -> None:
    """Write down that nothing waits for a call that writes."""
    written = writing(value, records)
    if value.by == "stranger" or value.span is None or not written:
        return
    statement = value.statement or frame.statement
    made = Unawaited(value.span, value.source, value.by, statement, function_name)
    records.unawaited.setdefault(value.span, made).writes.update(written)
    for record in value.records:
        records.writes[record].awaited = False


def is_no_answer(value: Value) -> TypeGuard[Pending]:
    """A coroutine or a promise: a number, a test or a response cannot be made of it."""
    return isinstance(value, Pending) and not value.task and value.by in {"binding", "function"}


def writing(value: Pending, records: Records) -> list[int]:
    """Those of its operations that change something."""
    return [one for one in sorted(value.records) if _writes(records.writes[one].site)]


def _writes(site: object) -> bool:
    return not isinstance(site, StatementSite) or site.writes or site.method in {"run", "batch", "exec"}


def pending_in(segments: Sequence[Segment]) -> Iterator[Pending]:
    """What the elements of a list still have to be awaited for."""
    for segment in segments:
        if isinstance(segment, Many):
            yield from pending_in(segment.items)
        elif isinstance(segment.value, Pending) and not segment.value.task:
            yield segment.value


def coroutine_of(definition: ir.FunctionDef) -> Literal["function", "stranger"]:
    """Who is called: a decorator may make something else of a coroutine function, such as a task."""
    names = {decorator.source.partition("(")[0].rpartition(".")[2] for decorator in definition.decorators}
    return "function" if names <= _KEEPING else "stranger"


def is_only_shown(statement: ir.Assign, definition: ir.Node | None) -> bool:
    """Nothing but logs and formatted texts look at the local variable that the value is kept in."""
    match statement:
        case ir.Assign(targets=(ir.Name(name=name),)) if isinstance(definition, ir.FunctionDef):
            nodes = list(ir.walk(*definition.body))
            shown = {id(part) for node in nodes for part in shown_in(node)}
            uses = [node for node in nodes if isinstance(node, ir.Name) and node.name == name]
            return sum(id(node) not in shown for node in uses) == 1
        case _:
            return False


def shown_in(node: ir.Node) -> tuple[object, ...]:
    """What stands as it is in a formatted text, or in a call that writes to the log."""
    match node:
        case ir.Template(parts=parts):
            return parts
        case ir.Call(function=function, arguments=arguments) if function.source == "print" or _LOG.search(
            function.source
        ):
            return arguments
        case _:
            return ()


def is_only_filled(name: str, definition: ir.Node | None) -> bool:
    """The function makes a local list and appends to it, and nothing looks at it."""
    if not isinstance(definition, ir.FunctionDef):
        return False
    nodes = list(ir.walk(*definition.body))
    uses = sum(isinstance(node, ir.Name) and node.name == name for node in nodes)
    made = sum(_makes(node, name) for node in nodes)
    return made == 1 and uses == made + sum(_appends(node, name) for node in nodes)


def _makes(node: ir.Node, name: str) -> bool:
    match node:
        case ir.Assign(targets=(ir.Name(name=found),), value=ir.Sequence(items=())):
            return found == name
        case _:
            return False


def _appends(node: ir.Node, name: str) -> bool:
    match node:
        case ir.Call(function=ir.Attribute(value=ir.Name(name=found), name="append")):
            return found == name
        case _:
            return False


def unawaited_calls(records: Records) -> tuple[UnawaitedCall, ...]:
    """Every call that nothing waits for, in the order of the files."""
    return tuple(_unawaited(records.unawaited[span], records) for span in sorted(records.unawaited))


def _unawaited(found: Unawaited, records: Records) -> UnawaitedCall:
    return UnawaitedCall(
        call=found.source,
        by=found.by,
        writes=tuple(sorted({records.writes[number].site.location for number in found.writes})),
        location=found.statement.location,
        function=found.function_name,
        span=found.call,
    )
