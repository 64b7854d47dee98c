"""What a worker writes: `console`, and the lines that `print` sends through here as well."""

from __future__ import annotations

from typing import Any

from .isolate import current
from .json_text import stringify
from .values import Array, Function, JsError, PlainObject, text


def _show(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) in {PlainObject, Array}:
        try:
            return stringify(value) or ""
        except JsError:
            return text(value)
    return text(value)


def write_log(level: str, content: str) -> None:
    """One line of the log, with the place that wrote it; beyond the limit nothing is sent."""
    isolate = current()
    if isolate.log_bytes < 0:
        return
    isolate.log_bytes -= len(content)
    isolate.channel.send({"op": "log", "level": level, "text": content, "at": isolate.here})


def console() -> PlainObject:
    """The object `console`."""

    def method(level: str) -> Function:
        return Function(lambda *values: write_log(level, " ".join(map(_show, values))), level)

    return PlainObject({level: method(level) for level in ("log", "info", "warn", "error", "debug", "trace")})
