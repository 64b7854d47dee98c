"""Which known error a text is."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from diagnose.d1.taxonomy.api import API
from diagnose.d1.taxonomy.pasted import unwrapped
from diagnose.d1.taxonomy.queues import CONFIGURING, SENDING
from diagnose.d1.taxonomy.service import ALLOWANCES, TROUBLE
from diagnose.d1.taxonomy.statements import SIZES, STATEMENTS
from diagnose.d1.taxonomy.values import BINDING, ROWS
from diagnose.d1.taxonomy.worker import WORKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.taxonomy.known import KnownError
    from diagnose.d1.taxonomy.pasted import Pasted

# In the order of their precedence: a transient text may quote SQL that names a permanent one, and a
# precise text stands before one that only says which family the error is of.
KNOWN: Final = (
    *TROUBLE,
    *ALLOWANCES,
    *SIZES,
    *STATEMENTS,
    *BINDING,
    *ROWS,
    *SENDING,
    *CONFIGURING,
    *WORKER,
    *API,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """A known error as it was met.

    Attributes:
        text: what it says, on one line.
        about: what the text names: `table`, `column`, `token`, `binding`, `size`, …
        offset: the byte offset into the statement, or None.
    """

    known: KnownError
    text: str
    about: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    offset: int | None = None


def recognized(text: str) -> Recognized | None:
    """The known error in a pasted text, by its words or else by its code; None where it holds none."""
    pasted = unwrapped(text)
    return _by_text(pasted) or _by_code(pasted)


def _by_text(pasted: Pasted) -> Recognized | None:
    for known in KNOWN:
        for text in pasted.texts:
            match = known.search(text)
            if match is not None:
                about = {name: value for name, value in match.groupdict().items() if value}
                return Recognized(known=known, text=text, about=about, offset=pasted.offset)
    return None


def _by_code(pasted: Pasted) -> Recognized | None:
    for known in KNOWN:
        if set(known.codes) & set(pasted.codes):
            return Recognized(known=known, text=" ".join(pasted.texts), offset=pasted.offset)
    return None
