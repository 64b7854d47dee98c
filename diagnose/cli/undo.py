"""`diagnose undo`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from diagnose.cli.operator import Person
from diagnose.cli.options import project_options, session_options
from diagnose.cli.streams import has_terminal
from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from diagnose.engine.session import SessionOptions


@click.command("undo")
@project_options
@click.option("--run", "run_id", metavar="ID", help="The run to take back; default: the last one.")
@click.option("--yes", is_flag=True, help="Take back without asking.")
def command(run_id: str | None, *, yes: bool, **project: Any) -> int:
    """Take back what a run of `fix` did: files byte for byte, deployments, and its own rows."""
    return asyncio.run(take_back(session_options(**project, writable=True), run_id, yes=yes))


async def take_back(options: SessionOptions, run_id: str | None, *, yes: bool) -> int:
    """Undo one run; exit 1 when something could not be restored or nobody confirmed."""
    from diagnose.engine.journal import find_journal
    from diagnose.engine.session import Session
    from diagnose.engine.undoing import steps_in_effect, undo_run

    async with Session(options) as session:
        journal = find_journal(session.journal_folder, run_id)
        if journal is None or not journal.can_be_undone:
            click.echo("There is nothing to undo.")
            return ExitCode.CLEAN
        click.echo(f"Run {journal.run_id}:")
        for _, step in steps_in_effect(session, journal):
            click.echo(f"  take back: {step.title}")
            if step.irreversible:
                click.echo(f"    stays: {step.irreversible}")
        if not yes and not (has_terminal() and click.confirm("Take these steps back?", err=True)):
            click.echo("Nothing was changed. Confirm with: --yes")
            return ExitCode.FINDINGS
        result = await undo_run(session, journal, Person(confirm_all=True, interactive=False))
    click.echo(f"{result.restored} steps taken back.")
    return ExitCode.FINDINGS if result.left else ExitCode.CLEAN
