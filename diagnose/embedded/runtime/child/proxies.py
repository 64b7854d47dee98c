"""The boundary between Python and JavaScript, as Pyodide draws it: proxies, and what crosses as it is."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from .isolate import current
from .values import (
    MISSING,
    NULL,
    SAFE_INTEGER,
    Array,
    BigInt,
    Bytes,
    Entries,
    Error,
    Function,
    JsError,
    JsNull,
    Map,
    PlainObject,
    PyProxy,
    Set,
    Value,
    iterate,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class JsException(Exception):  # noqa: N818 - Pyodide's name
    """A JavaScript error that arrived in Python. `str()` gives `Error: message`."""

    def __init__(self, message: str = "", name: str = "Error") -> None:
        super().__init__(f"{name}: {message}")
        self.message = message
        self.name = name

    @property
    def js_error(self) -> JsProxy:
        """The error object itself."""
        return proxy(Error(self.message, self.name))

    @property
    def stack(self) -> str:
        """The first line of JavaScript's stack."""
        return str(self)

    @property
    def cause(self) -> Any:
        """The cause that D1 attaches, or None."""
        return to_python(Error(self.message, self.name).cause)


class JsProxy:
    """A JavaScript object seen from Python: attributes, no subscripts."""

    def __init__(self, value: Value) -> None:
        object.__setattr__(self, "_js_", value)

    def __getattr__(self, name: str) -> Any:
        found = self._js_.get(name)
        if found is MISSING:
            raise AttributeError(name)
        return to_python(found)

    def __setattr__(self, name: str, value: Any) -> None:
        with_python_errors(self._js_.set, name, to_javascript(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsProxy) and other._js_ is self._js_

    def __hash__(self) -> int:
        return id(self._js_)

    def __repr__(self) -> str:
        return text(self._js_)

    def __dir__(self) -> list[str]:
        return [*self._js_.members, *self._js_.keys(), "to_py", "object_keys"]

    @property
    def typeof(self) -> str:
        """JavaScript's `typeof`."""
        return "function" if isinstance(self._js_, Function) else "object"

    @property
    def js_id(self) -> int:
        """A number that two proxies of one object share."""
        return id(self._js_)

    def to_py(self, *, depth: int = -1, default_converter: Any = None) -> Any:
        """Arrays, Maps, Sets and plain objects become list, dict and set; others stay."""
        return _deep_to_python(self._js_, depth, default_converter)

    def object_keys(self) -> JsProxy:
        """`Object.keys`."""
        return proxy(Array(list(self._js_.keys())))

    def object_values(self) -> JsProxy:
        """`Object.values`."""
        return proxy(Array([self._js_.get(key) for key in self._js_.keys()]))  # noqa: SIM118 - not a dict

    def object_entries(self) -> JsProxy:
        """`Object.entries`."""
        return proxy(Array([Array([key, self._js_.get(key)]) for key in self._js_.keys()]))  # noqa: SIM118 - not a dict

    def as_object_map(self) -> dict[str, Any]:
        """The properties as a mapping; ours is a copy."""
        return {key: to_python(self._js_.get(key)) for key in self._js_.keys()}  # noqa: SIM118 - not a dict


class JsIterable(JsProxy):
    """A proxy of something with an iterator: Headers, URLSearchParams, Set."""

    def __iter__(self) -> Iterator[Any]:
        return iter([to_python(item) for item in iterate(self._js_)])


class JsArray(JsIterable):
    """A proxy of an array: it has a length and subscripts."""

    def __len__(self) -> int:
        return len(self._js_.items)

    def __getitem__(self, index: Any) -> Any:
        found = self._js_.items[index]
        return proxy(Array(found)) if isinstance(index, slice) else to_python(found)

    def __setitem__(self, index: int, value: Any) -> None:
        self._js_.items[index] = to_javascript(value)

    def append(self, value: Any) -> None:
        """As of a list."""
        self._js_.items.append(to_javascript(value))


class JsMap(JsProxy):
    """A proxy of a Map: subscripts are its keys."""

    def __len__(self) -> int:
        return len(self._js_.entries)

    def __iter__(self) -> Iterator[Any]:
        return iter([to_python(key) for key in self._js_.entries])

    def __contains__(self, key: Any) -> bool:
        return to_javascript(key) in self._js_.entries

    def __getitem__(self, key: Any) -> Any:
        return to_python(self._js_.entries[to_javascript(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._js_.entries[to_javascript(key)] = to_javascript(value)


class JsBuffer(JsProxy):
    """A proxy of a typed array or ArrayBuffer."""

    def __len__(self) -> int:
        return len(self._js_.content)

    def __getitem__(self, index: Any) -> Any:
        return self._js_.content[index]

    def to_bytes(self) -> bytes:
        """A copy."""
        return bytes(self._js_.content)

    def to_string(self, encoding: str = "utf-8") -> str:
        """Decoded."""
        return str(self._js_.content.decode(encoding))

    def to_memoryview(self) -> memoryview:
        """A view of a copy."""
        return memoryview(bytes(self._js_.content))


class JsCallable(JsProxy):
    """A proxy of a function: arguments and the result are converted, keywords become a last object."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call it with `this` undefined."""
        return to_python(with_python_errors(self._js_.call, *arguments(args, options)))

    def new(self, *args: Any, **options: Any) -> Any:
        """`new Function(...)`."""
        if self._js_.create is None:
            raise JsException(f"{self._js_.name} is not a constructor", "TypeError")
        return to_python(with_python_errors(self._js_.create, *arguments(args, options)))


class JsDoubleProxy(JsProxy):
    """What `create_proxy` returns: a Python object held for JavaScript."""

    def destroy(self) -> None:
        """Nothing to free here."""

    def unwrap(self) -> Any:
        """The Python object."""
        return self._js_.target

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the Python object."""
        return self._js_.target(*args, **options)


def with_python_errors(function: Callable[..., Any], *values: Any) -> Any:
    """Call into JavaScript; its errors become JsException."""
    try:
        return function(*values)
    except JsError as error:
        raise JsException(error.message, error.name) from None


def arguments(args: tuple[Any, ...], options: dict[str, Any]) -> list[Any]:
    """Positional arguments, and keywords as one plain object behind them."""
    values = [to_javascript(value) for value in args]
    if options:
        values.append(PlainObject({name: to_javascript(value) for name, value in options.items()}))
    return values


@singledispatch
def proxy(value: Value) -> JsProxy:
    """The proxy class that fits the object."""
    return JsProxy(value)


proxy.register(Array, JsArray)
proxy.register(Bytes, JsBuffer)
proxy.register(Entries, JsIterable)
proxy.register(Function, JsCallable)
proxy.register(Map, JsMap)


def to_python(value: Any) -> Any:
    """What Python receives for a JavaScript value, without deep conversion."""
    if value is NULL:
        return None if current().null_is_none else NULL
    if isinstance(value, BigInt):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    if isinstance(value, PyProxy):
        return value.target
    return proxy(value) if isinstance(value, Value) else value


def to_javascript(value: Any) -> Any:
    """What JavaScript receives for a Python value that is passed as it is."""
    if value is None or isinstance(value, (bool, float, JsNull)):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else BigInt(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, JsProxy):
        return value._js_
    if isinstance(value, JsException):
        return Error(value.message, value.name)
    return PyProxy(value)


def _deep_to_python(value: Any, depth: int, converter: Any) -> Any:  # noqa: PLR0911 - one return per kind of value
    def child(member: Any) -> Any:
        return _deep_to_python(member, depth - 1, converter)

    if depth == 0 or not isinstance(value, Value) or isinstance(value, PyProxy):
        return to_python(value)
    if isinstance(value, Array):
        return [child(item) for item in value.items]
    if isinstance(value, Map):
        return {to_python(key): child(item) for key, item in value.entries.items()}
    if isinstance(value, Set):
        return {to_python(item) for item in value.items}
    if type(value) is PlainObject:
        return {key: child(item) for key, item in value.properties.items()}
    if isinstance(value, Bytes):
        return memoryview(bytes(value.content))
    if converter is None:
        return proxy(value)
    return converter(proxy(value), lambda member: child(to_javascript(member)), lambda _key, _value: None)


def create_proxy(value: Any, /, **_options: Any) -> JsDoubleProxy:
    """A Python object held for JavaScript until it is destroyed; here for the whole invocation."""
    return JsDoubleProxy(PyProxy(value))


def destroy_proxies(_proxies: Any, /) -> None:
    """Nothing to free here."""
