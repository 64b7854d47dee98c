"""What must not stand in a recorded answer: secrets that the worker was given, and credentials in URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN: Final = "[hidden]"

_WORD: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_SENSITIVE: Final = frozenset(
    {"auth", "authorization", "credential", "credentials", "jwt", "passwd", "pwd", "session", "sig", "sign"}
)
_ENDINGS: Final = ("key", "keys", "token", "tokens", "secret", "password", "signature")
_QUERY: Final = re.compile(r"(?<=[?&;])(?P<name>[^=&;#]+)=(?P<value>[^&;#]*)")
_USER: Final = re.compile(r"(?<=://)[^/?#@]*@")
_KEPT_HEADERS: Final = frozenset({"content-type", "link", "retry-after"})
_SHORTEST: Final = 4
"""Characters below which a value is no secret: hiding every `1` would destroy the answer."""


@dataclass(frozen=True)
class Redaction:
    """Hides values.

    Attributes:
        values: secrets that the worker was given; never shown by `repr`.
    """

    values: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Redaction({len(self.values)} values)"

    def url(self, url: str) -> str:
        """A pattern that the same request matches again: `*` in the place of every secret."""
        pattern = _QUERY.sub(_hide_query, _USER.sub("*@", url.partition("#")[0]))
        for value in self._spellings():
            pattern = pattern.replace(value, "*")
        return pattern

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Those of an answer that a worker reads; never a cookie."""
        return {name: self.text(value) for name, value in headers.items() if name.lower() in _KEPT_HEADERS}

    def text(self, text: str) -> str:
        """The text with the secrets hidden."""
        for value in self._spellings():
            text = text.replace(value, HIDDEN)
        return text

    def body(self, body: bytes) -> bytes:
        """The body with the secrets hidden."""
        for value in self._spellings():
            body = body.replace(value.encode(), HIDDEN.encode())
        return body

    def _spellings(self) -> Iterator[str]:
        """The values as they are and as URLs write them, longest first."""
        secrets = [value for value in self.values if len(value) >= _SHORTEST]
        spellings = {form for value in secrets for form in (value, quote(value, safe=""), quote_plus(value))}
        yield from sorted(spellings, key=len, reverse=True)


def _hide_query(match: re.Match[str]) -> str:
    name = match["name"]
    return f"{name}=*" if match["value"] and is_sensitive(name) else match[0]


def is_sensitive(name: str) -> bool:
    """A query parameter whose value lets somebody in, by the last word of its name, as in `accessToken`."""
    words = _WORD.findall(name)
    last = words[-1].lower() if words else ""
    return last in _SENSITIVE or last.endswith(_ENDINGS)
