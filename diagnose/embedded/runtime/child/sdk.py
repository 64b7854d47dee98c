"""The module `workers`: what the Python SDK puts on top of `js` and `pyodide`.

Behaviour after workers-runtime-sdk 1.9.5 and the SDK that the runtime carried before 2026-04-21.
"""

from __future__ import annotations

import functools
import inspect
import json
from http import HTTPMethod, HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import web
from .http import FetchResponse as PyodideFetchResponse
from .http import HeaderMapping, fetch_response
from .isolate import current
from .proxies import JsException, JsProxy, proxy, to_javascript
from .rpc import EnvWrapper, from_rpc, headers_to_javascript, to_rpc
from .values import NULL, Bytes, Function, JsError, PlainObject

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_IMITATED = [
    "Blob",
    "BlobEnding",
    "BlobValue",
    "File",
    "FormData",
    "FormDataValue",
    "patch_env",
]
_BODY_TYPES = {"ArrayBuffer", "Uint8Array", "ReadableStream", "URLSearchParams", "Response"}


class FetchResponse(PyodideFetchResponse):
    """A response with Python's methods."""

    @property
    def js_object(self) -> JsProxy:
        """The JavaScript response."""
        return self.js_response

    @property
    def body(self) -> Any:
        """The stream, or None."""
        found = self.js_response.body
        return None if found is NULL else found

    def replace_body(self, body: Any) -> Response:
        """The same status and headers with another body."""
        return Response(
            body, status=self.status, status_text=self.status_text, headers=self.js_object.headers
        )

    @staticmethod
    def redirect(url: str, status: HTTPStatus | int = HTTPStatus.FOUND) -> JsProxy:
        """A redirect."""
        return proxy(_raise_as_python(web.redirect_response, url, int(status)))

    @staticmethod
    def from_json(
        data: Any, status: HTTPStatus | int = HTTPStatus.OK, status_text: str = "", headers: Any = None
    ) -> Response:
        """A response with `data` as JSON text."""
        if isinstance(data, JsProxy):
            body = web.json_response(to_javascript(data)).content or b""
        else:
            body = json.dumps(data).encode()
        response = Response(body, status=status, status_text=status_text, headers=headers)
        if not response.js_object._js_.headers.has("content-type"):
            response.js_object._js_.headers.append("content-type", "application/json")
        return response

    def json(self, *args: Any, **options: Any) -> Any:
        """Awaited on a response: its body; called on the class: `from_json`."""
        if isinstance(self, PyodideFetchResponse):
            return super().json()
        return FetchResponse.from_json(self, *args, **options)  # type: ignore[unreachable]


class Response(FetchResponse):
    """The response of a handler."""

    def __init__(
        self,
        body: Any = None,
        status: HTTPStatus | int | None = None,
        status_text: str = "",
        headers: Any = None,
        web_socket: Any = None,
    ) -> None:
        if web_socket is not None:
            current().refuse("workers.Response(web_socket=…)")
        _require_body_type(body)
        if isinstance(body, JsProxy) and isinstance(body._js_, web.Response):
            if status is not None or status_text or headers is not None:
                raise ValueError("Expected no options when constructing Response from a js.Response")
            super().__init__(body.url, body)
            return
        options: dict[str, Any] = {"status": int(status)} if status else {}
        if status_text:
            options["statusText"] = status_text
        if headers:
            options["headers"] = headers_to_javascript(headers)
        content = Bytes(body) if isinstance(body, bytes) else to_javascript(body)
        try:
            response = web.Response(content, PlainObject(options))
        except JsError as error:
            raise JsException(error.message, error.name) from None
        super().__init__("", proxy(response))

    def __repr__(self) -> str:
        return f"Response(status={self.status})"


def _require_body_type(body: Any) -> None:
    if isinstance(body, JsProxy):
        name = body._js_.constructor
        if name not in _BODY_TYPES:
            raise TypeError(f"Unsupported type in Response: {name}")
    elif not isinstance(body, (str, bytes)) and body is not None:
        raise TypeError(f"Unsupported type in Response: {type(body).__name__}")


def _raise_as_python(function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except JsError as error:
        kind = {"RangeError": ValueError, "TypeError": TypeError}.get(error.name)
        raise (kind(error.message) if kind else JsException(error.message, error.name)) from None


class Request:
    """The request of a handler."""

    def __init__(self, input: Any, **options: Any) -> None:  # noqa: A002 - the SDK's name
        if isinstance(input, JsProxy) and isinstance(input._js_, web.Request):
            if options:
                raise ValueError("Expected no options when constructing Request from a js.Request")
            self._js_request = input
            return
        resource = input.js_object if isinstance(input, Request) else input
        if options.get("headers"):
            options["headers"] = proxy(headers_to_javascript(options["headers"]))
        converted = PlainObject({name: to_javascript(value) for name, value in options.items()})
        self._js_request = proxy(_raise_as_python(web.Request, to_javascript(resource), converted))

    @property
    def js_object(self) -> JsProxy:
        """The JavaScript request."""
        return self._js_request

    @property
    def method(self) -> HTTPMethod:
        """Such as HTTPMethod.POST, which equals "POST"."""
        return HTTPMethod[self.js_object.method]

    @property
    def url(self) -> str:
        """The whole address."""
        return str(self.js_object.url)

    @property
    def headers(self) -> HeaderMapping:
        """Case-insensitive."""
        return HeaderMapping(self.js_object._js_.headers.pairs)

    @property
    def body(self) -> Any:
        """The stream, or None."""
        found = self.js_object.body
        return None if found is NULL else found

    @property
    def body_used(self) -> bool:
        """Whether the body was read."""
        return bool(self.js_object.bodyUsed)

    @property
    def cf(self) -> None:
        """There are no properties of Cloudflare's network."""

    def clone(self) -> Request:
        """A copy with its own body."""
        self._raise_if_used()
        return Request(self.js_object.clone())

    async def buffer(self) -> Any:
        """The body as an ArrayBuffer."""
        self._raise_if_used()
        return await self.js_object.arrayBuffer()

    async def bytes(self) -> bytes:
        """The body."""
        content: bytes = (await self.buffer()).to_bytes()
        return content

    async def text(self) -> str:
        """The body as text."""
        self._raise_if_used()
        return str(await self.js_object.text())

    async def json(self, **options: Any) -> Any:
        """The body as Python values."""
        return json.loads(await self.text(), **options)

    async def form_data(self) -> Any:
        """Not imitated."""
        current().refuse("workers.Request.form_data")

    async def blob(self) -> Any:
        """Not imitated."""
        current().refuse("workers.Request.blob")

    def _raise_if_used(self) -> None:
        if self.body_used:
            raise OSError("Body already used")


async def fetch(resource: Any, **options: Any) -> Response:
    """`fetch` with Python's options."""
    if isinstance(resource, Request):
        resource = resource.js_object
    answer = await fetch_response(resource, options)
    return Response(answer.js_response)


class WorkerEntrypoint:
    """Base class of a Worker: bindings in `env`, the execution context in `ctx`."""

    def __init__(self, ctx: Any, env: Any) -> None:
        self.ctx = ctx
        self.env = env

    def __init_subclass__(cls, **_options: Any) -> None:
        """Wrap `env` before the class's own `__init__` sees it."""
        own = cls.__dict__.get("__init__")
        if own is None:
            return

        def wrapped(self: Any, ctx: Any, env: Any = None, *args: Any) -> None:
            own(self, ctx, wrap_env(env), *args)

        cls.__init__ = wrapped  # type: ignore[method-assign]


class DurableObject:
    """Base class of objects that are reached through their own binding only, which is not imitated."""

    def __init__(self, *_given: Any) -> None:
        current().refuse("workers.DurableObject")


class WorkflowEntrypoint:
    """Base class of workflows, which are reached through their own binding only, as above."""

    def __init__(self, *_given: Any) -> None:
        current().refuse("workers.WorkflowEntrypoint")


def wrap_env(env: Any) -> Any:
    """`env` as the SDK in force gives it."""
    return EnvWrapper(env) if current().wrapped and not isinstance(env, EnvWrapper) else env


def handler(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of module-level handlers: the request and `env` become Python's."""

    @functools.wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        converted = list(args)
        if converted and isinstance(converted[0], JsProxy) and isinstance(converted[0]._js_, web.Request):
            converted[0] = Request(converted[0])
        if len(converted) > 1:
            converted[1] = wrap_env(converted[1])
        return function(*converted, **options)

    wrapper.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return wrapper


def import_from_javascript(name: str) -> Any:
    """Only `cloudflare:workers` is imitated."""
    if name != "cloudflare:workers":
        current().refuse(f"workers.import_from_javascript({name!r})")
    return proxy(cloudflare_workers())


def cloudflare_workers() -> PlainObject:
    """The module of that name: `env` and `waitUntil`."""
    from .context import environment, wait_until

    return PlainObject({"env": environment(), "waitUntil": Function(wait_until, "waitUntil")})


def module() -> ModuleType:
    """The module `workers`."""
    result = ModuleType("workers", "The Python SDK.")
    names = {
        "DurableObject": DurableObject,
        "FetchResponse": FetchResponse,
        "Request": Request,
        "Response": Response,
        "WorkerEntrypoint": WorkerEntrypoint,
        "WorkflowEntrypoint": WorkflowEntrypoint,
        "fetch": fetch,
        "handler": handler,
        "import_from_javascript": import_from_javascript,
        "python_from_rpc": from_rpc,
        "python_to_rpc": to_rpc,
        "Context": Any,
        "Headers": Any,
        "Body": Any,
    }
    result.__dict__.update(names)

    def find(name: str) -> Any:
        if name == "env":
            return wrap_env(import_from_javascript("cloudflare:workers").env)
        if name in {"waitUntil", "wait_until"}:
            return import_from_javascript("cloudflare:workers").waitUntil
        if name in _NOT_IMITATED:
            current().refuse(f"workers.{name}")
        raise AttributeError(f"module 'workers' has no attribute {name!r}")

    result.__getattr__ = find  # type: ignore[method-assign]
    return result
