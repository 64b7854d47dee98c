"""What the SDK (1.9.5) converts at bindings: the "wrapped" column of the reference table."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import addresses, web
from .conversion import object_from_entries, to_js
from .proxies import JsProxy, create_proxy, proxy
from .values import NULL, Array, Date, Error, PyProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PASSTHROUGH = {"ArrayBuffer", "Uint8Array", "ReadableStream", "URLSearchParams", "Response", "Headers"}
_WRAPPED = {"D1Database", "WorkerQueue"}


class JsDict(dict[str, Any]):
    """A result: a dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def from_rpc(value: Any) -> Any:
    """Deep conversion of a result: objects become JsDict, null None, Date a datetime."""
    if value is NULL:
        return None
    if not isinstance(value, JsProxy):
        return value
    return _without_null(value.to_py(default_converter=_result_converter))


def _result_converter(value: Any, _convert: Any, _cache: Any) -> Any:
    from . import sdk

    inner = value._js_
    if isinstance(inner, web.Response):
        return sdk.Response(value)
    if isinstance(inner, web.Request):
        return sdk.Request(value)
    if isinstance(inner, Date):
        # The SDK makes a naive local time; a Worker's zone is UTC.
        return datetime.fromtimestamp(inner.milliseconds / 1000, UTC).replace(tzinfo=None)
    return Exception(inner.text()) if isinstance(inner, Error) else value


def _without_null(value: Any) -> Any:
    if value is NULL:
        return None
    if isinstance(value, dict):
        return JsDict({key: _without_null(item) for key, item in value.items()})
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def to_rpc(value: Any) -> Any:
    """Deep conversion of an argument. Raises TypeError for a tuple, a bytearray or an awaitable."""
    if value is None:
        return NULL
    if isinstance(value, BindingWrapper):
        return value._binding  # noqa: SLF001 - documented, or of a neighbour
    value = _with_null(value)
    _require_sendable(value)
    return to_js(value, default_converter=_argument_converter, dict_converter=object_from_entries)


def _with_null(value: Any) -> Any:
    if value is None:
        return NULL
    if isinstance(value, dict):
        return {key: _with_null(item) for key, item in value.items()}
    return [_with_null(item) for item in value] if isinstance(value, list) else value


def _argument_converter(value: Any, _convert: Any, _cache: Any) -> Any:
    if isinstance(value, BindingWrapper):
        return value._binding  # noqa: SLF001 - documented, or of a neighbour
    if hasattr(value, "js_object"):
        return value.js_object
    if isinstance(value, datetime):
        return proxy(Date(value.timestamp() * 1000))
    if isinstance(value, Exception):
        return proxy(Error(str(value)))
    if callable(value) and not isinstance(value, type):
        return create_proxy(value)
    _require_sendable(value)
    return proxy(PyProxy(value))


def _require_sendable(value: Any) -> None:
    if isinstance(value, BindingWrapper) or (callable(value) and not isinstance(value, type)):
        return
    if isinstance(value, (tuple, bytearray)):
        raise TypeError(f"{type(value)} cannot be sent over RPC.")
    if inspect.isawaitable(value):
        raise TypeError(f"Awaitable {type(value)} cannot be sent over RPC.")
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return
    for item in value.values() if isinstance(value, dict) else value:
        _require_sendable(item)


class BindingWrapper:
    """A binding, or an object it returned, with arguments and results converted."""

    def __init__(self, binding: JsProxy) -> None:
        self._binding = binding

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._binding, name)
        if not callable(member):
            return self._result(member)

        def method(*args: Any, **options: Any) -> Any:
            return self._call(member, args, options)

        return method

    def __getitem__(self, key: Any) -> Any:
        return self._result(self._binding[key] if isinstance(key, int) else getattr(self._binding, key))  # type: ignore[index]

    def __iter__(self) -> Iterator[Any]:
        if not hasattr(self._binding, "__iter__"):
            raise TypeError(f"'{self._binding._js_.constructor}' object is not iterable")
        for item in self._binding:  # type: ignore[attr-defined]
            yield self._result(item)

    def _call(self, member: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        result = member(*map(to_rpc, args), **{name: to_rpc(value) for name, value in options.items()})
        if isinstance(result, JsProxy) and hasattr(result, "__await__"):
            return self._await(result)
        return self._result(result)

    async def _await(self, result: Any) -> Any:
        return self._result(await result)

    def _result(self, result: Any) -> Any:
        converted = from_rpc(result)
        if isinstance(converted, list):
            return [self._boxed(item) for item in converted]
        return self._boxed(converted)

    def _boxed(self, value: Any) -> Any:
        if isinstance(value, JsProxy) and value._js_.constructor not in _PASSTHROUGH:
            return type(self)(value)
        return value


class EnvWrapper:
    """`env` of the SDK: D1 databases and queues are wrapped."""

    def __init__(self, env: Any) -> None:
        self._env = env

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._env, name)
        if isinstance(found, JsProxy) and found._js_.constructor in _WRAPPED:
            return BindingWrapper(found)
        return found


def headers_to_javascript(headers: Any) -> addresses.Headers:
    """Headers from a dict, a list of pairs or a JavaScript Headers."""
    if isinstance(headers, JsProxy) and isinstance(headers._js_, addresses.Headers):
        return headers._js_
    if isinstance(headers, (dict, list)):
        pairs = headers.items() if isinstance(headers, dict) else headers
        return addresses.Headers(Array([Array([str(name), str(value)]) for name, value in pairs]))
    raise TypeError("Received unexpected type for headers argument")
