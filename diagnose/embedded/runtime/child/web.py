"""Request, Response and fetch as JavaScript has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .addresses import Headers, SearchParams, Url
from .d1 import Binding, request
from .isolate import current
from .json_text import from_json, parse, stringify
from .promises import promise, rejection
from .proxies import to_javascript
from .values import (
    MISSING,
    NULL,
    Bytes,
    Function,
    JsError,
    PlainObject,
    PyProxy,
    Value,
    text,
)
from .wire import decode_bytes, encode_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .channel import Frame
    from .promises import Promise

_NULL_BODY_STATUSES = (101, 204, 205, 304)
_BODY_USED = (
    "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."
)
_STATUSES = range(200, 600)
_OK_STATUSES = range(200, 300)
_SWITCHING_PROTOCOLS = 101
_REDIRECTS = (301, 302, 303, 307, 308)


def option(options: Any, name: str) -> Any:
    """A member of an options object; undefined and null are None."""
    if isinstance(options, PyProxy):
        known = current().dict_is_object and isinstance(options.target, dict)
        value = to_javascript(options.target.get(name)) if known else None
    else:
        value = options.get(name) if isinstance(options, Value) else None
    return None if value is NULL or value is MISSING else value


class Body(Binding):
    """What Request and Response share."""

    not_imitated = frozenset({"formData", "blob", "signal", "webSocket"})
    body_members = frozenset({"headers", "body", "bodyUsed", "arrayBuffer", "clone", "url"})

    def __init__(self, content: bytes | None, headers: Headers) -> None:
        self.content = content
        self.headers = headers
        self.bodyUsed = False

    def get(self, name: str) -> Any:
        """Properties; `text`, `json` and `bytes` are methods of a body."""
        methods: dict[str, Callable[..., Any]] = {
            "text": self._as_text,
            "json": self._as_json,
            "bytes": self._as_bytes,
        }
        return Function(methods[name], name) if name in methods else super().get(name)

    @property
    def body(self) -> Any:
        """A stream in JavaScript; here only whether there is one."""
        return NULL if self.content is None else ReadableStream(self)

    def arrayBuffer(self) -> Promise:  # noqa: N802 - JavaScript's name
        """The bytes."""
        return self._consume(lambda content: Bytes(content, "ArrayBuffer"))

    def _as_bytes(self) -> Promise:
        return self._consume(Bytes)

    def _as_text(self) -> Promise:
        return self._consume(lambda content: content.decode("utf-8-sig", "replace"))

    def _as_json(self) -> Promise:
        return self._consume(lambda content: parse(content.decode("utf-8-sig", "replace")))

    def _consume(self, convert: Any) -> Promise:
        if self.bodyUsed:
            return rejection(JsError(_BODY_USED, "TypeError"))
        self.bodyUsed = self.content is not None
        try:
            return promise(convert(self.content or b""))
        except JsError as error:
            return rejection(error)


class ReadableStream(Binding):
    """The body of a message; it can be handed on, not read piece by piece."""

    constructor = "ReadableStream"
    not_imitated = frozenset({"getReader", "pipeTo", "pipeThrough", "tee"})

    def __init__(self, source: Body) -> None:
        self.source = source


def body_of(value: Any) -> tuple[bytes | None, str | None]:
    """The bytes that a value makes as a body, and the content type that it implies."""
    if value is None or value is NULL:
        return None, None
    if isinstance(value, Bytes):
        return value.content, None
    if isinstance(value, ReadableStream):
        value.source.bodyUsed = True
        return value.source.content, None
    if isinstance(value, SearchParams):
        return value.text().encode(), "application/x-www-form-urlencoded;charset=UTF-8"
    if isinstance(value, PyProxy) and isinstance(value.target, (bytes, bytearray, memoryview)):
        current().refuse("a body of Python bytes that was not converted with to_js")
    return text(value).encode("utf-8", "replace"), "text/plain;charset=UTF-8"


class Request(Body):
    """A request: the trigger's, or one of the worker's own."""

    constructor = "Request"
    members = Body.body_members | {"method", "redirect", "cf"}
    redirect = "follow"
    cf = NULL

    def __init__(self, resource: Any, options: Any = None) -> None:
        origin = resource if isinstance(resource, Request) else None
        own_headers = option(options, "headers")
        content, implied = body_of(option(options, "body"))
        self.method: str
        self.url: str
        super().__init__(
            content if content is not None else origin.content if origin else None,
            Headers(own_headers if own_headers is not None else origin.headers if origin else None),
        )
        self.method = text(option(options, "method") or (origin.method if origin else "GET")).upper()
        self.url = origin.url if origin else Url(resource).href
        if implied and not self.headers.has("content-type"):
            self.headers.append("content-type", implied)
        if self.content is not None and self.method in {"GET", "HEAD"}:
            raise JsError("Request with a GET or HEAD method cannot have a body.", "TypeError")

    def clone(self) -> Request:
        """A copy with its own body."""
        return Request(self)


class Response(Body):
    """A response: the worker's answer, or that of a fetch."""

    constructor = "Response"
    members = Body.body_members | {"status", "statusText", "ok", "redirected", "type"}
    redirected = False
    type = "default"

    def __init__(self, body: Any = None, options: Any = None, *, url: str = "") -> None:
        content, implied = body_of(body)
        super().__init__(content, Headers(option(options, "headers")))
        status = option(options, "status")
        self.status = 200 if status is None else int(status)
        self.statusText = text(option(options, "statusText") or "")
        self.url = url
        if self.status not in _STATUSES and self.status != _SWITCHING_PROTOCOLS:
            message = (
                "Responses may only be constructed with status codes in the range 200 to 599, inclusive."
            )
            raise JsError(message, "RangeError")
        if content is not None and self.status in _NULL_BODY_STATUSES:
            raise JsError(
                "Response with null body status (101, 204, 205, or 304) cannot have a body.", "TypeError"
            )
        if implied and not self.headers.has("content-type"):
            self.headers.append("content-type", implied)

    @property
    def ok(self) -> bool:
        """Status 200 to 299."""
        return self.status in _OK_STATUSES

    def clone(self) -> Response:
        """A copy with its own body."""
        options = PlainObject({"status": self.status, "statusText": self.statusText, "headers": self.headers})
        copy = Response(None, options, url=self.url)
        copy.content = self.content
        return copy


def json_response(data: Any = None, options: Any = None) -> Response:
    """`Response.json()`."""
    body = stringify(data)
    if body is None:
        raise JsError("Value is not JSON serializable", "TypeError")
    response = Response(None, options)
    response.content = body.encode("utf-8", "surrogatepass")
    if not response.headers.has("content-type"):
        response.headers.append("content-type", "application/json")
    return response


def redirect_response(address: Any, status: Any = 302) -> Response:
    """`Response.redirect()`."""
    if int(status) not in _REDIRECTS:
        raise JsError(f"{int(status)} is not a redirect status code.", "RangeError")
    return Response(None, from_json({"status": int(status), "headers": {"location": Url(address).href}}))


def fetch(resource: Any = None, options: Any = None) -> Promise:
    """Ask the parent for a recorded answer; without one the invocation ends."""
    try:
        outbound = Request(resource, options)
        body = None if outbound.content is None else encode_bytes(outbound.content)
        frame = {"op": "fetch", "url": outbound.url, "method": outbound.method, "body": body}
        reply = request({**frame, "headers": outbound.headers.pairs})
    except JsError as error:
        return rejection(error)
    response = Response(None, from_json({"headers": reply["headers"]}), url=outbound.url)
    response.status = reply["status"]
    response.content = decode_bytes(reply["body"])
    return promise(response)


def response_frame(answer: Response) -> Frame:
    """A response as the parent receives it."""
    return {
        "op": "response",
        "status": answer.status,
        "headers": answer.headers.pairs,
        "body": encode_bytes(answer.content or b""),
    }
