"""One request and what is known of its answer, in words that may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Self

from diagnose.account.secret import HIDDEN, Secret

# Whoever holds the address of a tail, an upload or a signed download needs nothing else to use it.
_PRIVATE_URL: Final = re.compile(r"\bwss?://[^\s\"'<>]+|\bhttps?://[^\s\"'<>]*[?@][^\s\"'<>]*", re.IGNORECASE)
_CREDENTIAL: Final = re.compile(r"\b(Bearer) [!-~]+", re.IGNORECASE)
_TAIL: Final = re.compile(r"(/tails/)([^/?\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what is known of its answer; holds no header and no body of ours.

    Attributes:
        path: after the API root.
        status: of HTTP, or None without an answer.
        code: Cloudflare's first error code, or None.
        message: its text, or what we found.
        chain: (code, message) of the causes that the API lists, outermost first.
        cf_ray: names the request to Cloudflare's support, or None.
        retry_after: seconds that the API asks to wait, or None.
        reads: it changes nothing, whatever its method says.
        sent: some of it may have reached the other side.
        secret: the token, which `ApiError` hides in whatever words the other side chose.
    """

    method: str
    path: str
    status: int | None = None
    code: int | None = None
    message: str = ""
    chain: tuple[tuple[int, str], ...] = ()
    cf_ray: str | None = None
    retry_after: float | None = None
    reads: bool = False
    sent: bool = True
    secret: Secret = field(default=Secret(""), repr=False, compare=False)

    def safe(self) -> Self:
        """The same, with words that may be shown: no token, no private address, no control characters."""
        return replace(
            self,
            path=shown_path(self.path),
            message=self._safe(self.message),
            chain=tuple((code, self._safe(message)) for code, message in self.chain),
            cf_ray=None if self.cf_ray is None else self._safe(self.cf_ray),
        )

    def _safe(self, text: str) -> str:
        hidden = _PRIVATE_URL.sub(HIDDEN, self.secret.scrub(text))
        hidden = _CREDENTIAL.sub(rf"\1 {HIDDEN}", hidden)
        return "".join(char if char.isprintable() else " " for char in hidden)


def shown_path(path: str) -> str:
    """A path of the API that may be shown: the id of a tail is part of its address."""
    return _TAIL.sub(rf"\1{HIDDEN}", path)


def private_part(path: str) -> str:
    """What `shown_path` hides of a path; "" for nothing."""
    found = _TAIL.search(path)
    return "" if found is None else found[2]
