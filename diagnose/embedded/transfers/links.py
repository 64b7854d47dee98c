"""Addresses that nobody can guess, under which a file is put or fetched without a token for an hour."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Link:
    """One address.

    Attributes:
        key: the part that nobody can guess.
        file: what it leads to.
        expires: seconds of the clock.
    """

    key: str
    file: Path
    expires: float


class Links:
    """The addresses that are valid now."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._links: dict[str, Link] = {}

    def make(self, file: Path) -> Link:
        """A new address."""
        link = Link(secrets.token_urlsafe(32), file, self._now() + SECONDS)
        self._links[link.key] = link
        return link

    def find(self, key: str) -> Link | None:
        """The address with that key, or None for one that there is not, or no longer."""
        self._forget_expired()
        return self._links.get(key)

    def _forget_expired(self) -> None:
        now = self._now()
        for key in [key for key, link in self._links.items() if link.expires <= now]:
            self._links.pop(key).file.unlink(missing_ok=True)
