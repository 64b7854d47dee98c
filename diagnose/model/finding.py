"""One fact that a check established."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

UNANSWERED: Final = "unanswered"
"""The evidence that names the request to which the account gave no usable answer."""


class Status(StrEnum):
    """How a check ended for one thing that it looked at."""

    PASS = "pass"  # noqa: S105 - a status, not a secret
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    ERROR = "error"


class Severity(StrEnum):
    """How much a problem matters, most first."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """0 for an error, 2 for advice."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure a check is, least first, because an author must argue upwards."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 2 for high."""
        return list(Confidence).index(self)


class Safety(StrEnum):
    """What a fix may change.

    safe: a file edit that keeps meaning. review: changes code behaviour or remote settings.
    data: touches rows.
    """

    SAFE = "safe"
    REVIEW = "review"
    DATA = "data"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file of the project.

    Attributes:
        path: relative to the project folder, with forward slashes.
        line: 1-based first line of the statement or key, or None for the whole file.
        column: 1-based, in characters, or None.
    """

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class FixInfo:
    """Whether a fix exists for a finding, and how safe it is; `reason` says why when it does not."""

    available: bool
    safety: Safety | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """How a problem was before the settings accepted it, and why they do.

    Attributes:
        reason: as the settings give it.
        until: the last day of the acceptance, as YYYY-MM-DD, or None.
        status: fail or warn, as the check judged it.
        message: of the check.
    """

    reason: str
    until: str | None
    status: Status
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact with a code, a status, a place, evidence, and what it explains.

    Attributes:
        code: such as `LIM001`; stable, never reused.
        name: the check's slug, such as `bound-parameters`.
        message: one sentence for a person.
        resource: the account resource it is about, such as `d1/history`, or None.
        evidence: facts by the keys that the check documents; JSON values only.
        explains: codes of findings that follow from this one while it fails.
        duration_ms: how long the check ran, in milliseconds; the engine fills it in.
        ignored: of a skip, the problem that `[[ignore]]` of the settings accepts, or None.
    """

    code: str
    name: str
    status: Status
    severity: Severity
    confidence: Confidence = Confidence.LOW
    message: str
    location: Location | None = None
    resource: str | None = None
    evidence: Mapping[str, Json] = field(default_factory=dict)
    explains: tuple[str, ...] = ()
    fix: FixInfo | None = None
    duration_ms: float = 0.0
    ignored: Ignored | None = None

    @property
    def is_unanswered(self) -> bool:
        """True for a check that did not break, but to which the account gave no usable answer."""
        return self.status is Status.ERROR and UNANSWERED in self.evidence

    @property
    def is_problem(self) -> bool:
        """True for a fail or a warning: something about the project, not about the tool."""
        return self.status in {Status.FAIL, Status.WARN}
