"""Names of tables and columns in SQL text."""

from __future__ import annotations

import re
from typing import Final

import apsw

_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def quoted(name: str) -> str:
    """The name as it stands in SQL: bare where that is safe, else in double quotes."""
    if _BARE.match(name) and name.upper() not in apsw.keywords:
        return name
    return '"' + name.replace('"', '""') + '"'
