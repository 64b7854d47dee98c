"""How the repair of each finding ended, and what one run of `fix` did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.model import Finding


class Outcome(StrEnum):
    """How the repair of one finding ended."""

    FIXED = "fixed"
    """Applied, and the check passes now."""
    IN_ORDER = "in order"
    """Nothing was left to do: an earlier repair settled it."""
    REHEARSED = "rehearsed"
    """Files are changed; what concerns an account is left for `--target cloudflare`."""
    NOT_PROVEN = "applied, not proven"
    """Applied, and the check cannot prove it: it cannot be executed here, or repairs a part."""
    NOT_FIXED = "not fixed"
    """Applied, the check still fails, and undone."""
    DECLINED = "declined"
    """The user said no."""
    UNANSWERED = "needs an answer"
    """A choice that only the user can make."""
    REFUSED = "no automated repair"
    """This case has none; the reason says what a person can do."""

    @property
    def is_good(self) -> bool:
        """True when nothing about the finding is left for the user to do here."""
        return self in {Outcome.FIXED, Outcome.IN_ORDER, Outcome.REHEARSED, Outcome.NOT_PROVEN}


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome for one finding.

    Attributes:
        detail: why, in one sentence; empty when the outcome says it all.
        steps: how many steps were applied and stay applied.
    """

    finding: Finding
    outcome: Outcome
    detail: str = ""
    steps: int = 0


@dataclass(frozen=True, slots=True)
class FixResult:
    """What `fix` did.

    Attributes:
        run_id: of the journal, or None when nothing was to be done.
        findings: of the run after the last repair.
    """

    run_id: str | None
    settlements: tuple[Settlement, ...]
    findings: tuple[Finding, ...]
