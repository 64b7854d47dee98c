"""`diagnose serve`."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from diagnose.exits import ExitCode

if TYPE_CHECKING:
    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.serving import Server


@click.command("serve")
@click.option("--port", type=int, default=0, help="Of 127.0.0.1; 0 (default) takes a free one.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the account in this folder; default: in memory, until the end.",
)
@click.option(
    "--plan", type=click.Choice(("free", "paid")), default="paid", help="Whose limits apply (default: paid)."
)
def command(*, port: int, state: Path | None, plan: Literal["free", "paid"]) -> int:
    """Serve an embedded account on a loopback port, for wrangler, SDKs and tests.

    When it answers, one line of JSON with base_url, account_id and token is printed.
    """
    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.serving import Server, listen, make_served

    listener = listen(port)
    with listener, _open(EmbeddedAccount, state, plan) as account:
        server = Server(make_served(account), listener, ready=lambda: _announce(account, server))
        asyncio.run(_serve(server))
    return ExitCode.CLEAN


def _open(kind: type[EmbeddedAccount], state: Path | None, plan: Literal["free", "paid"]) -> EmbeddedAccount:
    if state is not None:
        return kind.open(state, plan=plan)
    click.echo("the account is kept in memory; --state FOLDER keeps it", err=True)
    return kind.memory(plan=plan)


def _announce(account: EmbeddedAccount, server: Server) -> None:
    """Print the one line by which clients find and use the account, and the only place of its token."""
    line = {"base_url": server.base_url, "account_id": account.account_id, "token": account.token}
    click.echo(json.dumps(line))


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
