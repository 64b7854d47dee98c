"""`diagnose fix`."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import click

from diagnose.cli.operator import PLAIN, Person, describe
from diagnose.cli.options import project_options, selection, selection_options, session_options
from diagnose.cli.streams import has_terminal
from diagnose.exits import ExitCode
from diagnose.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.engine.runner import Selection
    from diagnose.engine.session import SessionOptions
    from diagnose.engine.settlement import FixResult, Settlement
    from diagnose.model import Finding


@click.command("fix")
@project_options
@selection_options
@click.option(
    "--consumer",
    type=click.Choice(("python", "typescript")),
    help="Who writes what option=queue sends: the worker itself, or a worker of its own in TypeScript.",
)
@click.option("--yes", is_flag=True, help="Confirm every plan. It answers no question.")
def command(
    select: tuple[str, ...], ignore: tuple[str, ...], *, consumer: str | None, yes: bool, **project: Any
) -> int:
    """Repair what `run` finds: show each plan, apply it when confirmed, prove it or take it back.

    Without a terminal and without --yes the plans are printed and nothing is changed.
    """
    options = session_options(**project, writable=yes or has_terminal())
    if consumer is not None:
        options.options["consumer"] = consumer
    chosen = selection(select, ignore)
    if not options.writable:
        return asyncio.run(show_plans(options, chosen))
    result = asyncio.run(repair(options, chosen, Person(confirm_all=yes, interactive=has_terminal())))
    return conclude(result, options)


async def repair(options: SessionOptions, chosen: Selection, operator: Person) -> FixResult:
    """Repair a project with somebody who confirms."""
    from diagnose.engine.fixing import Fixer
    from diagnose.engine.registry import load_registry
    from diagnose.engine.session import Session

    async with Session(options) as session:
        fixer = Fixer(session, load_registry(), operator, session.journal_folder)
        return await fixer.fix(chosen)


async def show_plans(options: SessionOptions, chosen: Selection) -> int:
    """Print the plans as they are now and change nothing."""
    from diagnose.engine.fixing import Fixer
    from diagnose.engine.registry import load_registry
    from diagnose.engine.session import Session

    operator = Person(confirm_all=False, interactive=False)
    async with Session(options) as session:
        plans = await Fixer(session, load_registry(), operator, session.journal_folder).preview(chosen)
    for finding, plan in plans:
        click.echo(describe(finding, plan))
    if not plans:
        click.echo("Nothing to repair.")
        return ExitCode.CLEAN
    click.echo("Nothing was changed. Apply with: diagnose fix --yes (later plans build on earlier ones)")
    return ExitCode.FINDINGS


def conclude(result: FixResult, options: SessionOptions) -> int:
    """Print what became of every finding, and which are left; exit 0 when nothing is left to do."""
    for settlement in result.settlements:
        click.echo(_line(settlement))
    if not result.settlements:
        click.echo("Nothing to repair.")
    for finding in left(result):
        line = f"left: {finding.code} {finding.message} (by hand: diagnose explain {finding.code})"
        click.echo(shown(line, PLAIN))
    if result.run_id:
        words = ["diagnose", "undo", *_where(options), "--run", result.run_id]
        click.echo(f"Take it back with: {shlex.join(words)}")
    return ending(result)


def left(result: FixResult) -> Iterator[Finding]:
    """The failures that make the exit code 1 although nothing was tried against them."""
    from diagnose.engine.reporting import Thresholds, judged
    from diagnose.model import Status

    tried = {settlement.finding.code for settlement in result.settlements if not settlement.outcome.is_good}
    for finding in judged(result.findings, Thresholds()):
        if finding.status is Status.FAIL and finding.code not in tried:
            yield finding


def ending(result: FixResult) -> int:
    """Exit 1 when a problem or a plan is left, judged as `run` judges it by default."""
    from diagnose.engine.reporting import Thresholds, exit_code, judged

    thresholds = Thresholds()
    code = exit_code(judged(result.findings, thresholds), None, thresholds)
    undecided = not all(settlement.outcome.is_good for settlement in result.settlements)
    return ExitCode.FINDINGS if code is ExitCode.CLEAN and undecided else code


def _where(options: SessionOptions) -> Iterator[str]:
    """What leads `undo` to this run, and to the account that its steps acted upon."""
    from diagnose.plugin import Target

    if str(options.path) != ".":
        yield str(options.path)
    if options.target is Target.CLOUDFLARE:
        yield from ("--target", "cloudflare")
    if options.state is not None:
        yield from ("--state", str(options.state))


def _line(settlement: Settlement) -> str:
    detail = f" – {settlement.detail}" if settlement.detail else ""
    return f"{settlement.finding.code}  {settlement.outcome.value}{detail}"
