"""How large the rows of the recorded answers are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.d1 import LIMITS
from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside
from diagnose.rehearsal.comparing import at_path

if TYPE_CHECKING:
    from diagnose.project import Settings


def recorded_row_bytes(settings: Settings) -> int | None:
    """The average bytes of a row at `[rows].path` as JSON, rounded down; None without recorded rows.

    An answer that cannot be read, or is no JSON, holds no rows.
    """
    if settings.rows is None:
        return None
    sizes = [
        len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
        for response in settings.responses
        for row in _rows(settings, response.body_file, settings.rows.path)
    ]
    return sum(sizes) // len(sizes) if sizes else None


def _rows(settings: Settings, file: str, path: str) -> list[object]:
    try:
        body = read_regular(resolve_inside(settings.directory, file), most_bytes=LIMITS.workers.memory_bytes)
        rows = at_path(json.loads(body), path)
    except (OSError, ValueError, ProjectError):
        return []
    return rows if isinstance(rows, list) else []
