"""The queue producer binding: `send` and `sendBatch`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .d1 import Binding, request
from .isolate import current
from .json_text import stringify
from .promises import promise, rejection
from .proxies import to_javascript
from .values import (
    NULL,
    Array,
    BigInt,
    Bytes,
    Date,
    Function,
    JsError,
    Map,
    PlainObject,
    PyProxy,
    Set,
    Value,
    iterate,
    text,
)
from .wire import encode_bytes

if TYPE_CHECKING:
    from .channel import Frame
    from .promises import Promise

_JSON_SINCE = "2024-03-18"


class WorkerQueue(Binding):
    """`env.QUEUE` of a producer."""

    constructor = "WorkerQueue"
    members = frozenset({"send", "sendBatch"})
    not_imitated = frozenset({"metrics"})

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, body: Any = None, options: Any = None) -> Promise:
        """One message."""
        try:
            return self._send([_message(body, options)], batch=False)
        except JsError as error:
            return rejection(error)

    def sendBatch(self, messages: Any = None, options: Any = None) -> Promise:  # noqa: N802 - JavaScript's name
        """Messages `{body, contentType?, delaySeconds?}`."""
        if isinstance(messages, PyProxy):
            current().refuse("Queue.sendBatch() with a Python list that was not converted with to_js")
        try:
            delay = option(options, "delaySeconds")
            sent = [_message(option(item, "body"), item, delay) for item in iterate(messages)]
            return self._send(sent, batch=True)
        except JsError as error:
            return rejection(error)

    def _send(self, messages: list[Frame], *, batch: bool) -> Promise:
        if not messages:
            raise JsError("sendBatch() requires at least one message", "TypeError")
        reply = request({"op": "send", "binding": self.name, "messages": messages, "batch": batch})
        return promise(PlainObject({"metadata": PlainObject({"metrics": _metrics(reply["backlog"])})}))


def _metrics(backlog: Frame) -> PlainObject:
    """What waits in the queue, the messages just sent included."""
    oldest = None if backlog["oldest"] is None else Date(float(backlog["oldest"]))
    return PlainObject(
        {
            "backlogCount": backlog["messages"],
            "backlogBytes": backlog["bytes"],
            "oldestMessageTimestamp": oldest,
        }
    )


def option(options: Any, name: str) -> Any:
    """A property of an options object, or None."""
    if not isinstance(options, Value):
        return None
    if isinstance(options, PyProxy):
        if not (current().dict_is_object and isinstance(options.target, dict)):
            current().refuse("queue options or messages that were not converted with to_js")
        return to_javascript(options.target.get(name))
    value = options.get(name)
    return value if isinstance(value, (str, int, float, Value)) or value is NULL else None


def _message(body: Any, options: Any, delay: Any = None) -> Frame:
    default = "json" if current().date >= _JSON_SINCE or "queues_json_messages" in current().flags else "v8"
    kind = option(options, "contentType") or default
    own_delay = option(options, "delaySeconds")
    if body is None:
        raise JsError("Message body cannot be undefined", "TypeError")
    content = _serialise(kind, body)
    return {"type": kind, "body": encode_bytes(content), "delay": delay if own_delay is None else own_delay}


def _serialise(kind: Any, body: Any) -> bytes:
    if kind == "text":
        if not isinstance(body, str):
            raise JsError(_wrong_type("text", "string", body), "TypeError")
        return body.encode("utf-8", "surrogatepass")
    if kind == "bytes":
        if not isinstance(body, Bytes) or body.constructor == "ArrayBuffer":
            raise JsError(_wrong_type("bytes", "ArrayBufferView", body), "TypeError")
        return body.content
    if kind == "v8":
        _require_cloneable(body)
    elif kind != "json":
        raise JsError(f"Unsupported queue message content type: {text(kind)}", "TypeError")
    return (stringify(body) or "").encode("utf-8", "surrogatepass")


def _wrong_type(kind: str, wanted: str, body: Any) -> str:
    received = "string" if isinstance(body, str) else "object" if isinstance(body, Value) else "number"
    return f'Content Type "{kind}" requires a value of type {wanted}, but received: {received}'


def _lost_in_json(value: Any) -> bool:
    """Whether the consumer would not get the value back from its JSON form."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return value is None or isinstance(value, (BigInt, Bytes, Date, Map, Set))


def _require_cloneable(body: Any) -> None:
    if isinstance(body, (PyProxy, Function)):
        raise JsError(f"{text(body)} could not be cloned.", "DataCloneError")
    if _lost_in_json(body):
        current().refuse(f"queue content type v8 with {text(body)}, which JSON cannot hold")
    if isinstance(body, Array):
        for item in body.items:
            _require_cloneable(item)
    elif isinstance(body, PlainObject):
        for item in body.properties.values():
            _require_cloneable(item)
