"""A `scheduled` handler for a class that starts its import on a request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.python import lower
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.model import Handler
    from diagnose.rewriting.outcome import Outcome

ORIGIN = "https://scheduled.invalid"
"""A host that cannot exist (https://www.rfc-editor.org/rfc/rfc2606): the request never leaves the worker."""

_REMEDY = "add a `scheduled` handler that performs the import"
_OWN = {"env": "self.env", "ctx": "self.ctx"}


def with_scheduled_handler(text: str, fetch: Handler, method: str, path: str) -> Outcome:
    """The module with a method `scheduled` behind `fetch`, which gives it the request that starts the import.

    A status of 400 or more is raised, so that Cloudflare counts the run as failed.
    """
    if fetch.style != "class":
        return Refused("the fetch handler is no method of a class", _REMEDY)
    body = text.removeprefix("\ufeff")
    function = definition_of(body, fetch)
    if function is None or not all(name in _OWN for name in fetch.parameters[1:]):
        return Refused("the fetch handler cannot be called by another method", _REMEDY)
    edit = behind(body, function, _method(body, function, fetch, method, path))
    try:
        return finish(
            text, [edit], ["from workers import Request"], "a `scheduled` handler sends the request"
        )
    except NotUnderstood as error:
        return Refused(str(error), _REMEDY)


def definition_of(body: str, handler: Handler) -> ir.FunctionDef | None:
    """The `def` of a handler in its module's text (without a byte order mark)."""
    for node in ir.walk(*lower(body, handler.location.path)):
        if isinstance(node, ir.FunctionDef) and handler.location in {node.head.location, node.span.location}:
            return node
    return None


def indentation(body: str, function: ir.FunctionDef) -> tuple[str, str]:
    """The white space in front of the `def`, and in front of the statements in it."""
    line_start = body.rfind("\n", 0, function.head.start) + 1
    indent = body[line_start : line_start + len(body[line_start:]) - len(body[line_start:].lstrip(" \t"))]
    return indent, indent + ("\t" if indent.startswith("\t") else "    ")


def behind(body: str, function: ir.FunctionDef, lines: Sequence[str], *, blank: int = 1) -> Edit:
    """Lines behind a function, with so many blank lines between."""
    line_end = body.find("\n", function.span.end)
    end = len(body) if line_end < 0 else line_end - body[:line_end].endswith("\r")
    line_break = "\r\n" if "\r\n" in body else "\n"
    return Edit(end, end, line_break * (blank + 1) + line_break.join(lines))


def _method(body: str, function: ir.FunctionDef, fetch: Handler, method: str, path: str) -> list[str]:
    indent, inner = indentation(body, function)
    address = json.dumps(ORIGIN + path, ensure_ascii=False)
    arguments = ", ".join(
        [f"Request({address}, method={json.dumps(method)})", *(_OWN[name] for name in fetch.parameters[1:])]
    )
    call = f"{'await ' if function.is_async else ''}self.{fetch.name}({arguments})"
    failure = 'f"the scheduled import was answered with status {response.status}"'
    return [
        f"{indent}async def scheduled(self, controller):",
        f'{inner}"""Start the import at the times of the cron trigger."""',
        f"{inner}response = {call}",
        f"{inner}if response.status >= 400:",
        f"{inner}{inner[len(indent) :]}raise RuntimeError({failure})",
    ]
