"""The new name in `ALTER TABLE … RENAME TO`: SQLite's authorizer is not told, workerd's patched one is."""

from __future__ import annotations

from diagnose.d1.allowed import name_allowed
from diagnose.d1.identifiers import unquoted
from diagnose.d1.tokens import tokens


def is_reserved_rename(sql: str) -> bool:
    """Whether an ALTER TABLE that SQLite has taken gives a table a name that belongs to the platform."""
    found = [token for token in tokens(sql) if token.text != ";"]
    rename, to, name = found[-3:]
    return rename.is_word("RENAME") and to.is_word("TO") and not name_allowed(unquoted(name.text))
