"""Names of the states of a database, as Time Travel hands them out."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diagnose.embedded.history import PastState

_FORM: Final = re.compile(r"([0-9a-f]{8})-([0-9a-f]{8})-[0-9a-f]{8}-[0-9a-f]{32}")


def bookmark(uuid: str, state: PastState) -> str:
    """The bookmark of a state of that database; a later state has a larger one."""
    return _written(uuid, state.number)


def number_of(uuid: str, text: str) -> int | None:
    """The number of the state that a bookmark of that database names; None if it is not one."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    number = int(match[1] + match[2], 16)
    return number if _written(uuid, number) == text else None


def _written(uuid: str, number: int) -> str:
    digest = hashlib.blake2s(f"{uuid}:{number}".encode(), digest_size=16).hexdigest()
    return f"{number >> 32:08x}-{number & 0xFFFFFFFF:08x}-{0:08x}-{digest}"
