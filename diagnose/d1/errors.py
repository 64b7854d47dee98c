"""What D1 answers when it refuses, and what kind of refusal a text is."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from diagnose.errors import DiagnoseError


class D1Error(DiagnoseError):
    """A statement that D1 refused.

    Attributes:
        text: JavaScript's `Error.message`, such as
            `D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR`.
        cause: the same without its `D1_ERROR: ` prefix, as `Error.cause.message` has it.
        code: SQLite's primary code, such as `SQLITE_ERROR`, or None when SQLite was not involved.
        extended: SQLite's extended code when it says more than `code`, or None.
        offset: byte offset into the statement of the token that is wrong, or None.
    """

    def __init__(
        self,
        cause: str,
        *,
        prefix: str = "D1_ERROR: ",
        code: str | None = None,
        extended: str | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(prefix + cause)
        self.text = prefix + cause
        self.cause = cause
        self.code = code
        self.extended = extended
        self.offset = offset

    @classmethod
    def from_sqlite(
        cls, message: str, *, code: str, extended: str | None = None, offset: int | None = None
    ) -> D1Error:
        """The error for one of SQLite's, worded as D1 words it."""
        where = "" if offset is None else f" at offset {offset}"
        more = "" if extended is None else f" (extended: {extended})"
        return cls(f"{message}{where}: {code}{more}", code=code, extended=extended, offset=offset)

    def in_exec(self, line: str) -> D1Error:
        """The same error as `exec()` reports it: always line 1, always quoting the first line.

        Both are what the binding does whichever line failed, because it receives one answer for all lines.
        """
        return D1Error(
            f"Error in line 1: {line}: {self.cause}",
            prefix="D1_EXEC_ERROR: ",
            code=self.code,
            extended=self.extended,
            offset=self.offset,
        )

    def unprefixed(self) -> D1Error:
        """The same error as it arrives when the transaction around the call is lost as well."""
        return D1Error(self.cause, prefix="", code=self.code, extended=self.extended, offset=self.offset)


class TransactionLostError(D1Error):
    """The runtime fails inside a call and starts the database anew; what it says names no cause."""

    def __init__(self) -> None:
        # D1 puts a random reference here; a constant keeps two runs of a diagnosis equal.
        super().__init__(f"internal error; reference = {'0' * 24}", prefix="")


class D1TypeError(D1Error):
    """A value that `bind()` does not take; it is thrown before anything is sent."""

    def __init__(self, cause: str, *, prefix: str = "D1_TYPE_ERROR: ") -> None:
        super().__init__(cause, prefix=prefix)


class ErrorClass(StrEnum):
    """What a caller can do about an error text.

    permanent: the statement or the code is wrong. data: a row is. transient: try again.
    account: permissions, plan or resources. unknown: none of the known texts.
    """

    PERMANENT = "permanent"
    DATA = "data"
    TRANSIENT = "transient"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


# In the order of their precedence: a retryable text may quote SQL that names a permanent one.
_PATTERNS: Final = {
    kind: re.compile(text, re.IGNORECASE | re.VERBOSE)
    for kind, text in {
        ErrorClass.TRANSIENT: r"""
            overloaded | object\ to\ be\ reset | reset\ because\ its\ code\ was\ updated
            | network\ connection\ lost | internal\ error\ while\ starting\ up\ d1 | transient\ issue
            | long-running\ import | internal\ error;\ reference
            """,
        ErrorClass.DATA: r"""
            constraint\ failed | SQLITE_CONSTRAINT | SQLITE_MISMATCH | malformed\ JSON | integer\ overflow
            """,
        ErrorClass.PERMANENT: r"""
            too\ many\ (?!api) | statement\ too\ long | SQLITE_(?:TOOBIG|AUTH|ERROR)
            | no\ such\ (?:table|column)
            | has\ no\ column\ named | syntax\ error | incomplete\ input | unrecognized\ token
            | wrong\ number\ of\ parameter | D1_(?:TYPE|EXEC)_ERROR | D1_COLUMN_NOTFOUND
            | no\ sql\ statements\ detected | did\ not\ contain\ a\ statement | to\ execute\ a\ transaction
            | only\ the\ last\ statement\ can\ have | \b7500\b | message\ length\ of\ \d+\ bytes\ exceeds
            """,
        ErrorClass.ACCOUNT: r"""
            too\ many\ api\ requests | SQLITE_FULL | database\ or\ disk\ is\ full
            | \b(?: 7400 | 7403 | 7404 | 971 | 10000 | 10021 | 10053 | 10104 | 10106 | 10181 | 102\d\d | 10429
                  | 11000 | 11001 | 11004 )\b
            """,
    }.items()
}


def classify(text: str) -> ErrorClass:
    """What kind of refusal an `Error.message`, a log line or an API error is.

    The texts are those of Cloudflare's documentation and of the runtime
    (https://developers.cloudflare.com/d1/observability/debug-d1/).
    """
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(text)), ErrorClass.UNKNOWN)


class RowError(DiagnoseError):
    """A row that no statement can carry into D1 unchanged.

    Attributes:
        row: its 0-based position among the rows given.
        column: the column's name.
    """

    def __init__(self, problem: str, *, row: int, column: str, hint: str | None = None) -> None:
        super().__init__(problem, where=f"row {row}, column {column}", hint=hint)
        self.row = row
        self.column = column
