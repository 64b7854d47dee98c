"""What an answer of D1 says about the statement: wrong, too early, or perhaps carried out.

Over the API every refusal has the code 7500, so status and words decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.taxonomy.recognizing import recognized

if TYPE_CHECKING:
    from diagnose.d1.taxonomy.known import KnownError

_SERVER_TROUBLE: Final = 500
# SQLite's own verdict stands at the end, whatever names and texts it quotes before.
_SQLITE: Final = re.compile(r":\s*SQLITE_[A-Z]+(?:\s*\(extended: \w+\))?\.?\s*$")
_ALLOWANCE: Final = "daily allowance used up"


class Verdict(StrEnum):
    """What a caller may do with the statement.

    statement: correct it; it is wrong, or larger than a limit. data: correct the row. allowance: wait for
    midnight UTC. account: it is not the statement, but the plan or the token. busy: send it again; it was not
    begun. trouble: it may have been carried out.
    """

    STATEMENT = "statement"
    DATA = "data"
    ALLOWANCE = "allowance"
    ACCOUNT = "account"
    BUSY = "busy"
    TROUBLE = "trouble"

    @property
    def passes(self) -> bool:
        """Whether the same statement may succeed a little later."""
        return self in {Verdict.BUSY, Verdict.TROUBLE}


_VERDICTS: Final = {ErrorClass.DATA: Verdict.DATA, ErrorClass.ACCOUNT: Verdict.ACCOUNT}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the known error that it rests on, if any."""

    verdict: Verdict
    known: KnownError | None = None


def judged(status: int, text: str) -> Judgement:
    """What D1's words mean.

    Args:
        status: of HTTP; below 500 it is a refusal, unless the words say otherwise.
        text: of the error, without its code.
    """
    found = recognized(text)
    known = None if found is None else found.known
    if status < _SERVER_TROUBLE and _SQLITE.search(text):
        kind = known.kind if known is not None else ErrorClass.PERMANENT
        known = None if kind is ErrorClass.TRANSIENT else known
        return Judgement(_VERDICTS.get(kind, Verdict.STATEMENT), known)
    if known is not None and known.kind is ErrorClass.TRANSIENT:
        return Judgement(Verdict.BUSY if known.not_begun else Verdict.TROUBLE, known)
    if known is not None and known.name == _ALLOWANCE:
        return Judgement(Verdict.ALLOWANCE, known)
    if status >= _SERVER_TROUBLE:
        return Judgement(Verdict.TROUBLE, known)
    return Judgement(_VERDICTS.get(known.kind, Verdict.STATEMENT) if known else Verdict.STATEMENT, known)
