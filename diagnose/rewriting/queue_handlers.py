"""A `queue` handler that gives its batch to a function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.scheduling import behind, definition_of, indentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source import ir
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
    if function is None or re.search(rf"\b{receiver.name}\b", body):
        return Refused("no `queue` handler can be added beside the handlers there are", _REMEDY)
    is_method = neighbour.style == "class"
    lines = list(_lines(body, function, neighbour, receiver))
    edit = behind(body, function, lines, blank=1 if is_method else 2)
    try:
        return finish(
            text,
            [edit],
            [f"from {receiver.module} import {receiver.name}"],
            "a `queue` handler writes the rows",
        )
    except NotUnderstood as error:
        return Refused(str(error), _REMEDY)


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
