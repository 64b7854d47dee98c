"""JSON as clients send it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_json(content: bytes | str, *, halves: bool = False) -> Any:
    """The value of a text that can be sent back as JSON.

    Python's reader takes NaN and numbers that become infinite, which nothing else reads.

    Args:
        content: the text.
        halves: texts in it may hold half a surrogate pair, which UTF-8 does not have.

    Raises:
        ValueError: it is no such text.
        RecursionError: it is nested too deeply.
    """
    value = json.loads(content)
    json.dumps(value, ensure_ascii=halves, allow_nan=False).encode()
    return value


def object_in(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name, empty when nothing is there. Raises RefusalError 10026 for anything else."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise RefusalError(400, 10026, f"{name} must be an object.")
    return value
