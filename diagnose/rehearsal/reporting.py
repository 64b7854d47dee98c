"""The number of rows that a worker's answer claims."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.rehearsal.comparing import at_path

if TYPE_CHECKING:
    from diagnose.project import Settings


def reported(settings: Settings, body: bytes) -> int | None:
    """The number at `reported` of [trigger] in an answer, or None where there is none."""
    path = settings.trigger.reported if settings.trigger else None
    if path is None:
        return None
    try:
        value = at_path(json.loads(body), path)
    except ValueError:
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
