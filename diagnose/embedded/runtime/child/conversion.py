"""Pyodide's deep conversion of Python values to JavaScript ones: `to_js`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .isolate import current
from .proxies import proxy, to_javascript, to_python
from .values import Array, Bytes, Map, PlainObject, PyProxy, Set, iterate, text

if TYPE_CHECKING:
    from .proxies import JsProxy


def to_js(
    value: Any,
    /,
    *,
    depth: int = -1,
    pyproxies: Any = None,
    create_pyproxies: bool = True,
    dict_converter: Any = None,
    default_converter: Any = None,
    eager_converter: Any = None,
) -> Any:
    """Pyodide's deep conversion: list and tuple → Array, dict → Map (object on 314), bytes → Uint8Array."""
    if eager_converter is not None:
        current().refuse("pyodide.ffi.to_js(eager_converter=…)")
    del pyproxies
    return to_python(_deep_to_javascript(value, depth, dict_converter, default_converter, create_pyproxies))


def _deep_to_javascript(value: Any, depth: int, dicts: Any, default: Any, proxies: bool) -> Any:  # noqa: FBT001, PLR0911 - internal recursion
    def child(member: Any) -> Any:
        return _deep_to_javascript(member, depth - 1, dicts, default, proxies)

    plain = to_javascript(value)
    if depth == 0 or not isinstance(plain, PyProxy):
        return plain
    if isinstance(value, (list, tuple)):
        return Array([child(item) for item in value])
    if isinstance(value, dict):
        return _dict_to_javascript({key: child(item) for key, item in value.items()}, dicts)
    if isinstance(value, (set, frozenset)):
        return Set({to_javascript(item) for item in value})
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Bytes(bytes(value))
    if default is not None:
        return to_javascript(
            default(value, lambda member: to_python(child(member)), lambda _key, _value: None)
        )
    if not proxies:
        raise ConversionError("No conversion known for x.")
    return plain


def _dict_to_javascript(members: dict[Any, Any], converter: Any) -> Any:
    if converter is not None:
        entries = Array([Array([to_javascript(key), item]) for key, item in members.items()])
        return to_javascript(converter(proxy(entries)))
    if current().dict_is_object and all(isinstance(key, str) for key in members):
        return PlainObject(dict(members))
    return Map({to_javascript(key): item for key, item in members.items()})


def object_from_entries(entries: JsProxy) -> JsProxy:
    """`Object.fromEntries`, the usual dict_converter."""
    pairs = [list(iterate(pair)) for pair in iterate(entries._js_)]
    return proxy(PlainObject({text(pair[0]): pair[1] for pair in pairs}))


class ConversionError(Exception):
    """Pyodide's error when a value cannot be converted."""
