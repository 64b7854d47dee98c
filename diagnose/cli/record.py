"""`diagnose record`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from diagnose.cli.init import SETTINGS_FILE, found_settings
from diagnose.cli.operator import PLAIN
from diagnose.cli.options import project_options, session_options
from diagnose.cli.streams import has_terminal
from diagnose.errors import ProjectError, UsageError
from diagnose.exits import ExitCode
from diagnose.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.engine.session import Session, SessionOptions
    from diagnose.plugin import Context
    from diagnose.project import Project
    from diagnose.project.response_files import ResponseFile
    from diagnose.rehearsal import Rehearsal
    from diagnose.rehearsal.recording import Recorder


@click.command("record")
@project_options
@click.option("--yes", is_flag=True, help="Do not ask before the first request.")
@click.option("--overwrite", is_flag=True, help="Fetch again what has a recorded answer.")
@click.option(
    "--allow-host",
    "hosts",
    metavar="HOST:PORT",
    multiple=True,
    help="Reach this host over http, and at a private address. Repeatable.",
)
@click.option(
    "--secret",
    "secrets",
    metavar="NAME",
    multiple=True,
    help="Give the worker this secret; its value is taken from the environment variable NAME. Repeatable.",
)
def command(
    *, yes: bool, overwrite: bool, hosts: tuple[str, ...], secrets: tuple[str, ...], **project: Any
) -> int:
    """Trigger the worker once with the internet in reach, and keep the answers to what it fetches.

    It runs in a throw-away embedded account. Answers go to `recorded/` and `[[responses]]`, without
    the secrets that the worker was given.
    """
    if project["offline"] or project["target"] != "embedded":
        raise UsageError(
            "record executes the worker here, with the internet in reach",
            hint="leave out --offline and --target",
        )
    values = _values(secrets, os.environ)
    return asyncio.run(
        record(
            session_options(**project), yes=yes, overwrite=overwrite, hosts=frozenset(hosts), secrets=values
        )
    )


def _values(names: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise UsageError(f"--secret names {', '.join(missing)}, which is not set in the environment")
    return {name: environment[name] for name in names}


async def record(
    options: SessionOptions, *, yes: bool, overwrite: bool, hosts: frozenset[str], secrets: dict[str, str]
) -> int:
    """Record; exit 1 when nobody confirmed, or a request was not answered."""
    from diagnose.engine.session import Session

    async with Session(options) as session:
        ctx = await session.context()
        if not _is_confirmed(ctx.project, yes=yes):
            return ExitCode.FINDINGS
        recorder, rehearsal = await _rehearse(session, ctx, hosts, secrets, overwrite=overwrite)
        written = _write(ctx.project, options.config, recorder)
    return _conclude(recorder, rehearsal, written)


def _is_confirmed(project: Project, *, yes: bool) -> bool:
    urls = sorted({fetch.url for fetch in (project.source.fetches if project.source else ()) if fetch.url})
    click.echo("The worker is triggered once, in a throw-away account; what it fetches is really fetched:")
    for url in urls or ["(the source does not tell which addresses)"]:
        click.echo(f"  {url}")
    if yes or (has_terminal() and click.confirm("Go on?", err=True)):
        return True
    click.echo("Nothing was fetched. Confirm with: --yes")
    return False


async def _rehearse(
    session: Session, ctx: Context, hosts: frozenset[str], secrets: dict[str, str], *, overwrite: bool
) -> tuple[Recorder, Rehearsal]:
    from diagnose.account.outbound import Outbound
    from diagnose.rehearsal import rehearse
    from diagnose.rehearsal.recording import Recorder
    from diagnose.rehearsal.redacting import Redaction

    outbound = Outbound(hosts)
    redaction = Redaction((*secrets.values(), *_given(ctx.project)))
    recorder = Recorder(outbound.fetch, redaction, ctx.project.settings, overwrite=overwrite)
    try:
        rehearsal = await rehearse(
            ctx.project,
            ctx.embedded,
            plan=ctx.plan,
            derived=session.saved_state is None,
            allow_worker_code=ctx.allow_worker_code,
            responses=recorder,
            secrets=secrets,
        )
    finally:
        await outbound.aclose()
    return recorder, rehearsal


def _given(project: Project) -> list[str]:
    """Values that the trigger takes from the environment."""
    trigger = project.settings.trigger
    return [
        os.environ[name] for name in (trigger.headers_env if trigger else {}).values() if name in os.environ
    ]


def _write(project: Project, config: str | None, recorder: Recorder) -> list[str]:
    """What was written: bodies first, so that the settings never name a file that is not there."""
    from diagnose.project.files import write_atomically
    from diagnose.project.response_files import name_files, with_responses, write_bodies
    from diagnose.project.settings_text import render_settings

    settings = project.settings
    files = name_files(recorder.recordings, settings)
    if not files:
        return []
    write_bodies(files, settings.directory)
    if settings.path is None:
        file = settings.directory / SETTINGS_FILE
        new = tuple(one.response for one in files)
        content = render_settings(replace(found_settings(project, config), responses=new)).encode()
    else:
        file = project.root / settings.path
        content = with_responses(settings, project.root, files)
    try:
        write_atomically(file, content)
    except OSError as error:
        raise ProjectError(f"cannot be written: {error.strerror}", where=str(file)) from error
    return [*map(_line, files), f"settings: {file.name}"]


def _line(file: ResponseFile) -> str:
    one = file.recording
    return f"{one.status} {one.method} {one.url} → {file.body_file} ({len(one.body):,} bytes)"


def _conclude(recorder: Recorder, rehearsal: Rehearsal, written: list[str]) -> int:
    """Say what was written, and what a later rehearsal will still miss."""
    if rehearsal.refused is not None and not recorder.problems:
        raise ProjectError(f"the worker was not executed: {rehearsal.refused}")
    for line in written or ["Nothing new was fetched."]:
        click.echo(shown(line, PLAIN))
    if recorder.kept:
        click.echo(f"answered from what is recorded: {recorder.kept} (--overwrite fetches again)")
    for url in recorder.changing:
        click.echo(shown(f"answered differently the second time; the first answer is kept: {url}", PLAIN))
    for problem in recorder.problems:
        click.echo(shown(f"not answered: {problem}", PLAIN), err=True)
    return ExitCode.UNFINISHED if recorder.problems else ExitCode.CLEAN
