"""Headers, URLSearchParams and URL as JavaScript has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .values import NULL, Array, Entries, Function, JsError, PlainObject, PyProxy, Value, iterate, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Headers(Entries):
    """Case-insensitive, values of one name joined with a comma."""

    constructor = "Headers"
    members = frozenset({"has", "append", "entries", "getSetCookie"})

    def __init__(self, source: Any = None) -> None:
        self.pairs: dict[str, str] = {}
        for name, value in _header_pairs(source):
            self.append(name, value)

    def get(self, name: str) -> Any:
        """Properties; `get`, `set`, `delete`, `keys` and `values` are methods of Headers."""
        methods: dict[str, Callable[..., Any]] = {
            "get": lambda key: self.pairs.get(text(key).lower(), NULL),
            "set": self._put,
            "delete": lambda key: self.pairs.pop(text(key).lower(), None),
            "keys": lambda: Array(list(self.pairs)),
            "values": lambda: Array(list(self.pairs.values())),
        }
        return Function(methods[name], name) if name in methods else super().get(name)

    def has(self, name: Any) -> bool:
        """Whether the header is there."""
        return text(name).lower() in self.pairs

    def append(self, name: Any, value: Any) -> None:
        """Add a value."""
        key = text(name).lower()
        self.pairs[key] = f"{self.pairs[key]}, {text(value)}" if key in self.pairs else text(value)

    def entries(self) -> Array:
        """Pairs in the order of their names."""
        return Array(self.iterate())

    def getSetCookie(self) -> Array:  # noqa: N802 - JavaScript's name
        """The cookies, as far as they were kept apart."""
        return Array([self.pairs["set-cookie"]] if "set-cookie" in self.pairs else [])

    def iterate(self) -> list[Any]:
        """Pairs in the order of their names."""
        return [Array(list(pair)) for pair in sorted(self.pairs.items())]

    def _put(self, name: Any, value: Any) -> None:
        self.pairs[text(name).lower()] = text(value)


def _header_pairs(source: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(source, PyProxy):
        items = source.target.items() if hasattr(source.target, "items") else source.target
        yield from ((text(name), text(value)) for name, value in items)
    elif isinstance(source, PlainObject):
        yield from source.properties.items()
    elif source is not None and source is not NULL:
        for pair in iterate(source):
            first, second = iterate(pair)
            yield first, second


class SearchParams(Entries):
    """URLSearchParams."""

    constructor = "URLSearchParams"
    members = frozenset({"has", "getAll", "append", "entries", "size"})

    def __init__(self, source: Any = None) -> None:
        from urllib.parse import parse_qsl

        if isinstance(source, str):
            self.pairs = parse_qsl(source.removeprefix("?"), keep_blank_values=True)
        else:
            self.pairs = [(text(name), text(value)) for name, value in _header_pairs(source)]

    def get(self, name: str) -> Any:
        """Properties; `get`, `set`, `delete`, `keys` and `values` are methods."""
        methods: dict[str, Callable[..., Any]] = {
            "get": lambda key: next((value for found, value in self.pairs if found == key), NULL),
            "set": self._put,
            "delete": self._remove,
            "keys": lambda: Array([name for name, _ in self.pairs]),
            "values": lambda: Array([value for _, value in self.pairs]),
        }
        return Function(methods[name], name) if name in methods else super().get(name)

    @property
    def size(self) -> int:
        """How many pairs."""
        return len(self.pairs)

    def has(self, name: str) -> bool:
        """Whether the name is there."""
        return any(found == name for found, _ in self.pairs)

    def getAll(self, name: str) -> Array:  # noqa: N802 - JavaScript's name
        """Every value of a name."""
        return Array([value for found, value in self.pairs if found == name])

    def append(self, name: Any, value: Any) -> None:
        """Add a pair."""
        self.pairs.append((text(name), text(value)))

    def entries(self) -> Array:
        """Pairs."""
        return Array(self.iterate())

    def iterate(self) -> list[Any]:
        """Pairs."""
        return [Array(list(pair)) for pair in self.pairs]

    def text(self) -> str:
        """As it stands in a URL."""
        from urllib.parse import urlencode

        return urlencode(self.pairs)

    def _put(self, name: Any, value: Any) -> None:
        self._remove(name)
        self.append(name, value)

    def _remove(self, name: Any) -> None:
        self.pairs = [pair for pair in self.pairs if pair[0] != name]


class Url(Value):
    """URL, read-only but for its searchParams."""

    constructor = "URL"
    members = frozenset(
        {
            "href",
            "origin",
            "protocol",
            "host",
            "hostname",
            "port",
            "pathname",
            "search",
            "searchParams",
            "hash",
        }
        | {"username", "password", "toJSON"}
    )

    def __init__(self, address: Any, base: Any = None) -> None:
        from urllib.parse import urljoin, urlsplit

        address = text(address) if base is None else urljoin(text(base), text(address))
        try:
            self._parts = urlsplit(address.strip())
            port = self._parts.port
        except ValueError:
            raise JsError("Invalid URL string.", "TypeError") from None
        if not self._parts.scheme or (self._parts.scheme in {"http", "https"} and not self._parts.hostname):
            raise JsError("Invalid URL string.", "TypeError")
        default = {"http": 80, "https": 443}.get(self._parts.scheme)
        self.port = "" if port in {None, default} else str(port)
        self.protocol = f"{self._parts.scheme}:"
        self.hostname = self._parts.hostname or ""
        self.host = f"{self.hostname}:{self.port}" if self.port else self.hostname
        self.origin = f"{self.protocol}//{self.host}"
        self.pathname = self._parts.path or "/"
        self.hash = f"#{self._parts.fragment}" if self._parts.fragment else ""
        self.username = self._parts.username or ""
        self.password = self._parts.password or ""
        self.searchParams = SearchParams(self._parts.query)
        self._untouched = list(self.searchParams.pairs)

    @property
    def search(self) -> str:
        """The query with its question mark, or nothing."""
        changed = self.searchParams.pairs != self._untouched
        query = self.searchParams.text() if changed else self._parts.query
        return f"?{query}" if query else ""

    @property
    def href(self) -> str:
        """The whole address."""
        user = f"{self.username}:{self.password}".rstrip(":")
        return (
            f"{self.protocol}//{user + '@' if user else ''}{self.host}{self.pathname}{self.search}{self.hash}"
        )

    def text(self) -> str:
        """The whole address."""
        return self.href

    toJSON = text  # noqa: N815 - JavaScript's name
