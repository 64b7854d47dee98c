"""A value that must not be seen."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn

HIDDEN: Final = "[hidden]"
"""Stands where a secret would."""


class Secret:
    """A text that only `reveal` shows: not repr, str, format, an f-string, or a pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text. Call it where it is sent, and nowhere else."""
        return self._value

    def scrub(self, text: str) -> str:
        """The text with every occurrence of the secret hidden, for words that a server chose."""
        return text.replace(self._value, HIDDEN) if self._value else text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")
