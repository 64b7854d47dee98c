"""What is known of an error that somebody met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.model.finding import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One error, ready to be shown.

    Attributes:
        name: of the error.
        text: as it was given, on one line.
        kind: what a caller can do: permanent, data, transient, account or unknown.
        verdict: the same in a sentence.
        checks: those that find its cause, as (code, name, title).
        places: where in the project it may come from, each with what stands there.
        places_note: what is to be said about the places, or None when no project was looked at.
    """

    name: str
    text: str
    kind: str
    verdict: str
    meaning: str
    remedy: str
    checks: tuple[tuple[str, str, str], ...]
    source: str
    places: tuple[tuple[Location, str], ...] = ()
    places_note: str | None = None
