"""Names of tables and columns in SQL text."""

from __future__ import annotations

import re
from typing import Final

import apsw

_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CLOSING: Final = {"[": "]", '"': '"', "'": "'", "`": "`"}


def quoted(name: str) -> str:
    """The name as it stands in SQL: bare where that is safe, else in double quotes."""
    if _BARE.match(name) and name.upper() not in apsw.keywords:
        return name
    return in_quotes(name)


def in_quotes(name: str) -> str:
    """The name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def unquoted(text: str) -> str:
    """The name that a word of SQL stands for, whichever of SQLite's quotes it has, or none."""
    closing = _CLOSING.get(text[:1])
    return text if closing is None else text[1:-1].replace(closing * 2, closing)
