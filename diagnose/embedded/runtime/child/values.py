"""JavaScript values, as the JavaScript side of the isolate sees them.

| JavaScript | here |
|---|---|
| undefined | None |
| null | NULL |
| boolean, number, string | bool, int or float, str |
| bigint | BigInt |
| everything else | Value and its subclasses |
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

SAFE_INTEGER = 2**53 - 1
PLAIN_BELOW = 1e21
"""From here on JavaScript prints numbers with an exponent."""


class JsNull:
    """JavaScript's null on the Python side: one value, false, and not None."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


NULL = JsNull()


class BigInt(int):
    """A JavaScript BigInt."""

    __slots__ = ()


class Missing:
    """The answer of `get` for a property that does not exist."""


MISSING = Missing()


class JsError(Exception):
    """A JavaScript exception under way on the JavaScript side."""

    def __init__(self, message: str, name: str = "Error") -> None:
        super().__init__(message)
        self.message = message
        self.name = name


class Value:
    """A JavaScript object. A subclass shows the attributes named in `members` as its properties.

    A member that is callable becomes a function: it takes and returns JavaScript values.
    """

    constructor = "Object"
    members: frozenset[str] = frozenset()

    def get(self, name: str) -> Any:
        """The property, or MISSING."""
        if name == "constructor":
            return PlainObject({"name": self.constructor})
        if name == "toString":
            return Function(self.text, "toString")
        if name not in self.members:
            return MISSING
        member = getattr(self, name)
        return Function(member, name) if callable(member) and not isinstance(member, Value) else member

    def set(self, name: str, value: Any) -> None:  # noqa: ARG002 - subclasses use it
        """Assign a property. Most objects of the runtime are read-only to us."""
        raise JsError(f"Cannot assign to read only property '{name}' of object", "TypeError")

    def keys(self) -> list[str]:
        """Own enumerable names."""
        return []

    def iterate(self) -> list[Any]:
        """The members in `for (const member of value)`. Raises JsError when there is no iterator."""
        raise JsError(f"{self.text()} is not iterable", "TypeError")

    def text(self) -> str:
        """`String(value)`."""
        return f"[object {self.constructor}]"


class Entries(Value):
    """An object with an iterator and without subscripts."""


class PlainObject(Value):
    """An object literal."""

    def __init__(self, properties: dict[str, Any] | None = None) -> None:
        self.properties = {} if properties is None else properties

    def get(self, name: str) -> Any:
        """An own property first, then what every object has."""
        return self.properties[name] if name in self.properties else super().get(name)

    def set(self, name: str, value: Any) -> None:
        """Assign a property."""
        self.properties[name] = value

    def keys(self) -> list[str]:
        """Own names in order of insertion."""
        return list(self.properties)


class Array(Value):
    """An array."""

    constructor = "Array"
    members = frozenset({"length", "push", "slice", "join", "includes", "at", "concat"})

    def __init__(self, items: list[Any] | None = None) -> None:
        self.items = [] if items is None else items

    def iterate(self) -> list[Any]:
        """The members."""
        return list(self.items)

    @property
    def length(self) -> int:
        """How many members."""
        return len(self.items)

    def push(self, *values: Any) -> int:
        """Append."""
        self.items.extend(values)
        return len(self.items)

    def slice(self, start: int = 0, end: int | None = None) -> Array:
        """A copy of a part."""
        return Array(self.items[start:end])

    def concat(self, *others: Any) -> Array:
        """A longer copy."""
        items = list(self.items)
        for other in others:
            items += other.items if isinstance(other, Array) else [other]
        return Array(items)

    def join(self, separator: str = ",") -> str:
        """The members' texts; null and undefined are empty."""
        return separator.join("" if item is None or item is NULL else text(item) for item in self.items)

    def includes(self, value: Any) -> bool:
        """Whether a member is the value."""
        return any(item is value or (not isinstance(item, Value) and item == value) for item in self.items)

    def at(self, index: int) -> Any:
        """The member, also from the end."""
        return self.items[index] if -len(self.items) <= index < len(self.items) else None

    def text(self) -> str:
        """The members joined with commas."""
        return self.join()


class Map(Value):
    """A Map."""

    constructor = "Map"
    members = frozenset({"size", "has"})

    def __init__(self, entries: dict[Any, Any] | None = None) -> None:
        self.entries = {} if entries is None else entries

    def get(self, name: str) -> Any:
        """Properties; `get`, `set` and `delete` are methods of a Map."""
        methods: dict[str, Callable[..., Any]] = {
            "get": self.entries.get,
            "set": self._put,
            "delete": lambda key: self.entries.pop(key, None),
        }
        return Function(methods[name], name) if name in methods else super().get(name)

    def iterate(self) -> list[Any]:
        """Pairs."""
        return [Array([key, item]) for key, item in self.entries.items()]

    @property
    def size(self) -> int:
        """How many entries."""
        return len(self.entries)

    def has(self, key: Any) -> bool:
        """Whether the key is there."""
        return key in self.entries

    def _put(self, key: Any, value: Any) -> Map:
        self.entries[key] = value
        return self


class Set(Entries):
    """A Set."""

    constructor = "Set"
    members = frozenset({"size", "has"})

    def __init__(self, items: set[Any]) -> None:
        self.items = items

    def iterate(self) -> list[Any]:
        """The members."""
        return list(self.items)

    @property
    def size(self) -> int:
        """How many members."""
        return len(self.items)

    def has(self, value: Any) -> bool:
        """Whether the value is there."""
        return value in self.items


class Bytes(Value):
    """A Uint8Array or an ArrayBuffer."""

    members = frozenset({"byteLength", "length"})

    def __init__(self, content: bytes, constructor: str = "Uint8Array") -> None:
        self.content = content
        self.constructor = constructor

    def iterate(self) -> list[Any]:
        """Numbers from 0 to 255."""
        return list(self.content)

    @property
    def byteLength(self) -> int:  # noqa: N802 - JavaScript's name
        """How many bytes."""
        return len(self.content)

    length = byteLength

    def text(self) -> str:
        """Numbers with commas, as a typed array prints."""
        return ",".join(map(str, self.content)) if self.constructor != "ArrayBuffer" else super().text()


class Date(Value):
    """A Date: milliseconds since 1970 in UTC."""

    constructor = "Date"
    members = frozenset({"getTime", "valueOf", "toISOString", "toJSON", "getTimezoneOffset"})

    def __init__(self, milliseconds: float) -> None:
        self.milliseconds = milliseconds

    def getTime(self) -> float:  # noqa: N802 - JavaScript's name
        """Milliseconds since 1970."""
        return self.milliseconds

    valueOf = getTime  # noqa: N815 - JavaScript's name

    def getTimezoneOffset(self) -> int:  # noqa: N802 - JavaScript's name
        """Workers run in UTC."""
        return 0

    def toISOString(self) -> str:  # noqa: N802 - JavaScript's name
        """ISO 8601 with milliseconds."""
        return f"{self._moment().replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"

    toJSON = toISOString  # noqa: N815 - JavaScript's name

    def text(self) -> str:
        """The long form with the zone's name."""
        return self._moment().strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC)


class Error(Value):
    """An Error."""

    members = frozenset({"message", "name", "stack", "cause"})

    def __init__(self, message: str, name: str = "Error") -> None:
        self.message = message
        self.name = name
        self.constructor = name

    @property
    def stack(self) -> str:
        """JavaScript's stack is not imitated: the first line alone."""
        return self.text()

    @property
    def cause(self) -> Any:
        """D1 puts the bare text in `cause`."""
        prefix = "D1_ERROR: "
        return Error(self.message.removeprefix(prefix)) if self.message.startswith(prefix) else None

    def text(self) -> str:
        """`Error: message`."""
        return f"{self.name}: {self.message}"


class Function(Value):
    """A function; with `create`, also a constructor."""

    constructor = "Function"

    def __init__(
        self,
        call: Callable[..., Any],
        name: str,
        *,
        create: Callable[..., Any] | None = None,
        statics: dict[str, Any] | None = None,
    ) -> None:
        self.call = call
        self.name = name
        self.create = create
        self.statics = statics or {}

    def get(self, name: str) -> Any:
        """Static members, then `name`."""
        if name == "name":
            return self.name
        return self.statics[name] if name in self.statics else super().get(name)

    def text(self) -> str:
        """As built-in functions print."""
        return f"function {self.name}() {{ [native code] }}"


class PyProxy(Value):
    """A Python object that crossed without conversion."""

    constructor = "PyProxy"

    def __init__(self, target: Any) -> None:
        self.target = target

    def text(self) -> str:
        """Python's own `str`."""
        return str(self.target)


JsValue: TypeAlias = "JsNull | BigInt | bool | int | float | str | Value | None"


def number_text(number: float) -> str:
    """A number as JavaScript prints it, for the everyday range."""
    if isinstance(number, float):
        if math.isnan(number):
            return "NaN"
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"
        if number.is_integer() and abs(number) < PLAIN_BELOW:
            return str(int(number))
    return repr(number)


def text(value: Any) -> str:
    """`String(value)`."""
    if value is None:
        return "undefined"
    if value is NULL:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    return value.text() if isinstance(value, Value) else str(value)


def iterate(value: Any) -> list[Any]:
    """The members in `for (const member of value)`. Raises JsError when there is no iterator."""
    if isinstance(value, str):
        return list(value)
    if isinstance(value, Value):
        return value.iterate()
    raise JsError(f"{text(value)} is not iterable", "TypeError")
