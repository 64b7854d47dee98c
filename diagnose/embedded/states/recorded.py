"""Reads single values of a record, and refuses those that stand where they cannot."""

from __future__ import annotations

import re
from typing import Any, Final

UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How the ids of databases are written. They become file names, so nothing else is let in."""

QUEUE_ID: Final = re.compile(r"[0-9a-f]{32}")
"""How the ids of queues and of consumers are written."""

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
"""How SHA-256 is written."""


def text(value: Any, form: re.Pattern[str] | None = None) -> str:
    """The value, which must be a string of that form. Raises TypeError."""
    if not isinstance(value, str) or (form is not None and not form.fullmatch(value)):
        raise TypeError(f"{value!r} stands where it cannot")
    return value
