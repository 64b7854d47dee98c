"""`diagnose serve`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from diagnose.errors import UsageError
from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

    from diagnose.account.outbound import Outbound
    from diagnose.d1.limits import D1Limits
    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.live import Live
    from diagnose.embedded.responses import Responses
    from diagnose.embedded.serving import Server
    from diagnose.project import Project

_TOKEN: Final = re.compile(r"[!#-&(-~]{1,4096}")  # visible ASCII, but no quotation mark


@click.command("serve")
@click.option("--host", default="127.0.0.1", help="An address of this machine; no other is taken.")
@click.option("--port", type=int, default=0, help="0 (default) takes a free one.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the account in this folder; default: in memory, until the end.",
)
@click.option(
    "--project",
    "path",
    type=click.Path(path_type=Path),
    help="Begin with this project deployed, as wrangler's working directory; for a new account only.",
)
@click.option("-c", "--config", metavar="FILE", help="The project's wrangler config, relative to it.")
@click.option("-e", "--env", "environment", metavar="NAME", help="The environment, as in wrangler.")
@click.option(
    "--plan",
    type=click.Choice(("free", "paid")),
    help="Whose limits apply; default: the project's settings, else paid.",
)
@click.option(
    "--limits-on",
    "day",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Judge statements by the limits of this day.",
)
@click.option("--token-env", metavar="NAME", help="Take the token from this environment variable.")
@click.option("--rate-limit", is_flag=True, help="Refuse more requests than Cloudflare's API takes.")
@click.option(
    "--fault",
    "faults",
    metavar="KIND[:PATH][:TIMES]",
    multiple=True,
    help="Trouble for requests whose path holds the expression PATH, such as 429:/query:2. Repeatable.",
)
@click.option("--live/--no-live", default=True, help="Execute deployed Python workers (default).")
@click.option(
    "--allow-worker-code", is_flag=True, help="Execute worker code even where no sandbox is to be had."
)
@click.option(
    "--allow-host",
    "hosts",
    metavar="HOST[:PORT]",
    multiple=True,
    help="Let executed workers reach this host where no answer is recorded. Repeatable.",
)
@click.option("--quiet", is_flag=True, help="Do not tell of each request on stderr.")
def command(**choices: Any) -> int:
    """Serve an embedded account on a loopback port, for wrangler, SDKs and tests.

    When it answers, one line of JSON is printed: base_url, account_id and token.
    """
    from diagnose.embedded.app.faults import Fault, Faults
    from diagnose.embedded.serving import Server, UvicornLog, listen, make_served, serve

    faults = Faults(Fault.parse(text) for text in choices["faults"])
    token = _token(choices["token_env"])
    project = _project(choices["path"], choices["config"], choices["environment"])
    plan = choices["plan"] or (project.settings.plan if project else "paid")
    limits = _limits(choices["day"], project)
    with (
        listen(choices["port"], choices["host"]) as listener,
        _open(choices["state"], plan, limits, project) as account,
    ):
        account.open_everything()
        if token is not None:
            account.use_token(token)
        outbound = _outbound(choices["hosts"]) if choices["hosts"] else None
        live = _live(account, project, choices, outbound) if choices["live"] else None
        app = make_served(
            account,
            faults=faults,
            rate_limit=choices["rate_limit"],
            live=live,
            tell=_tell,
            access=not choices["quiet"],
        )
        UvicornLog(_tell).install()
        server = Server(app, listener, ready=lambda: _announce(account, server))
        asyncio.run(_until_stopped(server, serve(server, account, live), outbound))
    return ExitCode.CLEAN


def _token(name: str | None) -> str | None:
    """The token that an environment variable holds. Raises UsageError, which does not show it."""
    if name is None:
        return None
    token = os.environ.get(name)
    if token is None or not _TOKEN.fullmatch(token):
        fault = "is not set" if token is None else "is empty, or holds quotation marks, blanks or line ends"
        raise UsageError(f"--token-env names {name}, which {fault}", hint="set it to the token alone")
    return token


def _project(path: Path | None, config: str | None, environment: str | None) -> Project | None:
    if path is None:
        if config is not None or environment is not None:
            raise UsageError("--config and --env say more about a project", hint="name it with --project")
        return None
    from diagnose.project import open_project

    return open_project(path, config=config, environment=environment)


def _limits(day: datetime | None, project: Project | None) -> D1Limits:
    """Those of the day that the command line names, else of the project's settings, else the newest."""
    from diagnose.d1.limits import LIMITS

    if day is not None:
        return LIMITS.at(day.date().isoformat()).d1
    return LIMITS.d1 if project is None else project.settings.limits.d1


def _open(
    state: Path | None, plan: Literal["free", "paid"], limits: D1Limits, project: Project | None
) -> EmbeddedAccount:
    """The account in its folder or in memory; a new one holds the project."""
    from diagnose.embedded import EmbeddedAccount

    if state is None:
        _tell("the account is kept in memory until the end; --state FOLDER keeps it longer")
    if project is None:
        account = (
            EmbeddedAccount.memory(plan=plan) if state is None else EmbeddedAccount.open(state, plan=plan)
        )
        account.hold_to(limits)
        return account
    from diagnose.rehearsal.served import deployed_account

    return deployed_account(project, state, plan=plan, limits=limits, tell=_tell)


def _outbound(hosts: tuple[str, ...]) -> Outbound:
    from diagnose.account.outbound import Outbound

    return Outbound(frozenset(hosts))


def _live(
    account: EmbeddedAccount, project: Project | None, choices: dict[str, Any], outbound: Outbound | None
) -> Live:
    from diagnose.embedded import nothing_recorded
    from diagnose.embedded.live import Live
    from diagnose.embedded.runtime import InlineRuntime

    responses = nothing_recorded if project is None else _recorded(project)
    if outbound is not None:
        responses = _allowing(responses, outbound, frozenset(choices["hosts"]))
    runtime = InlineRuntime(allow_unsandboxed=choices["allow_worker_code"])
    return Live(account, runtime, responses=responses, report=_tell)


def _recorded(project: Project) -> Responses:
    from diagnose.rehearsal.answering import recorded_responses

    return recorded_responses(project.settings)


def _allowing(recorded: Responses, outbound: Outbound, hosts: frozenset[str]) -> Responses:
    from diagnose.rehearsal.allowing import allowing

    return allowing(recorded, outbound.fetch, hosts)


def _announce(account: EmbeddedAccount, server: Server) -> None:
    """Print the one line by which clients find and use the account, and the only place of its token."""
    line = {"base_url": server.base_url, "account_id": account.account_id, "token": account.token}
    click.echo(json.dumps(line))


def _tell(line: str) -> None:
    """A line on stderr, for whoever still reads it."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


async def _until_stopped(
    server: Server, serving: Coroutine[Any, Any, None], outbound: Outbound | None
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    try:
        await serving
    finally:
        if outbound is not None:
            await outbound.aclose()
