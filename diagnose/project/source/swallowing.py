"""Decides what a clause does with the error of a write: keep it, or let it go unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir, untested
from diagnose.project.source.inside import inside
from diagnose.project.source.model import ErrorHandling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.source.records import Guarding, Records, Write

BROAD = {"", "Exception", "BaseException", "JsException"}
"""What an error of D1 or a queue is caught as: https://pyodide.org/en/stable/usage/api/python-api/ffi.html"""
_HARMLESS = {
    "print",
    "log",
    "info",
    "debug",
    "warning",
    "warn",
    "error",
    "exception",
    "critical",
    "ack",
    "ackAll",
    "sleep",
    "print_exc",
}
_ERROR_STATUS = 400
_SUCCESS = {"success", "ok"}


def is_broad(clause: ir.ExceptClause) -> bool:
    """It catches the errors of D1 and queues."""
    return not clause.types or any(one.rpartition(".")[2] in BROAD for one in clause.types)


def suppresses_all(call: ir.Call) -> bool:
    """`suppress(Exception)`."""
    return any(one.source.rpartition(".")[2] in BROAD for one in call.arguments)


def leaving_finally(statement: ir.Try) -> ir.Statement | None:
    """What leaves the `finally` of a `try`, and drops an error by that.

    https://docs.python.org/3/reference/compound_stmts.html#finally-clause
    """
    nodes = list(ir.walk(*statement.finally_, into_functions=False))
    loops = [node.span for node in nodes if isinstance(node, (ir.For, ir.While))]
    for node in nodes:
        if isinstance(node, ir.Return):
            return node
        if isinstance(node, (ir.Break, ir.Continue)) and not any(
            loop.start <= node.span.start < loop.end for loop in loops
        ):
            return node
    return None


def is_never_read(statement: ir.Assign, definition: ir.Node | None) -> bool:
    """It gives a value to a local variable that nothing reads."""
    match statement:
        case ir.Assign(targets=(ir.Name(name=name),)) if isinstance(definition, ir.FunctionDef):
            return len(inside(definition).names.get(name, ())) == 1
        case _:
            return False


def keeps(clause: ir.ExceptClause, function: ir.FunctionDef | None) -> bool:
    """The error ends in the clause: it is not raised on every path, and nothing later raises it."""
    return not any(True for _ in _raises(clause)) and not _raised_later(clause, function)


def _raises(clause: ir.ExceptClause) -> Iterator[ir.Node]:
    return (node for node in ir.walk(*clause.body, into_functions=False) if isinstance(node, ir.Raise))


def _raised_later(clause: ir.ExceptClause, function: ir.FunctionDef | None) -> bool:
    return function is not None and inside(function).last_raise > clause.span.end


def swallows(guarding: Guarding) -> bool:
    """The failure goes unnoticed."""
    clause = guarding.clause
    if clause is None:
        return guarding.keeps
    return guarding.keeps and is_silent(guarding)


def is_silent(guarding: Guarding) -> bool:
    """The clause tells nobody but a log, and keeps nothing that is read outside of it."""
    body = guarding.clause.body if guarding.clause else ()
    return all(_is_silent(statement, guarding) for statement in _simple(body))


def _simple(block: ir.Block) -> Iterator[ir.Statement]:
    """The statements of a block, those of its branches and loops included."""
    for statement in block:
        match statement:
            case ir.If():
                yield from _simple((*statement.body, *statement.otherwise))
            case ir.For() | ir.While() | ir.With():
                yield from _simple(statement.body)
            case ir.Try():
                yield from _simple((*statement.body, *statement.otherwise, *statement.finally_))
            case _:
                yield statement


def _is_silent(statement: ir.Statement, guarding: Guarding) -> bool:
    match statement:
        case ir.Other(expressions=()) | ir.Break() | ir.Continue():
            return True
        case ir.ExpressionStatement(value=value):
            return _is_harmless(value)
        case ir.Return(value=value):
            return _is_silent_return(value, guarding)
        case ir.Assign(targets=targets, value=ir.Expression() as value):
            return (
                _is_reset(statement, guarding)
                or (_is_nothing(value) and _is_hidden(targets, guarding))
                or not any(_is_read(target, guarding) for target in targets)
            )
        case ir.Augment(target=target):
            return not _is_read(target, guarding)
        case _:
            return False


def _is_nothing(value: ir.Expression) -> bool:
    """`0`, `None` or an empty collection, which look like an import without rows."""
    match value:
        case ir.Literal(value=None | 0 | ""):
            return value.value is not False
        case ir.Sequence(items=()) | ir.Mapping(pairs=()):
            return True
        case _:
            return False


def _is_reset(statement: ir.Assign, guarding: Guarding) -> bool:
    """The function sets an attribute alike where nothing fails, such as `self.rows = []` behind the write."""
    body = guarding.function.body if guarding.function else ()
    if any(isinstance(target, ir.Name) for target in statement.targets):
        return False
    around = guarding.span
    return any(
        _written(node) == _written(statement)
        for node in ir.statements(body)
        if isinstance(node, ir.Assign) and not around.start <= node.span.start < around.end
    )


def _written(statement: ir.Assign) -> tuple[str | None, ...]:
    value = statement.value.source if statement.value else None
    return (value, *(target.source for target in statement.targets))


def _is_hidden(targets: tuple[ir.Expression, ...], guarding: Guarding) -> bool:
    return _answers_success(targets, guarding) or _are_untested(targets, guarding)


def _are_untested(targets: tuple[ir.Expression, ...], guarding: Guarding) -> bool:
    """Nobody tests the variables: they are logged, or answered to callers that do not test them."""
    if guarding.function is None:
        return False
    function = guarding.function
    names = [target.name for target in targets if isinstance(target, ir.Name)]
    uses = [untested.use_of(name, function, told=False) for name in names]
    known = (not use and (use is False or guarding.untested) for use in uses)
    return len(uses) == len(targets) and all(known)


def _answers_success(targets: tuple[ir.Expression, ...], guarding: Guarding) -> bool:
    """The function answers `"success": True` whatever the variables hold: nothing tests them."""
    nodes = inside(guarding.function).own if guarding.function else ()
    names = {target.name for target in targets if isinstance(target, ir.Name)}
    tests = [node.test for node in nodes if isinstance(node, (ir.If, ir.While, ir.Assert, ir.Conditional))]
    tested = {node.name for node in ir.walk(*tests) if isinstance(node, ir.Name)}
    return len(names) == len(targets) and not names & tested and any(map(_is_success, nodes))


def _is_success(node: ir.Node) -> bool:
    match node:
        case ir.Mapping(pairs=pairs):
            return any(
                isinstance(key, ir.Literal)
                and key.value in _SUCCESS
                and isinstance(value, ir.Literal)
                and value.value is True
                for key, value in pairs
            )
        case _:
            return False


def _is_harmless(value: ir.Expression) -> bool:
    if isinstance(value, ir.Await):
        return _is_harmless(value.value)
    if isinstance(value, ir.Call):
        return value.function.source.rpartition(".")[2] in _HARMLESS
    return isinstance(value, ir.Literal)


def _is_silent_return(value: ir.Expression | None, guarding: Guarding) -> bool:
    """A constant that no caller looks at, or a response that says nothing of an error."""
    if value is None:
        return guarding.entry or guarding.untested or guarding.dropped or not _returns_values(guarding)
    if guarding.untested and _is_nothing(value):
        return True
    if isinstance(value, ir.Literal):
        return guarding.dropped
    if isinstance(value, ir.Call) and guarding.entry and "Response" in value.function.source:
        mentions = {node.name for node in ir.walk(value) if isinstance(node, ir.Name)}
        caught = guarding.clause.name if guarding.clause else None
        return _status(value) < _ERROR_STATUS and caught not in mentions and not _says_error(value)
    return False


def _returns_values(guarding: Guarding) -> bool:
    return guarding.function is not None and inside(guarding.function).returns_value


def _status(call: ir.Call) -> int:
    keywords = {keyword.name: keyword.value for keyword in call.keywords}
    value = keywords.get("status") or keywords.get("status_code")
    if value is None and len(call.arguments) > 1:
        value = next(
            (
                one
                for one in ir.walk(call.arguments[1])
                if isinstance(one, ir.Literal) and type(one.value) is int
            ),
            call.arguments[1],
        )
    if value is None:
        return 200
    return value.value if isinstance(value, ir.Literal) and isinstance(value.value, int) else _ERROR_STATUS


def _says_error(call: ir.Call) -> bool:
    literals = (node.value for node in ir.walk(call) if isinstance(node, ir.Literal))
    return any(
        isinstance(value, str) and ("error" in value.lower() or "fail" in value.lower()) for value in literals
    )


def _is_read(target: ir.Expression, guarding: Guarding) -> bool:
    """What the clause keeps is looked at outside of it."""
    if not isinstance(target, ir.Name) or guarding.function is None or guarding.clause is None:
        return True
    found, clause = inside(guarding.function), guarding.clause.span
    return any(
        id(name) not in found.targets and not clause.start <= name.span.start < clause.end
        for name in found.names.get(target.name, ())
    )


def error_handlers(records: Records) -> tuple[ErrorHandling, ...]:
    """Every clause that decides about a write, in the order of the files."""
    found = [_handling(guarding, records) for guarding in records.guardings.values() if guarding.writes]
    return tuple(sorted(found, key=lambda handling: handling.span))


def _handling(guarding: Guarding, records: Records) -> ErrorHandling:
    writes = [records.writes[number] for number in guarding.writes]
    swallowed = swallows(guarding)
    return ErrorHandling(
        kind=guarding.kind,
        location=guarding.span.location,
        writes=tuple(sorted({write.site.location for write in writes})),
        swallows=swallowed,
        reported_success=_reported_success(writes, records) if swallowed else None,
        function=guarding.function_name,
        span=guarding.span,
        after_response=_logs(guarding) and all(_is_after_response(one, records) for one in guarding.writes),
    )


def _logs(guarding: Guarding) -> bool:
    body = guarding.clause.body if guarding.clause else ()
    return any(isinstance(node, ir.Call) for node in ir.walk(*body))


def _is_after_response(number: int, records: Records) -> bool:
    return number in records.kept_alive and records.writes[number].site.handlers == {"fetch"}


def _reported_success(writes: list[Write], records: Records) -> Location | None:
    for write in writes:
        for response in records.responses:
            after = response.handler == write.handler and response.order > write.order and write.handler
            if after and (response.status is None or response.status < _ERROR_STATUS):
                return response.location.location
    return None
