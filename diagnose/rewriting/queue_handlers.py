"""A `queue` handler that gives its batch to a function."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import indent_of
from diagnose.rewriting.scheduling import behind, definition_of, indentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.model import Handler
    from diagnose.rewriting.handing_on import Receiver
    from diagnose.rewriting.outcome import Outcome

_REMEDY: Final = "write the queue's consumer as a worker of its own: --option consumer=typescript"


def with_queue_handler(text: str, neighbour: Handler, receiver: Receiver) -> Outcome:
    """The module with a `queue` handler behind another handler, in the same style.

    Args:
        text: of the entry module.
        neighbour: a handler in it.
        receiver: what gets the batch and the environment.
    """
    body = text.removeprefix("\ufeff")
    function = definition_of(body, neighbour)
    if function is None or _is_taken(body, receiver):
        return Refused("no `queue` handler can be added beside the handlers there are", _REMEDY)
    lines = list(_lines(body, function, neighbour, receiver))
    edit = behind(body, function, lines, blank=1 if neighbour.style == "class" else 2)
    return _finished(text, edit, receiver)


def with_queue_branch(text: str, handler: Handler, receiver: Receiver, queue: str) -> Outcome:
    """The module whose `queue` handler gives the batches of one queue to a function, and keeps the others.

    Args:
        text: of the module with the handler.
        handler: the one there is.
        receiver: what gets the batch and the environment.
        queue: its name, as the batch has it.
    """
    body = text.removeprefix("\ufeff")
    function = definition_of(body, handler)
    env = "self.env" if handler.style == "class" else next(iter(handler.parameters[1:2]), None)
    first = _first_statement(body, function) if function is not None else None
    if first is None or env is None or not handler.parameters or _is_taken(body, receiver):
        return Refused("the `queue` handler cannot be divided by the name of the queue", _REMEDY)
    indent, (batch, *_) = indent_of(body, first.span.start), handler.parameters
    inner = indent + ("\t" if indent.startswith("\t") else "    ")
    branch = (
        f"if {batch}.queue == {json.dumps(queue)}:\n{inner}await {receiver.name}({batch}, {env})\n"
        f"{inner}return\n{indent}"
    )
    return _finished(text, Edit(first.span.start, first.span.start, branch), receiver)


def _finished(text: str, edit: Edit, receiver: Receiver) -> Outcome:
    imports = [f"from {receiver.module} import {receiver.name}"]
    try:
        return finish(text, [edit], imports, "a `queue` handler writes the rows")
    except NotUnderstood as error:
        return Refused(str(error), _REMEDY)


def _is_taken(body: str, receiver: Receiver) -> bool:
    return re.search(rf"\b{receiver.name}\b", body) is not None


def _first_statement(body: str, function: ir.FunctionDef) -> ir.Statement | None:
    """The first statement behind the docstring, if it has a line of its own and something can be awaited."""
    described = len(function.body) > 1 and _is_text(function.body[0])
    first = function.body[1 if described else 0]
    return first if function.is_async and indent_of(body, first.span.start) else None


def _is_text(statement: ir.Statement) -> bool:
    match statement:
        case ir.ExpressionStatement(value=ir.Literal(value=str())):
            return True
        case _:
            return False


def _lines(body: str, function: ir.FunctionDef, neighbour: Handler, receiver: Receiver) -> Iterator[str]:
    indent, inner = indentation(body, function)
    if neighbour.style == "class":
        yield f"{indent}async def queue(self, batch):"
        env = "self.env"
    else:
        if neighbour.style == "decorator":
            yield f"{indent}@handler"
        yield f"{indent}async def on_queue(batch, env, ctx):"
        env = "env"
    yield f'{inner}"""{receiver.purpose}"""'
    yield f"{inner}await {receiver.name}(batch, {env})"
