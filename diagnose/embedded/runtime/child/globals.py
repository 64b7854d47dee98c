"""The module `js`: the global scope of a Worker, as far as it is imitated."""

from __future__ import annotations

import asyncio
import time
from types import ModuleType
from typing import Any

from . import addresses, web
from .console import console
from .conversion import object_from_entries
from .isolate import current
from .json_text import parse, stringify
from .promises import Promise, call, promise, rejection, settle
from .proxies import proxy, to_python
from .values import (
    NULL,
    Array,
    BigInt,
    Bytes,
    Date,
    Error,
    Function,
    JsError,
    Map,
    PlainObject,
    Set,
    Value,
    iterate,
    text,
)

_NOT_IMITATED = frozenset(
    [
        "AbortController",
        "AbortSignal",
        "Atomics",
        "BigInt64Array",
        "BigUint64Array",
        "Blob",
        "Boolean",
        "BroadcastChannel",
        "ByteLengthQueuingStrategy",
        "Cache",
        "CacheStorage",
        "CompressionStream",
        "CountQueuingStrategy",
        "Crypto",
        "CryptoKey",
        "CustomEvent",
        "DOMException",
        "DataView",
        "DecompressionStream",
        "DigestStream",
        "Event",
        "EventSource",
        "EventTarget",
        "ExtendableEvent",
        "FetchEvent",
        "File",
        "FinalizationRegistry",
        "FixedLengthStream",
        "Float32Array",
        "Float64Array",
        "FormData",
        "Function",
        "HTMLRewriter",
        "IdentityTransformStream",
        "Int16Array",
        "Int32Array",
        "Int8Array",
        "Intl",
        "MessageChannel",
        "MessageEvent",
        "MessagePort",
        "Navigator",
        "Number",
        "Performance",
        "Proxy",
        "ReadableStream",
        "Reflect",
        "RegExp",
        "SharedArrayBuffer",
        "String",
        "SubtleCrypto",
        "Symbol",
        "TextDecoder",
        "TextDecoderStream",
        "TextEncoder",
        "TextEncoderStream",
        "TransformStream",
        "URLPattern",
        "Uint16Array",
        "Uint32Array",
        "Uint8ClampedArray",
        "WeakMap",
        "WeakRef",
        "WeakSet",
        "WebAssembly",
        "WebSocket",
        "WebSocketPair",
        "WritableStream",
        "addEventListener",
        "atob",
        "btoa",
        "caches",
        "eval",
        "navigator",
        "reportError",
        "scheduler",
        "setInterval",
        "clearInterval",
        "structuredClone",
        "Math",
        "encodeURIComponent",
        "decodeURIComponent",
        "encodeURI",
        "decodeURI",
        "parseInt",
        "parseFloat",
        "isNaN",
        "isFinite",
        "globalThis",
        "self",
        "pyodide",
    ]
)
"""What a Worker's global scope has and this one has not."""


def _now() -> float:
    """Milliseconds. Time stands still within a Worker between input and output; here it moves."""
    return float(int(time.time() * 1000))


def _date(value: Any = None, *parts: Any) -> Date:
    if value is None:
        return Date(_now())
    if parts:
        current().refuse("js.Date.new(year, month, …)")
    if isinstance(value, str):
        return Date(_parse_date(value))
    return Date(value.milliseconds if isinstance(value, Date) else float(value))


def _parse_date(value: str) -> float:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        current().refuse("js.Date with text that is not ISO 8601")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000


def _object(name: str, statics: dict[str, Any], create: Any = None) -> Function:
    functions = {key: Function(value, key) if callable(value) else value for key, value in statics.items()}
    return Function(create or (lambda *_: PlainObject()), name, create=create, statics=functions)


def _properties(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Array):
        return [(str(index), item) for index, item in enumerate(value.items)]
    return [(key, value.get(key)) for key in value.keys()] if isinstance(value, Value) else []  # noqa: SIM118 - not a dict


def _assign(target: Any, *sources: Any) -> Any:
    for source in sources:
        for key, value in _properties(source):
            target.set(key, value)
    return target


def _set_timeout(callback: Any, milliseconds: Any = 0, *values: Any) -> float:
    if not current().in_handler:
        raise JsError(current().require_handler() or "")
    handle = asyncio.get_running_loop().call_later((milliseconds or 0) / 1000, call, callback, *values)
    _timers.append(handle)
    return len(_timers)


_timers: list[asyncio.TimerHandle] = []


def _clear_timeout(number: Any = None) -> None:
    if isinstance(number, (int, float)) and 0 < number <= len(_timers):
        _timers[int(number) - 1].cancel()


def _random_uuid() -> str:
    from uuid import uuid4

    return str(uuid4())


def _promise_all(values: Any) -> Promise:
    async def settle_all() -> Array:
        return Array(list(await asyncio.gather(*[settle(value) for value in iterate(values)])))

    return Promise(asyncio.ensure_future(settle_all()))


def _bytes(name: str) -> Any:
    def create(source: Any = 0) -> Bytes:
        if isinstance(source, (int, float)):
            return Bytes(bytes(int(source)), name)
        if isinstance(source, Bytes):
            return Bytes(source.content, name)
        return Bytes(bytes(int(item) % 256 for item in iterate(source)), name)

    return create


def _containers() -> dict[str, Any]:
    array_statics: dict[str, Any] = {
        "from": lambda source: Array(list(iterate(source))),
        "of": lambda *items: Array(list(items)),
        "isArray": lambda value: isinstance(value, Array),
    }
    object_statics: dict[str, Any] = {
        "fromEntries": lambda entries: object_from_entries(proxy(entries))._js_,
        "keys": lambda value: Array([key for key, _ in _properties(value)]),
        "values": lambda value: Array([item for _, item in _properties(value)]),
        "entries": lambda value: Array([Array(list(pair)) for pair in _properties(value)]),
        "assign": _assign,
    }
    return {
        "Object": _object("Object", object_statics, lambda *_: PlainObject()),
        "Array": _object("Array", array_statics, lambda *items: Array(list(items))),
        "Map": _object("Map", {}, lambda entries=None: Map(dict(map(iterate, iterate(entries or Array()))))),
        "Set": _object("Set", {}, lambda items=None: Set(set(iterate(items or Array())))),
        "Uint8Array": _object("Uint8Array", {}, _bytes("Uint8Array")),
        "ArrayBuffer": _object("ArrayBuffer", {}, _bytes("ArrayBuffer")),
    }


def _primitives() -> dict[str, Any]:
    json_text = {"parse": lambda value: parse(text(value)), "stringify": stringify}
    return {
        "undefined": None,
        "null": NULL,
        "NaN": float("nan"),
        "Infinity": float("inf"),
        "BigInt": Function(lambda value: BigInt(int(value)), "BigInt"),
        "JSON": PlainObject({name: Function(member, name) for name, member in json_text.items()}),
        "Error": _object("Error", {}, lambda message="": Error(text(message))),
        "TypeError": _object("TypeError", {}, lambda message="": Error(text(message), "TypeError")),
        "RangeError": _object("RangeError", {}, lambda message="": Error(text(message), "RangeError")),
    }


def _time_and_promises() -> dict[str, Any]:
    statics: dict[str, Any] = {
        "resolve": lambda value=None: value if isinstance(value, Promise) else promise(value),
        "reject": lambda value=None: rejection(
            JsError(value.message, value.name) if isinstance(value, Error) else JsError(text(value))
        ),
        "all": _promise_all,
    }
    return {
        "Date": _object("Date", {"now": _now, "parse": _parse_date}, _date),
        "Promise": _object("Promise", statics),
        "setTimeout": Function(_set_timeout, "setTimeout"),
        "clearTimeout": Function(_clear_timeout, "clearTimeout"),
        "queueMicrotask": Function(_set_timeout, "queueMicrotask"),
        "performance": PlainObject({"now": Function(_now, "now")}),
    }


def _web() -> dict[str, Any]:
    response_statics = {"json": web.json_response, "redirect": web.redirect_response}
    return {
        "console": console(),
        "crypto": PlainObject({"randomUUID": Function(_random_uuid, "randomUUID")}),
        "fetch": Function(web.fetch, "fetch"),
        "Headers": _object("Headers", {}, addresses.Headers),
        "Request": _object("Request", {}, web.Request),
        "Response": _object("Response", response_statics, web.Response),
        "URL": _object("URL", {"canParse": _can_parse}, addresses.Url),
        "URLSearchParams": _object("URLSearchParams", {}, addresses.SearchParams),
    }


def _can_parse(address: Any) -> bool:
    try:
        addresses.Url(address)
    except JsError:
        return False
    return True


def module() -> ModuleType:
    """The module `js`."""
    scope = {**_primitives(), **_containers(), **_time_and_promises(), **_web()}
    result = ModuleType("js", "The global scope of JavaScript.")

    def find(name: str) -> Any:
        if name in scope:
            return to_python(scope[name])
        if name in _NOT_IMITATED:
            current().refuse(f"js.{name}")
        raise AttributeError(f"module 'js' has no attribute {name!r}")

    result.__getattr__ = find  # type: ignore[method-assign]
    return result
