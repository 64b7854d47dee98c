"""What a worker says about its writes: responses, logs, and the numbers in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import forgetting
from diagnose.project.source.deliveries import Deliveries
from diagnose.project.source.model import (
    ReportedCount,
)
from diagnose.project.source.records import Response
from diagnose.project.source.values import (
    Built,
    Converted,
    DictValue,
    Item,
    JsonText,
    Length,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from diagnose.project.source import ir

_FIRST_ERROR_STATUS = 400
_WRITTEN = re.compile(r"insert|wrote|writ|sav|stor|import|upsert|add|load|persist|batch", re.IGNORECASE)
_NOT_WRITTEN = re.compile(
    r"fetch|receiv|found|request|candidate|skip|error|fail|total|page|queue", re.IGNORECASE
)


class Reporting(Deliveries):
    """Writes down responses and reported numbers of rows."""

    def responded(self, status: int | None, body: Item | None, span: ir.Span) -> None:
        """A response that the worker makes."""
        response = Response(self.records.tick(), self.records.handler, span, status)
        self.records.responses.append(response)
        self._unanswered(body)
        if body is not None and (status is None or status < _FIRST_ERROR_STATUS):
            self.reported(body, "response")

    def _unanswered(self, body: Item | None) -> None:
        """A response says what a call answers, and nothing waits for the call."""
        content = self.load(body.value) if body else None
        for _, entry in content.entries if isinstance(content, DictValue) else ():
            if forgetting.is_no_answer(entry.value):
                forgetting.note(entry.value, self.frame, self.function_name, self.records)

    def reported(self, item: Item, medium: Literal["response", "log"], name: str | None = None) -> None:
        """Numbers of rows in what a response or a log says after a write."""
        if not self.records.has_written() or (name is not None and _NOT_WRITTEN.search(name)):
            return
        if medium == "log" and not _WRITTEN.search(item.source):
            return
        numbers = list(self._numbers(item, name))
        is_counted = any(isinstance(one.value, Tally) and one.value.from_changes for one, _ in numbers)
        for found, key in numbers:
            value = found.value
            if not isinstance(value, (Tally, Length)) or found.span is None:
                continue
            count = ReportedCount(
                location=found.span.location,
                expression=found.source,
                origin=value.span.location,
                from_changes=isinstance(value, Tally) and value.from_changes,
                medium=medium,
                name=key,
                beside_changes=is_counted,
            )
            self.records.counts.setdefault((found.span, medium), count)

    def _numbers(self, item: Item, name: str | None) -> Iterator[tuple[Item, str | None]]:
        value = self.load(item.value)
        match value:
            case Tally() | Length():
                yield item, name
            case JsonText(inner, source):
                yield from self._numbers(Item(inner, source, item.span), name)
            case Converted(inner):
                yield from self._numbers(Item(inner, item.source, item.span), name)
            case DictValue(entries):
                for key, entry in entries:
                    if not _NOT_WRITTEN.search(key):
                        yield from self._numbers(entry, key)
            case Built(_, _, items):
                for one in items:
                    yield one, name
            case _:
                return
