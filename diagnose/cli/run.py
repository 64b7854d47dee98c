"""`diagnose run`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from diagnose.cli.live import Confirming
from diagnose.cli.options import project_options, selection, selection_options, session_options
from diagnose.cli.outputs import FORMATS, parse_outputs, publish, reported_errors
from diagnose.cli.streams import Progress
from diagnose.errors import DiagnoseError
from diagnose.model import Confidence, Severity

if TYPE_CHECKING:
    from diagnose.engine.reporting import Thresholds
    from diagnose.engine.runner import Selection
    from diagnose.engine.session import SessionOptions
    from diagnose.exits import ExitCode
    from diagnose.model import Report


@click.command("run")
@project_options
@selection_options
@click.option(
    "--output",
    "outputs",
    metavar="FORMAT[=PATH]",
    multiple=True,
    help=f"Of the report: {', '.join(FORMATS)}; printed, or written to PATH. Repeatable.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="Short for --output FORMAT.")
@click.option(
    "--fail-on",
    type=click.Choice([*(severity.value for severity in Severity), "never"]),
    default=Severity.ERROR.value,
    help="The least severity that ends with exit code 1.",
)
@click.option(
    "--min-confidence",
    type=click.Choice([confidence.value for confidence in Confidence]),
    default=Confidence.MEDIUM.value,
    help="Findings below it are advice.",
)
@click.option("--require", metavar="CODES", multiple=True, help="A skip of these is a failure, such as e2e.")
@click.option(
    "--live",
    is_flag=True,
    help="With --target cloudflare: trigger the deployed worker for real, which cannot be undone.",
)
@click.option("--yes", is_flag=True, help="Confirm what --live says that it will do.")
def command(  # noqa: PLR0917 - click passes options by name
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    outputs: tuple[str, ...],
    form: str | None,
    fail_on: str,
    min_confidence: str,
    require: tuple[str, ...],
    *,
    live: bool,
    yes: bool,
    **project: Any,
) -> int:
    """Look for every reason why an import does not arrive, and rank them by root cause."""
    from diagnose.engine.reporting import Thresholds

    thresholds = Thresholds(fail_on=fail_on, min_confidence=Confidence(min_confidence), require=require)
    places = parse_outputs(form, outputs)
    options = session_options(**project)
    confirming = Confirming(live=live, yes=yes)
    confirming.check(options.target)
    try:
        report, code = asyncio.run(inspect(options, selection(select, ignore), thresholds, confirming))
    except Exception as error:
        # Whoever asked for a document gets one, whatever went wrong.
        with reported_errors():
            publish(_failed(error, options), places)
        raise
    publish(report, places)
    return code


async def inspect(
    options: SessionOptions,
    chosen: Selection,
    thresholds: Thresholds,
    confirming: Confirming | None = None,
) -> tuple[Report, ExitCode]:
    """Run the checks over a project; the report and the exit code."""
    from diagnose.engine.registry import load_registry
    from diagnose.engine.reporting import exit_code, judged, make_report
    from diagnose.engine.rules import rules
    from diagnose.engine.runner import run_checks
    from diagnose.engine.session import TOKEN, Session

    progress = Progress()
    async with Session(options) as session:
        ctx = await session.context()
        registry = load_registry()
        if confirming is not None and confirming.live:
            await confirming.confirm(ctx, registry, chosen)
        found = await run_checks(registry, ctx, selection=chosen, observer=progress)
        findings = judged(found, thresholds)
        report = make_report(
            ctx,
            findings,
            target=session.target_name,
            command=f"diagnose run {session.arguments()} --target cloudflare",
            token=TOKEN in os.environ,
        )
    progress.clear()
    code = exit_code(findings, ctx.project, thresholds)
    report = replace(report, rules=rules(registry, chosen), prefix=_prefix(options), exit_code=code)
    return report, code


def _failed(error: Exception, options: SessionOptions) -> Report:
    """The report of a run that could not finish."""
    from diagnose import __version__
    from diagnose.cli import internal_error
    from diagnose.model import Report

    failure = error if isinstance(error, DiagnoseError) else internal_error(error)
    return Report(
        version=__version__,
        target=options.target.value,
        project={"path": str(options.path)},
        findings=(),
        failure=failure,
        exit_code=failure.exit_code,
    )


def _prefix(options: SessionOptions) -> str:
    from diagnose.project.repository import folder_in_repository

    return folder_in_repository(options.path, os.environ.get("GITHUB_WORKSPACE"))
