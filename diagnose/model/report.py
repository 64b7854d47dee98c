"""What a run found, ready for any renderer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.model.finding import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.errors import DiagnoseError
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
    """Counts by status, and the sentence that stands above the report.

    `ignored` is how many of the skipped are problems that the settings accept.
    """

    passed: int
    failed: int
    warned: int
    skipped: int
    errored: int
    ignored: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a report says about a check that ran, whatever it found.

    Attributes:
        family: such as `limits`.
        page: the documentation page, in Markdown; its first line says what the check demands.
    """

    code: str
    name: str
    family: str
    severity: Severity
    page: str

    @property
    def title(self) -> str:
        """The first line of the page."""
        return self.page.partition("\n")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole result of a run.

    Attributes:
        version: of the tool.
        target: `embedded (derived)`, `embedded (saved)`, `cloudflare`, `offline`, …
        project: facts about the project that a reader needs: path, config, environment, worker.
        pipeline: the stages fetch → worker → (queue →) D1 as (name, detail, codes that mark it).
        note: the sentence that must stand above the findings, or None.
        rules: the checks that ran, in catalogue order.
        prefix: the project's folder relative to the root of its repository, or empty.
        failure: why the run could not finish, or None when it did.
        exit_code: that the run ends with, or None where it is not known.
    """

    version: str
    target: str
    project: Mapping[str, Json]
    findings: tuple[Finding, ...]
    root_causes: tuple[RootCause, ...] = ()
    pipeline: tuple[Stage, ...] = ()
    note: str | None = None
    rules: tuple[Rule, ...] = ()
    prefix: str = ""
    failure: DiagnoseError | None = None
    exit_code: int | None = None

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
            ignored=sum(finding.ignored is not None for finding in self.findings),
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
