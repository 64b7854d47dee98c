"""What is known of one error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.d1.errors import ErrorClass

DEBUGGING = "https://developers.cloudflare.com/d1/observability/debug-d1/"
D1_LIMITS = "https://developers.cloudflare.com/d1/platform/limits/"
WORKER_LIMITS = "https://developers.cloudflare.com/workers/platform/limits/"
QUEUE_CODES = "https://developers.cloudflare.com/queues/reference/error-codes/"
QUEUE_LIMITS = "https://developers.cloudflare.com/queues/platform/limits/"
API_LIMITS = "https://developers.cloudflare.com/fundamentals/api/reference/limits/"
API_ERRORS = "https://developers.cloudflare.com/fundamentals/api/troubleshooting/"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """One error, whoever reports it.

    Attributes:
        name: of the error, in a few words.
        kind: what a caller can do about it.
        pattern: found in its text, whatever stands around it and in any letter case; "" for none.
            Named groups say what it is about: `table`, `column`, `token`, `binding`, `size`.
        codes: numbers by which the API or a queue names it.
        meaning: what happened, in one sentence or two.
        remedy: what to do.
        checks: codes of the checks that find its cause, most likely first.
        example: such a text.
        source: where it is documented or was measured.
        not_begun: the statement was certainly not carried out, so that it may be sent again.
    """

    name: str
    kind: ErrorClass
    pattern: str = ""
    codes: tuple[int, ...] = ()
    meaning: str
    remedy: str
    checks: tuple[str, ...] = ()
    example: str
    source: str
    not_begun: bool = False
    _compiled: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = re.compile(self.pattern, re.IGNORECASE) if self.pattern else None
        object.__setattr__(self, "_compiled", compiled)

    def search(self, text: str) -> re.Match[str] | None:
        """Where the error's text stands in another."""
        return self._compiled.search(text) if self._compiled else None
