"""The function that a repaired module cuts its rows with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from diagnose.rewriting.outline import Place

NAME: Final = "json_parts"

# Room for what surrounds the value in a row that is stored as a whole.
_HEADROOM_PERCENT: Final = 5
_LIMIT: Final = int(LIMITS.d1.value_bytes) * (100 - _HEADROOM_PERCENT) // 100

FUNCTION: Final = f'''\
def {NAME}(rows, limit={_LIMIT:_}):
    """Yield the rows as JSON texts, each short enough for one bound value.

    D1 takes {LIMITS.d1.value_bytes:,} bytes per value: {LIMITS.d1.value_bytes.source}
    """
    texts = [json.dumps(row, allow_nan=False) for row in rows]
    start = 0
    while start < len(texts):
        end, size = start + 1, len(texts[start]) + 2
        while end < len(texts) and size + len(texts[end]) < limit:
            size += len(texts[end]) + 1
            end += 1
        yield "[" + ",".join(texts[start:end]) + "]"
        start = end
'''
"""`json.dumps` writes ASCII, so that characters are bytes."""


def is_defined(text: str) -> bool:
    """Whether the module has the function already."""
    return FUNCTION in text.replace("\r\n", "\n")


def is_taken(text: str) -> bool:
    """Whether the module uses the name for something else."""
    return not is_defined(text) and re.search(rf"\b{NAME}\b", text) is not None


def needed(place: Place) -> list[Edit]:
    """The edit that adds the function to a module without it.

    Raises:
        NotUnderstood: the module uses the name for something else.
    """
    if is_taken(place.text):
        raise NotUnderstood(f"the module uses the name `{NAME}` for something else")
    return [] if is_defined(place.text) else [_insertion(place)]


def _insertion(place: Place) -> Edit:
    """The function in front of the top-level statement that the place stands in, and of its comments."""
    start = place.levels[0].statement.span.start
    lines = place.text[:start].splitlines(keepends=True)
    while lines and lines[-1].startswith("#"):
        start -= len(lines.pop())
    return Edit(start, start, FUNCTION + "\n\n")
