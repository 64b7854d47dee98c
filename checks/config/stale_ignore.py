"""CFG011: `[[ignore]]` entries that accept nothing any more."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, FixInfo, Need, Severity, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding
    from diagnose.plugin.outcomes import Outcomes
    from diagnose.project import Ignore, Project

_FROM_FILES = frozenset({Need.CONFIG, Need.SOURCE})
_UNSETTLED = frozenset({Status.SKIP, Status.ERROR})


class StaleIgnore(Check):
    """Every `[[ignore]]` of the settings accepts a finding, and its last day has not passed.

    ## What it checks

    Each entry of `[[ignore]]` in `diagnose.toml` or `pyproject.toml`, against what the check that it
    names found in this run: whether the entry's last day (`until`) has passed, whether it accepts at least
    one finding, and whether there is such a check at all. An entry whose check did not run, or skipped, is
    not judged. Nor is an unused one called so where another run may well use it: the check looks at an
    account or executes the worker, the source could not be read to its end, there are several environments
    or configs, or the settings file stands above the project and speaks for others, too.

    ## Why it matters

    An entry that outlives its finding hides the next one: whoever brings the defect back sees a clean
    report. And after the last day the finding is back in the report while the entry still says that it is
    accepted.

    ## Example

    Fails, because its last day has passed:

    ```toml
    [[ignore]]
    code = "LIM001"
    reason = "fewer than ten rows until the backfill"
    until = 2026-03-31
    ```

    Right, while the finding is there and the day is not over:

    ```toml
    [[ignore]]
    code = "LIM001"
    reason = "fewer than ten rows until the backfill"
    until = 2031-03-31
    ```

    ## Remedy

    Remove the entry; or repair the finding first; or, where it is still accepted, set a new last day.

    ## Fix safety

    safe: the entry is removed with the comments directly above it. It accepts nothing, so no finding
    changes. A code that no check has may be misspelt, so such an entry stays; the nearest codes are named.

    ## Evidence

    - `problem`: `expired`, `unused` or `unknown`.
    - `code`, `path`, `reason`, `until`: of the entry, null for what it does not say.
    - `open`: of an expired entry, how many findings it accepted before and does not now.
    - `near`: of an unknown code, the codes that resemble it.
    - `ignores`: of a pass, how many entries are in use.

    ## Permissions

    None of its own; the checks that the entries name ask for theirs.
    """

    code: ClassVar[str] = "CFG011"
    name: ClassVar[str] = "stale-ignore"
    severity: ClassVar[Severity] = Severity.WARNING
    timeout: ClassVar[float] = 300.0  # it waits for the checks that the entries name

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each entry that is stale or cannot be judged."""
        if ctx.outcomes is None:
            yield self.skipped("what the other checks found is not known")
            return
        in_use = 0
        for ignore in ctx.project.settings.ignores:
            found = await self._judged(ignore, ctx.outcomes, ctx.project)
            if found is None:
                in_use += 1
            else:
                yield found
        if in_use == len(ctx.project.settings.ignores):
            yield self.passed(
                "every accepted finding is there" if in_use else "the settings accept no finding",
                evidence={"ignores": in_use},
            )

    async def _judged(self, ignore: Ignore, outcomes: Outcomes, project: Project) -> Finding | None:
        """None when the entry is in use."""
        code = ignore.code.upper()
        check = outcomes.check(code)
        if check is None:
            return self._unknown(ignore, outcomes)
        if code == self.code:
            return None  # it would have to wait for itself
        findings = await outcomes.of(code)
        if findings is None or all(finding.status in _UNSETTLED for finding in findings):
            return self.skipped(f"{code}, which an entry accepts, did not run", location=ignore.location)
        count = sum(finding.is_problem and _concerns(ignore, finding) for finding in findings)
        if ignore.is_over(datetime.now(UTC).date()):
            return self._expired(ignore, count)
        return None if count else self._unused(ignore, _doubt(check, findings, project))

    def _unknown(self, ignore: Ignore, outcomes: Outcomes) -> Finding:
        near = difflib.get_close_matches(ignore.code.upper(), outcomes.codes(), 3)
        meant = f"; {' or '.join(near)} may be meant" if near else ""
        return self.problem(
            f"[[ignore]] names {ignore.code!r}, a code that no check has{meant}",
            confidence=Confidence.HIGH,
            location=ignore.location,
            evidence={"problem": "unknown", "near": near, **_said(ignore)},
            fix=FixInfo(available=False, reason="correct the code, or remove the entry"),
        )

    def _expired(self, ignore: Ignore, count: int) -> Finding:
        left = f"{count} finding{'' if count == 1 else 's'} of it {'is' if count == 1 else 'are'} open again"
        return self.problem(
            f"[[ignore]] of {ignore.code} ({ignore.reason}) ended on {ignore.until}; "
            f"{left if count else 'nothing of it is left'}",
            confidence=Confidence.HIGH,
            location=ignore.location,
            evidence={"problem": "expired", "open": count, **_said(ignore)},
        )

    def _unused(self, ignore: Ignore, doubt: str | None) -> Finding:
        if doubt is not None:
            reason = f"{ignore.code.upper()} has nothing here that an entry accepts, but {doubt}"
            return self.skipped(reason, location=ignore.location)
        place = f" in {ignore.path}" if ignore.path else ""
        return self.problem(
            f"[[ignore]] of {ignore.code}{place} ({ignore.reason}) accepts nothing: there is no such finding",
            severity=Severity.ADVICE,
            confidence=Confidence.HIGH,
            location=ignore.location,
            evidence={"problem": "unused", **_said(ignore)},
        )


def _concerns(ignore: Ignore, finding: Finding) -> bool:
    return ignore.concerns(finding.code, finding.location.path if finding.location else "")


def _doubt(check: type[Check], findings: Sequence[Finding], project: Project) -> str | None:
    """Why another run may use an entry that this one does not, or None."""
    config = project.config
    if any(finding.status in _UNSETTLED for finding in findings):
        return "part of it could not be checked"
    if check.scopes or not check.requires <= _FROM_FILES:
        return "an account may show more"
    if Need.SOURCE in check.requires and project.source is not None and not project.source.complete:
        return "the source could not be read to its end"
    if (project.settings.path or "").startswith("../"):
        return "the settings speak for other projects, too"
    if len(project.config_candidates) > 1 or (config is not None and config.document.get("env")):
        return "there are several configs or environments"
    return None


def _said(ignore: Ignore) -> dict[str, str | None]:
    return {
        "code": ignore.code,
        "path": ignore.path,
        "reason": ignore.reason,
        "until": ignore.until.isoformat() if ignore.until else None,
    }
