"""`diagnose run`."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from diagnose.cli.options import project_options, selection, selection_options, session_options
from diagnose.cli.streams import Progress, wants_color
from diagnose.errors import DiagnoseError
from diagnose.model import Confidence, Severity

if TYPE_CHECKING:
    from diagnose.engine.reporting import Thresholds
    from diagnose.engine.runner import Selection
    from diagnose.engine.session import SessionOptions
    from diagnose.exits import ExitCode
    from diagnose.model import Report
    from diagnose.report.style import Style

WIDEST = 120


@click.command("run")
@project_options
@selection_options
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", help="Of the report."
)
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
def command(  # noqa: PLR0917 - click passes options by name
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    form: str,
    fail_on: str,
    min_confidence: str,
    require: tuple[str, ...],
    **project: Any,
) -> int:
    """Look for every reason why an import does not arrive, and rank them by root cause."""
    from diagnose.engine.reporting import Thresholds

    thresholds = Thresholds(fail_on=fail_on, min_confidence=Confidence(min_confidence), require=require)
    options = session_options(**project)
    try:
        report, code = asyncio.run(inspect(options, selection(select, ignore), thresholds))
    except DiagnoseError as error:
        if form == "json":
            click.echo(_failure(error, options), nl=False)
        raise
    click.echo(rendered(report, form), nl=False)
    return code


async def inspect(
    options: SessionOptions, chosen: Selection, thresholds: Thresholds
) -> tuple[Report, ExitCode]:
    """Run the checks over a project; the report and the exit code."""
    from diagnose.engine.registry import load_registry
    from diagnose.engine.reporting import exit_code, judged, make_report
    from diagnose.engine.runner import run_checks
    from diagnose.engine.session import TOKEN, Session

    progress = Progress()
    async with Session(options) as session:
        ctx = await session.context()
        found = await run_checks(load_registry(), ctx, selection=chosen, observer=progress)
        findings = judged(found, thresholds)
        report = make_report(
            ctx,
            findings,
            target=session.target_name,
            command=f"diagnose run {shlex.quote(str(options.path))} --target cloudflare",
            token=TOKEN in os.environ,
        )
    progress.clear()
    return report, exit_code(findings, ctx.project, thresholds)


def rendered(report: Report, form: str) -> str:
    """The report for stdout."""
    from diagnose.report.registry import renderer

    return renderer(form)(report, output_style())


def output_style() -> Style:
    """How text on stdout may look."""
    from diagnose.report.style import Style

    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    return Style.for_encoding(sys.stdout.encoding, width=width, color=wants_color(sys.stdout))


def _failure(error: DiagnoseError, options: SessionOptions) -> str:
    from diagnose import __version__
    from diagnose.report.json_v1 import render_failure

    return render_failure(
        error, version=__version__, target=options.target.value, project={"path": str(options.path)}
    )
