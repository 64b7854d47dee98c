"""How large the rows of the recorded answers are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from diagnose.d1 import LIMITS
from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside
from diagnose.rehearsal.comparing import at_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project import Settings

_DEEPEST: Final = 4
"""Objects around a list of rows: APIs wrap theirs in one or two."""


def recorded_row_bytes(settings: Settings) -> int | None:
    """The average bytes of a recorded row as JSON, rounded down; None without recorded rows.

    Rows are the list at `[rows].path`; without it the longest list of objects or lists in an answer, and
    of several answers those with the smallest rows, for it is not known which of them the worker passes on.
    An answer that cannot be read, or is no JSON, holds no rows.
    """
    answers = [_answer(settings, response.body_file) for response in settings.responses]
    if settings.rows is not None:
        path = settings.rows.path
        return _average([row for answer in answers for row in _listed(at_path(answer, path))])
    averages = [_average(max(_lists(answer), key=len, default=[])) for answer in answers]
    return min((average for average in averages if average is not None), default=None)


def _average(rows: Sequence[object]) -> int | None:
    sizes = [
        len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
        for row in rows
    ]
    return sum(sizes) // len(sizes) if sizes else None


def _answer(settings: Settings, file: str) -> object:
    try:
        body = read_regular(resolve_inside(settings.directory, file), most_bytes=LIMITS.workers.memory_bytes)
        return json.loads(body)
    except (OSError, ValueError, ProjectError):
        return None


def _listed(rows: object) -> list[object]:
    return rows if isinstance(rows, list) else []


def _lists(value: object, depth: int = 0) -> Iterator[list[object]]:
    """The lists of objects or lists in an answer, but not those within their elements."""
    if isinstance(value, list) and value and all(isinstance(row, (dict, list)) for row in value):
        yield value
    elif isinstance(value, dict) and depth < _DEEPEST:
        for inner in value.values():
            yield from _lists(inner, depth + 1)
