"""The module `pyodide.http`: `pyfetch` and its response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import web
from .conversion import object_from_entries, to_js
from .isolate import current
from .proxies import JsException, JsProxy, proxy, to_javascript
from .rpc import headers_to_javascript
from .values import JsError, PlainObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .values import Value

_BAD_STATUS = 400
_SERVER_ERRORS = 500


class HttpStatusError(OSError):
    """`raise_for_status()` met a status of 400 or more."""

    def __init__(self, status: int, status_text: str, url: str) -> None:
        side = "Client" if status < _SERVER_ERRORS else "Server"
        super().__init__(f"{status} {side} Error: {status_text} for url: {url}")
        self.status = status
        self.status_text = status_text
        self.url = url


class HeaderMapping(Mapping[str, str]):
    """Case-insensitive; a missing header is None, as of email messages."""

    def __init__(self, pairs: dict[str, str]) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        return self._pairs.get(name.lower())  # type: ignore[return-value]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._pairs

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def get(self, name: str, failobj: Any = None) -> Any:
        """The value, or the default."""
        return self._pairs.get(name.lower(), failobj)

    def get_all(self, name: str, failobj: Any = None) -> Any:
        """A list of one value, or the default."""
        return [self._pairs[name.lower()]] if name in self else failobj


class FetchResponse:
    """A response with Python's methods."""

    def __init__(self, url: str, js_response: JsProxy) -> None:
        self._url = url
        self.js_response = js_response

    @property
    def url(self) -> str:
        """Where it came from."""
        return str(self.js_response.url or self._url)

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.js_response.status)

    @property
    def status_text(self) -> str:
        """The status's text."""
        return str(self.js_response.statusText)

    @property
    def ok(self) -> bool:
        """Status 200 to 299."""
        return bool(self.js_response.ok)

    @property
    def redirected(self) -> bool:
        """Redirects are not followed here."""
        return False

    @property
    def type(self) -> str:
        """`default`."""
        return str(self.js_response.type)

    @property
    def body_used(self) -> bool:
        """Whether the body was read."""
        return bool(self.js_response.bodyUsed)

    @property
    def headers(self) -> Any:
        """The headers by lower-case name."""
        return HeaderMapping(self.js_response._js_.headers.pairs)

    def clone(self) -> FetchResponse:
        """A copy with its own body."""
        self._raise_if_used()
        return type(self)(self._url, self.js_response.clone())

    def raise_for_status(self) -> None:
        """Raise for a status of 400 or more."""
        if self.status >= _BAD_STATUS:
            raise HttpStatusError(self.status, self.status_text, self.url)

    async def buffer(self) -> JsProxy:
        """The body as an ArrayBuffer."""
        self._raise_if_used()
        buffer: JsProxy = await self.js_response.arrayBuffer()
        return buffer

    async def text(self) -> str:
        """The body as text."""
        self._raise_if_used()
        return str(await self.js_response.text())

    string = text

    async def json(self, **options: Any) -> Any:
        """The body as Python values."""
        return json.loads(await self.string(), **options)

    async def bytes(self) -> bytes:
        """The body."""
        self._raise_if_used()
        content: bytes = (await self.js_response.arrayBuffer()).to_bytes()
        return content

    async def memoryview(self) -> memoryview:
        """The body as a view."""
        return memoryview(await self.bytes())

    def _raise_if_used(self) -> None:
        if self.body_used:
            raise OSError("Response body is already used")


async def fetch_response(resource: Any, options: dict[str, Any]) -> FetchResponse:
    """Fetch with options converted; a failed fetch is an OSError, as in Pyodide."""
    fetcher = options.pop("fetcher", None)
    if fetcher is not None:
        current().refuse("fetch(fetcher=…)")
    converted = {name: _option(name, value) for name, value in options.items() if value is not None}
    try:
        outbound = web.fetch(to_javascript(resource), PlainObject(converted))
        answer: Value = await outbound.future
    except (JsError, JsException) as error:
        raise OSError(error.message) from None
    return FetchResponse(str(resource), proxy(answer))


def _option(name: str, value: Any) -> Any:
    if name == "headers" and not isinstance(value, JsProxy):
        return headers_to_javascript(value)
    return to_javascript(to_js(value, dict_converter=object_from_entries))


async def pyfetch(url: Any, /, **options: Any) -> FetchResponse:
    """Pyodide's fetch."""
    return await fetch_response(url, options)
