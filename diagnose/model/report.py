"""What a run found, ready for any renderer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.model.finding import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model.finding import Finding, Json


@dataclass(frozen=True, slots=True)
class RootCause:
    """A finding that no other explains, and that is an error or explains others.

    Attributes:
        code: of the finding.
        message: why it comes first, in one sentence.
        explains: codes of the failing findings that follow from it, in report order.
    """

    code: str
    message: str
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts by status, the worst severity met, and the sentence that stands above the report."""

    passed: int
    failed: int
    warned: int
    skipped: int
    errored: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole result of a run.

    Attributes:
        version: of the tool.
        target: `embedded (derived)`, `embedded (saved)`, `cloudflare`, `offline`, …
        project: facts about the project that a reader needs: path, config, environment, worker.
        pipeline: the stages fetch → worker → (queue →) D1 as (name, detail, codes that mark it).
        note: the sentence that must stand above the findings, or None.
    """

    version: str
    target: str
    project: Mapping[str, Json]
    findings: tuple[Finding, ...]
    root_causes: tuple[RootCause, ...] = ()
    pipeline: tuple[Stage, ...] = ()
    note: str | None = None

    @property
    def summary(self) -> Summary:
        """Counts by status."""
        counts = Counter(finding.status for finding in self.findings)
        return Summary(
            passed=counts[Status.PASS],
            failed=counts[Status.FAIL],
            warned=counts[Status.WARN],
            skipped=counts[Status.SKIP],
            errored=counts[Status.ERROR],
            note=self.note,
        )

    def problems(self, at_least: Severity = Severity.ADVICE) -> tuple[Finding, ...]:
        """The failing and warning findings whose severity reaches `at_least`."""
        return tuple(
            finding
            for finding in self.findings
            if finding.is_problem and finding.severity.rank <= at_least.rank
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One box of the pipeline picture.

    Attributes:
        name: `fetch`, `worker`, `queue`, `D1`.
        detail: what stands there: a host, a worker name, a database.
        present: False draws the box as missing.
        codes: the failing findings that belong here, worst first.
    """

    name: str
    detail: str
    present: bool = True
    codes: tuple[str, ...] = field(default_factory=tuple)
