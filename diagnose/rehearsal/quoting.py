"""What a finding quotes of a live trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diagnose.model import Json
    from diagnose.rehearsal.model import Rehearsal

_MOST_LINES: Final = 200


def live_evidence(rehearsal: Rehearsal) -> dict[str, Json]:
    """`live` and `logs`; nothing where the trigger was rehearsed."""
    run = rehearsal.live
    if run is None:
        return {}
    lines: list[Json] = [f"{line.script} {line.level}: {line.text}" for line in run.lines[:_MOST_LINES]]
    if len(run.lines) > _MOST_LINES:
        lines.append(f"… {len(run.lines) - _MOST_LINES:,} more")
    return {
        "live": {
            "trigger": run.where,
            "watched": list(run.watched),
            "unwatched": dict(run.unwatched),
            "gaps": list(run.gaps),
        },
        "logs": lines,
    }
