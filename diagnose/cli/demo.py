"""`diagnose demo`."""

from __future__ import annotations

import asyncio
import shlex
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli.fix import conclude, repair
from diagnose.cli.operator import Person
from diagnose.cli.outputs import print_report
from diagnose.cli.program import program
from diagnose.cli.run import inspect
from diagnose.cli.streams import has_terminal
from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from diagnose.model import Report

ANSWERS = {"option": "direct", "trigger": "cron:0 3 * * *"}
FOLDER = "diagnose-demo"


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--yes", is_flag=True, help="Confirm every plan without asking; also without a terminal.")
def command(folder: Path | None, *, yes: bool) -> int:
    """Write a broken project and a saved embedded account into a new FOLDER, and tell the whole story.

    `run` finds the reasons, `fix` repairs them (each plan is shown; asked at a terminal), `run` again
    is clean. No Cloudflare account and no internet are needed.
    """
    from diagnose.demo.writing import write_demo

    folder = folder or _free_folder()
    write_demo(folder)
    asking = has_terminal() and not yes
    return asyncio.run(tell(folder, asking=asking))


def _free_folder() -> Path:
    names = (FOLDER if number == 1 else f"{FOLDER}-{number}" for number in count(1))
    return next(path for path in map(Path, names) if not path.exists())


async def tell(folder: Path, *, asking: bool) -> int:
    """The story: broken, repaired, clean."""
    from diagnose.engine.reporting import Thresholds
    from diagnose.engine.runner import Selection
    from diagnose.engine.session import SessionOptions

    place = shlex.quote(str(folder))
    options = SessionOptions(path=folder, writable=True)
    looking = SessionOptions(path=folder)
    answers = " ".join(f"--option {name}={shlex.quote(value)}" for name, value in ANSWERS.items())
    commands = {
        "run": f"{program()} run {place}",
        "fix": f"{program()} fix {place} --yes {answers}",
        "undo": f"{program()} undo {place} --yes",
    }

    _heading(f"A broken import is in {folder}/ – look at it: {commands['run']}")
    report, _ = await inspect(looking, Selection(), Thresholds())
    print_report(report, "table")

    _heading(f"Repair it: {commands['fix']}")
    operator = Person(confirm_all=not asking, interactive=asking, answers={} if asking else ANSWERS)
    conclude(await repair(options, Selection(), operator), options)

    _heading(f"Look again: {commands['run']}")
    report, code = await inspect(looking, Selection(), Thresholds())
    print_report(report, "table")

    _heading("The rows")
    click.echo(await _rows(folder, report))
    _heading("Each step by hand, in that folder (undo takes it all back)")
    for line in commands.values():
        click.echo(f"  {line}")
    return code or ExitCode.CLEAN


def _heading(text: str) -> None:
    click.echo(f"\n{click.style(f'── {text}', bold=True)}\n")


async def _rows(folder: Path, report: Report) -> str:
    """What the rehearsal proved, and what stands in the saved account now."""
    evidence = next((f.evidence for f in report.findings if f.code == "E2E004"), {})
    fetched, landed, equal = (evidence.get(key) or 0 for key in ("fetched", "landed", "equal"))
    return (
        f"  fetched {fetched:,} · landed {landed:,} · equal {equal:,} of {fetched:,}\n"
        f"  in the saved account: {_stored(folder):,} rows in price_data"
    )


def _stored(folder: Path) -> int:
    from diagnose.d1 import Statement
    from diagnose.demo.account import MAIN
    from diagnose.embedded import EmbeddedAccount

    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        database = account.database(MAIN.uuid)
        if database.schema().table("price_data") is None:
            return 0
        return int(database.run(Statement("SELECT count(*) FROM price_data")).rows[0][0] or 0)
