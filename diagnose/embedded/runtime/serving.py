"""Serves what the worker's process asks: each operation is checked, performed on the bindings, recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diagnose.embedded.invocation import (
    Backlog,
    BindingError,
    HttpAnswer,
    OutboundFetch,
    OutboundRequest,
    OutgoingMessage,
    SentMessage,
)
from diagnose.embedded.runtime.codec import MalformedFrameError, decode_bytes, encode_bytes
from diagnose.embedded.runtime.frames import (
    binding_of,
    error_reply,
    headers_of,
    integer_of,
    list_of,
    location_of,
    text_of,
)
from diagnose.embedded.runtime.queries import QueryService
from diagnose.embedded.runtime.sanitize import clean, clean_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.embedded.invocation import Bindings, WorkerCode
    from diagnose.embedded.runtime.frames import Frame
    from diagnose.embedded.runtime.recorder import Recorder

_CONTENT_TYPES = ("json", "text", "bytes", "v8")
_STATUSES = range(100, 600)
_LEVELS = ("log", "info", "warn", "error", "debug", "trace")


class UnansweredFetchError(Exception):
    """An outbound request has no recorded answer."""


class Service:
    """The bindings of one invocation, as its process may use them."""

    def __init__(
        self, worker: WorkerCode, bindings: Bindings, recorder: Recorder, files: frozenset[str]
    ) -> None:
        self._kinds = dict(worker.bindings)
        self._bindings = bindings
        self._recorder = recorder
        self._files = files
        queries = QueryService(self._kinds, bindings, recorder, files)
        self._operations: dict[str, Callable[[Frame], Awaitable[Frame | None]]] = {
            "bind": queries.bind,
            "d1": queries.query,
            "exec": queries.exec,
            "send": self._send,
            "decide": self._decide,
            "fetch": self._fetch,
            "log": self._log,
            "response": self._response,
            "exception": self._exception,
        }

    async def serve(self, frame: Frame) -> Frame | None:
        """Perform one operation; returns the reply, if it has one.

        Raises:
            MalformedFrameError: no such operation, or a shape that our child never sends.
            UnansweredFetchError: the invocation cannot go on.
        """
        operation = self._operations.get(frame["op"])
        if operation is None:
            raise MalformedFrameError("an unknown operation")
        return await operation(frame)

    async def _send(self, frame: Frame) -> Frame:
        binding = binding_of(frame, self._kinds, "queue")
        messages = tuple(_message(item) for item in list_of(frame, "messages"))
        error: BindingError | None = None
        backlog = Backlog()
        try:
            backlog = await self._bindings.send(binding, messages, batch=frame.get("batch") is True)
        except BindingError as refused:
            error = refused
        location = location_of(frame, self._files)
        for message in messages:
            body = None if message.content_type == "bytes" else message.body.decode("utf-8", "replace")
            self._recorder.message(
                SentMessage(
                    binding=binding,
                    content_type=message.content_type,
                    body_json=body,
                    size=len(message.body),
                    error=None if error is None else clean(error.message),
                    location=location,
                )
            )
        total = sum(len(message.body) for message in messages)
        text = f"{len(messages)} to {binding}, {total} bytes" + (f": {error.message}" if error else "")
        self._recorder.event("send", text, location, binding=binding, messages=len(messages), bytes=total)
        return {"backlog": _described(backlog)} if error is None else error_reply(error.message, error.name)

    async def _decide(self, frame: Frame) -> None:
        """One call of ack, retry, ackAll or retryAll; contradictions become the runtime's warning."""
        decisions, delay = self._recorder.decisions, _delay_of(frame)
        match frame.get("call"), frame.get("message"):
            case "ack", str() as message if decisions.knows(message):
                warning = decisions.ack(message)
            case "retry", str() as message if decisions.knows(message):
                warning = decisions.retry(message, delay)
            case "ackAll", None:
                warning = decisions.ack_all()
            case "retryAll", None:
                warning = decisions.retry_all(delay)
            case _:
                raise MalformedFrameError("a decision about a message that was not delivered")
        if warning is not None:
            self._recorder.log("warn", warning, location_of(frame, self._files))

    async def _fetch(self, frame: Frame) -> Frame:
        body = None if frame.get("body") is None else decode_bytes(frame["body"])
        request = OutboundRequest(
            url=text_of(frame, "url"), method=text_of(frame, "method"), headers=headers_of(frame), body=body
        )
        made = OutboundFetch(
            url=clean_line(request.url),
            method=clean_line(request.method),
            status=None,
            answered=False,
            location=location_of(frame, self._files),
        )
        try:
            answer = await self._bindings.fetch(request)
        except BindingError as error:
            self._recorder.fetch(replace(made, answered=True))
            return error_reply(error.message, error.name)
        if answer is None:
            self._recorder.fetch(made)
            raise UnansweredFetchError(made.url)
        self._recorder.fetch(replace(made, status=answer.status, answered=True, body=answer.body))
        return {"status": answer.status, "headers": dict(answer.headers), "body": encode_bytes(answer.body)}

    async def _log(self, frame: Frame) -> None:
        level = next((known for known in _LEVELS if known == frame.get("level")), "log")
        self._recorder.log(level, text_of(frame, "text"), location_of(frame, self._files))

    async def _response(self, frame: Frame) -> None:
        headers = {clean_line(name): clean_line(value) for name, value in headers_of(frame).items()}
        body = decode_bytes(frame.get("body"))
        status = integer_of(frame, "status")
        if status not in _STATUSES:
            raise MalformedFrameError("a status that HTTP does not have")
        self._recorder.answer(HttpAnswer(status=status, headers=headers, body=body))

    async def _exception(self, frame: Frame) -> None:
        name, message = text_of(frame, "name"), text_of(frame, "message")
        location = location_of(frame, self._files)
        self._recorder.exception(name, message, text_of(frame, "traceback"), location)


def _described(backlog: Backlog) -> Frame:
    return {"messages": backlog.messages, "bytes": backlog.bytes, "oldest": backlog.oldest_ms}


def _delay_of(frame: Frame) -> int | None:
    return None if frame.get("delay") is None else integer_of(frame, "delay")


def _message(item: object) -> OutgoingMessage:
    if not isinstance(item, dict):
        raise MalformedFrameError("a message that is none")
    kind: Any = text_of(item, "type")
    delay = item.get("delay")
    if kind not in _CONTENT_TYPES or not (delay is None or isinstance(delay, (int, float))):
        raise MalformedFrameError("a message of an unknown shape")
    return OutgoingMessage(content_type=kind, body=decode_bytes(item.get("body")), delay_seconds=delay)
