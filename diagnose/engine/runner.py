"""Runs checks over a context: what each needs, concurrency, timeouts, and crashes as results."""

from __future__ import annotations

import asyncio
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from diagnose.account.errors import (
    ApiError,
    CredentialError,
    MalformedAnswerError,
    MissingPermissionError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from diagnose.account.permissions import permission_for
from diagnose.engine.accepting import accepted
from diagnose.engine.events import Silent
from diagnose.engine.hiding import without_secrets
from diagnose.engine.outcomes import RunOutcomes
from diagnose.errors import AccountError, DiagnoseError, ProjectError
from diagnose.model import Confidence, Finding, FixInfo, Severity, Status
from diagnose.model.finding import UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.engine.events import Observer
    from diagnose.engine.registry import Registry
    from diagnose.errors import PluginError
    from diagnose.plugin import Check, Context

PLUGIN_CODE, PLUGIN_NAME = "PLUGIN", "plugin-unusable"

_JUDGED: Final = frozenset({Status.PASS, Status.FAIL, Status.WARN})
_TOO_MANY_REQUESTS: Final = 429


@dataclass(frozen=True, slots=True)
class Selection:
    """Which checks run.

    Attributes:
        select: codes, families (`LIM`) or names; empty means all.
        ignore: the same, taken away afterwards.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def wants(self, check: type[Check]) -> bool:
        """Whether the check runs."""
        chosen = not self.select or any(_names(text, check) for text in self.select)
        return chosen and not self.refuses(check)

    def refuses(self, check: type[Check]) -> bool:
        """Whether the check was taken away, and not merely left unmentioned."""
        return any(_names(text, check) for text in self.ignore)


def _names(text: str, check: type[Check]) -> bool:
    wanted = text.strip().lower()
    return bool(wanted) and (check.code.lower().startswith(wanted) or check.name == wanted)


async def run_checks(
    registry: Registry,
    ctx: Context,
    *,
    selection: Selection | None = None,
    observer: Observer | None = None,
) -> tuple[Finding, ...]:
    """Every finding of the selected checks, in catalogue order, plug-in problems first.

    Raises:
        AccountError: the account cannot be asked anything: no valid token, no answer, too many requests.
    """
    observer = observer or Silent()
    selection = selection or Selection()
    chosen = [check for check in registry.checks.values() if selection.wants(check)]
    outcomes = know_outcomes(registry, ctx, selection)
    for number, check in enumerate(chosen):
        observer.checking(check.code, number, len(chosen))
        outcomes.start(check)
    try:
        findings = await asyncio.gather(*map(outcomes.start, chosen))
    except BaseException:
        await outcomes.stop()
        await ctx.give_up()
        raise
    flat = [_with_fix(finding, registry) for group in findings for finding in group]
    problems = map(_plugin_finding, registry.problems)
    return (*problems, *accepted(flat, ctx.project.settings.ignores))


def know_outcomes(registry: Registry, ctx: Context, selection: Selection) -> RunOutcomes:
    """Let the checks of a context look at each other's findings."""
    outcomes = RunOutcomes(registry, selection, lambda check: run_check(check, ctx))
    ctx.outcomes = outcomes
    return outcomes


async def run_check(check: type[Check], ctx: Context) -> list[Finding]:
    """The findings of one check; a crash or a timeout is a finding with status *error*.

    What the token may not read is a skip behind what was found until then.

    Raises:
        AccountError: the account cannot be asked anything: no valid token, no answer, too many requests.
    """
    started = time.perf_counter()
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(check.timeout) as limit:
            with _patient(limit, ctx):
                await _find(check, ctx, findings)
    except ApiError as error:
        findings = [*findings, await _refused(check, ctx, error)]
    except TimeoutError:
        findings = [_crash(check, f"gave no answer within {check.timeout:g} seconds")]
    except ProjectError as error:  # a file of the project is not fit to be read, which breaks no check
        findings = [check().skipped(str(error))]
    except Exception as error:  # noqa: BLE001 - a crash of a check is a result, not the end of the run
        findings = [_crash(check, describe_crash(error))]
    elapsed = round((time.perf_counter() - started) * 1000, 3)
    shown = without_secrets(findings, ctx.secrets)
    return [replace(_dated(finding, ctx), duration_ms=elapsed) for finding in shown]


def _dated(finding: Finding, ctx: Context) -> Finding:
    """A judgement by limits, with the day whose limits they were where the settings choose one."""
    rehearsed = finding.code.startswith("E2E") and ctx.live is None
    if finding.status not in _JUDGED or not (rehearsed or finding.code.startswith("LIM")):
        return finding
    day = ctx.project.settings.limits_on
    if day is None:
        return finding
    return replace(finding, evidence={**finding.evidence, "limits_on": day.isoformat()})


async def _find(check: type[Check], ctx: Context, findings: list[Finding]) -> None:
    """Add what the check yields, one by one."""
    instance = check()
    for need in sorted(check.requires):
        reason = await ctx.missing(need)
        if reason is not None:
            findings.append(instance.skipped(reason))
            return
    async for finding in instance.run(ctx):
        findings.append(finding)  # noqa: PERF401 - kept when a later one fails


@contextmanager
def _patient(limit: asyncio.Timeout, ctx: Context) -> Iterator[None]:
    """Let a check's time not run while the account asks everybody to wait."""

    def later(seconds: float, _reason: str) -> None:
        when = limit.when()
        if when is not None and not limit.expired():
            limit.reschedule(when + seconds)

    end = ctx.account.tell_waits(later) if ctx.account is not None else None
    try:
        yield
    finally:
        if end is not None:
            end()


async def _refused(check: type[Check], ctx: Context, error: ApiError) -> Finding:
    """What a refusal of the account means for a check. Raises it again where it ends the run."""
    match error:
        case UnreachableError():
            raise error
        case RateLimitedError() if error.status == _TOO_MANY_REQUESTS:
            raise error
        # Products answer 401 to a token without the permission, too; only verification tells them apart.
        case CredentialError() if not await _has_valid_token(ctx):
            raise error
        case CredentialError() | MissingPermissionError():
            return check().skipped(_not_permitted(error))
        case ServerError() | MalformedAnswerError() | NotFoundError():
            return _unanswered(check, error)
        case _:
            return _crash(check, describe_crash(error))


async def _has_valid_token(ctx: Context) -> bool:
    try:
        return ctx.account is not None and (await ctx.account.verify_token()).active
    except AccountError:
        return False


def _not_permitted(error: ApiError) -> str:
    permission = permission_for(error.method, error.path, reads=True)
    what = f"“{permission}”" if permission else f"what {error.method} {error.path} needs"
    return f"the token lacks {what} for this account (DEP006): {error.text}"


def describe_crash(error: Exception) -> str:
    """What broke and where; an error that is raised on purpose says it in its own words."""
    if isinstance(error, DiagnoseError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.name}, line {last.lineno})"


def _crash(check: type[Check], what: str) -> Finding:
    return _error(check, f"the check itself broke: {what}")


def _unanswered(check: type[Check], error: ApiError) -> Finding:
    found = _error(check, f"the account gave no usable answer: {error}")
    return replace(found, evidence={UNANSWERED: f"{error.method} {error.path}"})


def _error(check: type[Check], message: str) -> Finding:
    return Finding(
        code=check.code,
        name=check.name,
        status=Status.ERROR,
        severity=check.severity,
        confidence=Confidence.HIGH,
        message=message,
    )


def _plugin_finding(problem: PluginError) -> Finding:
    return Finding(
        code=PLUGIN_CODE,
        name=PLUGIN_NAME,
        status=Status.ERROR,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message=str(problem),
    )


def _with_fix(finding: Finding, registry: Registry) -> Finding:
    if not finding.is_problem or finding.fix is not None:
        return finding
    fix = registry.fixes.get(finding.code)
    info = FixInfo(available=True, safety=fix.safety) if fix else FixInfo(available=False)
    return replace(finding, fix=info)
