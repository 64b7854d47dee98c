"""Collects the evidence of one invocation while it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from diagnose.embedded.invocation import (
    Event,
    Invocation,
    WorkerException,
)
from diagnose.embedded.runtime.deciding import Decisions
from diagnose.embedded.runtime.sanitize import clean, clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.invocation import (
        EventKind,
        ExecutedStatement,
        HttpAnswer,
        OutboundFetch,
        Outcome,
        SentMessage,
        Trigger,
    )
    from diagnose.model import Json, Location

_Record = TypeVar("_Record")

_LONGEST_TEXT = 2_000
_LONGEST_TRACEBACK = 20_000
_MOST_EVENTS = 10_000
_MOST_RECORDS = 100_000


class Recorder:
    """Everything that becomes evidence passes here and is made harmless here."""

    def __init__(self, log_bytes: int, trigger: Trigger) -> None:
        self._started = time.monotonic()
        self._log_left = log_bytes
        self._events: list[Event] = []
        self._statements: list[ExecutedStatement] = []
        self._messages: list[SentMessage] = []
        self._fetches: list[OutboundFetch] = []
        self._logs: list[str] = []
        self._exception: WorkerException | None = None
        self._answer: HttpAnswer | None = None
        self._truncated = False
        self._is_queue = trigger.kind == "queue"
        self.decisions = Decisions(trigger.messages)
        self.batches = 0

    def begin(self, text: str) -> None:
        """The event is delivered now; times count from here."""
        self._started = time.monotonic()
        self.event("trigger", text)

    def event(self, kind: EventKind, text: str, location: Location | None = None, **detail: Json) -> None:
        """One line of the timeline."""
        if len(self._events) >= _MOST_EVENTS:
            self._truncated = True
            return
        self._events.append(
            Event(
                at_ms=self._elapsed,
                kind=kind,
                text=clean_line(text, longest=_LONGEST_TEXT),
                detail=detail,
                location=location,
            )
        )

    def log(self, level: str, text: str, location: Location | None = None) -> None:
        """One line that the worker wrote, until the limit is reached."""
        self._log_left -= len(text.encode("utf-8", "replace"))
        if self._log_left < 0:
            self._truncated = True
            return
        self._logs.append(clean(text, longest=_LONGEST_TEXT))
        self.event("log", text, location, level=level)

    def statement(self, executed: ExecutedStatement) -> None:
        """One statement; its text is made harmless, its values stay as they are."""
        self._keep(self._statements, executed)

    def message(self, sent: SentMessage) -> None:
        """One message."""
        self._keep(self._messages, sent)

    def fetch(self, made: OutboundFetch) -> None:
        """One outbound request."""
        self._keep(self._fetches, made)
        status = "no recorded answer" if made.status is None else str(made.status)
        self.event("fetch", f"{made.method} {made.url} → {status}", made.location, status=made.status)

    def answer(self, answer: HttpAnswer) -> None:
        """The response of the fetch handler."""
        self._answer = answer
        self.event("response", f"answered {answer.status}", status=answer.status, bytes=len(answer.body))

    def exception(self, name: str, message: str, traceback: str, location: Location | None) -> None:
        """What escaped from the handler; the first one counts."""
        if self._exception is None:
            self._exception = WorkerException(
                name=clean_line(name, longest=_LONGEST_TEXT),
                message=clean(message, longest=_LONGEST_TEXT),
                traceback=clean(traceback, longest=_LONGEST_TRACEBACK),
                location=location,
            )
        self.event("exception", f"{name}: {message}", location)

    @property
    def has_exception(self) -> bool:
        """Whether something escaped."""
        return self._exception is not None

    def finish(self, outcome: Outcome, *, runtime: str, sandboxed: bool, **reasons: str | None) -> Invocation:
        """The whole evidence. `reasons` are `reason` and `refused`."""
        known: Mapping[str, Any] = {
            name: None if text is None else clean_line(text, longest=_LONGEST_TEXT)
            for name, text in reasons.items()
        }
        return Invocation(
            outcome=outcome,
            answer=self._answer,
            queue_answer=self.decisions.answer() if self._is_queue else None,
            events=tuple(self._events),
            statements=tuple(self._statements),
            messages=tuple(self._messages),
            fetches=tuple(self._fetches),
            exception=self._exception,
            logs=tuple(self._logs),
            missing_answers=tuple(made.url for made in self._fetches if not made.answered),
            truncated=self._truncated,
            runtime=runtime,
            sandboxed=sandboxed,
            duration_ms=self._elapsed,
            **known,
        )

    def _keep(self, records: list[_Record], record: _Record) -> None:
        if len(records) < _MOST_RECORDS:
            records.append(record)
        else:
            self._truncated = True

    @property
    def _elapsed(self) -> float:
        return (time.monotonic() - self._started) * 1000
