"""Makes a report of findings: thresholds, root causes, the pipeline, and the sentence on top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import diagnose
from diagnose.engine.ranking import root_causes
from diagnose.exits import ExitCode
from diagnose.model import Confidence, Report, Severity, Status
from diagnose.model.report import Stage
from diagnose.plugin import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diagnose.model import Finding, Json
    from diagnose.plugin import Context
    from diagnose.project import Project
    from diagnose.rehearsal.live import LivePlan, LiveRefusal

STAGES = {"QUE": "queue", "TBL": "D1", "DAT": "D1", "E2E": "D1", "E2E003": "queue"}
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts, and what ends a run with exit code 1.

    Attributes:
        fail_on: a severity, or `never`.
        min_confidence: a finding below it is advice, whatever its severity.
        require: code prefixes or names of checks whose skip is a failure.
    """

    fail_on: str = Severity.ERROR
    min_confidence: Confidence = Confidence.MEDIUM
    require: tuple[str, ...] = ()


def judged(findings: Iterable[Finding], thresholds: Thresholds) -> tuple[Finding, ...]:
    """The findings as the user wants them judged."""
    return tuple(_required(_demoted(finding, thresholds), thresholds) for finding in findings)


def _demoted(finding: Finding, thresholds: Thresholds) -> Finding:
    if finding.is_problem and finding.confidence.rank < thresholds.min_confidence.rank:
        return replace(finding, severity=Severity.ADVICE, status=Status.WARN)
    return finding


def _required(finding: Finding, thresholds: Thresholds) -> Finding:
    names = (finding.code.lower(), finding.name)
    wanted = any(names[0].startswith(text.lower()) or names[1] == text for text in thresholds.require)
    if finding.status is not Status.SKIP or finding.ignored is not None or not wanted:
        return finding
    return replace(
        finding,
        status=Status.FAIL,
        severity=Severity.ERROR,
        message=f"required, but could not be checked: {finding.message}",
    )


def exit_code(findings: Sequence[Finding], project: Project | None, thresholds: Thresholds) -> ExitCode:
    """The exit code of a finished run."""
    if project is not None and project.config_error is not None:
        return ExitCode.USAGE
    errors = [finding for finding in findings if finding.status is Status.ERROR]
    if errors:
        unanswered = all(finding.is_unanswered for finding in errors)
        return ExitCode.UNFINISHED if unanswered else ExitCode.BROKEN
    if thresholds.fail_on == NEVER:
        return ExitCode.CLEAN
    worst = Severity(thresholds.fail_on).rank
    failing = any(finding.is_problem and finding.severity.rank <= worst for finding in findings)
    return ExitCode.FINDINGS if failing else ExitCode.CLEAN


def make_report(
    ctx: Context, findings: Sequence[Finding], *, target: str, command: str, token: bool
) -> Report:
    """The report of one run.

    Args:
        ctx: what was looked at.
        findings: judged.
        target: as the session names it.
        command: that looks at the real account.
        token: whether the environment holds a token for it.
    """
    return Report(
        version=diagnose.__version__,
        target=target,
        project=project_facts(ctx.project),
        findings=tuple(findings),
        root_causes=root_causes(findings),
        pipeline=_pipeline(ctx.project, findings),
        note=_note(ctx, target, command, token=token),
    )


def project_facts(project: Project) -> Mapping[str, Json]:
    """What a reader must know about the project."""
    config = project.config
    return {
        "path": str(project.root),
        "config": project.config_path,
        "environment": project.environment,
        "worker": config.name if config else None,
        "main": config.main if config else None,
        "settings": project.settings.path,
    }


def _note(ctx: Context, target: str, command: str, *, token: bool) -> str | None:
    lines = []
    if ctx.target is not Target.CLOUDFLARE and "saved" not in target:
        lines.append("Rehearsed locally; your account was not read.")
        if token:
            lines.append(f"To look at it: {command}")
    if ctx.project.settings.limits_on is not None:
        lines.append(f"Statements were judged by the limits of {ctx.project.settings.limits_on} (limits_on).")
    if ctx.live is not None:
        lines += _live_note(ctx.live)
    if ctx.project.environment_warning:
        lines.append(ctx.project.environment_warning)
    if len(ctx.project.config_candidates) > 1:
        others = ", ".join(ctx.project.config_candidates[1:])
        lines.append(f"Several configs: wrangler takes {ctx.project.config_candidates[0]}, not {others}.")
    return "\n".join(lines) or None


def _live_note(live: LivePlan | LiveRefusal) -> list[str]:
    from diagnose.rehearsal.live import LivePlan

    if not isinstance(live, LivePlan):
        return []
    return [f"The trigger ran for real ({live.where}); what it wrote stays written."]


def _pipeline(project: Project, findings: Sequence[Finding]) -> tuple[Stage, ...]:
    config, source = project.config, project.source
    if config is None:
        return ()
    hosts = (
        {urlsplit(fetch.url).hostname or fetch.url for fetch in source.fetches if fetch.url}
        if source
        else set()
    )
    queues = [producer.queue or producer.binding for producer in config.producers]
    queues = list(dict.fromkeys([*queues, *(one.queue for one in config.consumers if one.queue)]))
    databases = [binding.database_name or binding.binding for binding in config.d1]
    found = _codes_by_stage(findings)
    return (
        Stage(name="fetch", detail=", ".join(sorted(hosts)) or "no request found", present=bool(hosts)),
        Stage(name="worker", detail=config.name or project.root.name, codes=found.get("worker", ())),
        Stage(
            name="queue",
            detail=", ".join(queues) or "none",
            present=bool(queues),
            codes=found.get("queue", ()),
        ),
        Stage(
            name="D1",
            detail=", ".join(databases) or "no database",
            present=bool(databases),
            codes=found.get("D1", ()),
        ),
    )


def _codes_by_stage(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    problems = sorted((f for f in findings if f.is_problem), key=lambda finding: finding.severity.rank)
    stages: dict[str, dict[str, None]] = {}
    for finding in problems:
        stage = STAGES.get(finding.code) or STAGES.get(finding.code[:3], "worker")
        stages.setdefault(stage, {})[finding.code] = None
    return {stage: tuple(codes) for stage, codes in stages.items()}
