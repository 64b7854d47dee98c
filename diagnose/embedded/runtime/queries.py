"""Serves what the worker's process asks of D1."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.d1 import D1Error, Statement
from diagnose.d1.javascript import to_sqlite
from diagnose.embedded.invocation import ExecutedStatement
from diagnose.embedded.runtime.codec import MalformedFrameError, decode_value, encode_result
from diagnose.embedded.runtime.frames import binding_of, error_reply, list_of, location_of, text_of
from diagnose.embedded.runtime.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.d1 import Result
    from diagnose.embedded.invocation import Bindings, D1Method, EventKind
    from diagnose.embedded.runtime.frames import Frame
    from diagnose.embedded.runtime.recorder import Recorder

_METHODS: tuple[D1Method, ...] = ("run", "all", "first", "raw", "batch")


class QueryService:
    """The databases of one invocation; MalformedFrameError is raised for what our child never sends."""

    def __init__(
        self, kinds: Mapping[str, str], bindings: Bindings, recorder: Recorder, files: frozenset[str]
    ) -> None:
        self._kinds = kinds
        self._bindings = bindings
        self._recorder = recorder
        self._files = files

    async def bind(self, frame: Frame) -> Frame:
        """Check what `bind()` is given."""
        binding = binding_of(frame, self._kinds, "d1")
        values = [decode_value(value) for value in list_of(frame, "values")]
        try:
            for value in values:
                to_sqlite(value)
        except D1Error as error:
            executed = ExecutedStatement(
                binding=binding,
                method="bind",
                sql=clean(text_of(frame, "sql")),
                error=clean(error.text),
                location=location_of(frame, self._files),
            )
            self._record("statement", [executed])
            return error_reply(error.text)
        return {"ok": True}

    async def query(self, frame: Frame) -> Frame:
        """Perform run, all, first, raw or batch."""
        binding = binding_of(frame, self._kinds, "d1")
        method = next((known for known in _METHODS if known == frame.get("method")), None)
        statements = tuple(_statement(item) for item in list_of(frame, "statements"))
        if method is None or (method != "batch" and len(statements) != 1):
            raise MalformedFrameError("a query of an unknown shape")
        executed = self._described(frame, binding, method, statements)
        kind: EventKind = "batch" if method == "batch" else "statement"
        try:
            results = await self._perform(binding, method, statements)
        except D1Error as error:
            self._record(kind, [replace(one, error=clean(error.text)) for one in executed])
            return error_reply(error.text)
        self._record(kind, _with_changes(executed, results))
        return {"results": [encode_result(result) for result in results]}

    async def exec(self, frame: Frame) -> Frame:
        """Perform exec."""
        binding = binding_of(frame, self._kinds, "d1")
        text = text_of(frame, "text")
        executed = ExecutedStatement(
            binding=binding, method="exec", sql=clean(text), location=location_of(frame, self._files)
        )
        try:
            count = await self._bindings.d1_exec(binding, text)
        except D1Error as error:
            self._record("exec", [replace(executed, error=clean(error.text))])
            return error_reply(error.text)
        self._record("exec", [executed])
        return {"count": count, "duration": 0}

    async def _perform(
        self, binding: str, method: D1Method, statements: tuple[Statement, ...]
    ) -> tuple[Result, ...]:
        if method == "batch":
            return await self._bindings.d1_batch(binding, statements)
        return (await self._bindings.d1_run(binding, statements[0]),)

    def _described(
        self, frame: Frame, binding: str, method: D1Method, statements: tuple[Statement, ...]
    ) -> list[ExecutedStatement]:
        batch = None
        if method == "batch":
            batch = self._recorder.batches
            self._recorder.batches += 1
        location = location_of(frame, self._files)
        try:
            bound = [tuple(map(to_sqlite, statement.params or ())) for statement in statements]
        except D1Error as error:
            raise MalformedFrameError("a value that bind() refuses") from error
        return [
            ExecutedStatement(
                binding=binding,
                method=method,
                sql=clean(statement.sql),
                params=params,
                location=location,
                batch=batch,
            )
            for statement, params in zip(statements, bound, strict=True)
        ]

    def _record(self, kind: EventKind, executed: Sequence[ExecutedStatement]) -> None:
        for one in executed:
            self._recorder.statement(one)
        if not executed:
            return
        first = executed[0]
        text = first.sql if kind != "batch" else f"batch of {len(executed)}: {first.sql}"
        self._recorder.event(
            kind,
            text,
            first.location,
            binding=first.binding,
            method=first.method,
            statements=len(executed),
            parameters=sum(len(one.params) for one in executed),
            changes=sum(one.changes for one in executed),
            error=first.error,
        )


def _with_changes(executed: list[ExecutedStatement], results: tuple[Result, ...]) -> list[ExecutedStatement]:
    """Pair statements with results; D1 has no result for blank texts, so lengths may differ."""
    if len(executed) != len(results):
        return executed
    return [replace(one, changes=result.changes) for one, result in zip(executed, results, strict=True)]


def _statement(item: object) -> Statement:
    if not isinstance(item, dict):
        raise MalformedFrameError("a statement that is none")
    params = item.get("params")
    if params is None:
        return Statement(text_of(item, "sql"))
    return Statement(text_of(item, "sql"), tuple(decode_value(value) for value in list_of(item, "params")))
