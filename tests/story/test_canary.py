"""A token, and the private addresses that an account hands out, are seen nowhere but where they are sent."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.account import Account, ApiError, Secret
from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.app.faults import Fault, FaultKind, Faults
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.observed import ObservedInvocation
from diagnose.embedded.serving.application import make_served
from diagnose.embedded.serving.background import ServerThread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio

CANARY = "canary-token-b41f90e7c2d5483aa6"
LOUD = "import logging; logging.basicConfig(level=logging.DEBUG); from diagnose.cli import main; main()"
"""The product's own command, with everything said that any library says."""

_ADDRESS = re.compile(rb'"(?:upload_url|signed_url|url)": ?"([^"]+)"')


class Overhearing:
    """ASGI middleware that notes the private addresses which answers hand out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.addresses: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def overhear(message: Message) -> None:
            if message["type"] == "http.response.body":
                self.addresses += [found.decode() for found in _ADDRESS.findall(message.get("body", b""))]
            await send(message)

        await self._app(scope, receive, overhear)

    def secrets(self) -> set[str]:
        """What nobody could guess: of each address all behind the host, and its long parts alone."""
        behind = {address.split("://", 1)[1].partition("/")[2] for address in self.addresses}
        return behind | {part for each in behind for part in re.split(r"[/?&=.]", each) if len(part) >= 24}


@pytest.fixture
def account() -> Iterator[EmbeddedAccount]:
    """One database with a row, one worker, and the canary for a token."""
    code = {"entry.py": Module(content=b"async def fetch(): ...\n", content_type="text/x-python")}
    with EmbeddedAccount.memory() as embedded:
        embedded.create_database("history")
        upload = Upload(main_module="entry.py", modules=code)
        embedded.put_script(upload_and_deploy(embedded.state, "importer", upload))
        embedded.use_token(CANARY)
        yield embedded


async def test_nothing_is_seen_in_this_process(
    account: EmbeddedAccount,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    faults = Faults()
    app = Overhearing(make_served(account, faults=faults, tell=told.append, access=True))
    seen: list[str] = []
    with ServerThread(app) as server:
        async with Account.cloudflare(Secret(CANARY), account.account_id, server.base_url) as client:
            await _use(client, account, server, tmp_path)
            for kind in (FaultKind.NOT_AUTHORIZED, FaultKind.DROP_BEFORE, FaultKind.GATEWAY_TIMEOUT):
                faults.replace(Fault(kind=kind))
                seen += await _errors(client, account, tmp_path)
            seen += [repr(client), repr(vars(client)), repr(client.requests)]
    out, err = capfd.readouterr()
    seen += [caplog.text, out, err, *told]

    everything = "\n".join(seen)
    assert len(app.addresses) == 3
    assert len(app.secrets()) >= 6
    assert [secret for secret in (CANARY, *app.secrets()) if secret in everything] == []
    assert {"httpx", "httpcore.connection"} <= {record.name for record in caplog.records}
    assert [line for line in told if "/import" in line]


async def _use(client: Account, account: EmbeddedAccount, server: ServerThread, folder: Path) -> None:
    (database_id,) = account.databases
    file = folder / "rows.sql"
    file.write_text("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    assert (await client.import_file(database_id, file)).queries == 2
    assert await client.export(database_id, folder / "dump.sql") > 20
    async with client.tail("importer") as tail:
        event = ObservedInvocation(script="importer", version_id="v", kind="fetch", timestamp=1, event={})
        server.call(lambda: account.observed.record(event))
        assert len(await tail.seen(10, until=lambda _: True)) == 1


async def _errors(client: Account, account: EmbeddedAccount, folder: Path) -> list[str]:
    """What failing calls say, in every way in which somebody could print it."""
    (database_id,) = account.databases
    client._transport._clock.sleep = _at_once
    calls = (
        client.databases,
        lambda: client.query(database_id, "INSERT INTO t VALUES (2)"),
        lambda: client.import_file(database_id, folder / "rows.sql"),
        lambda: client.export(database_id, folder / "dump.sql"),
        lambda: client.tail("importer").__aenter__(),
    )
    said: list[str] = []
    for call in calls:
        with pytest.raises(ApiError) as caught:
            await call()
        error = caught.value
        said += [str(error), repr(error), repr(error.exchange), repr(vars(error))]
        said += traceback.format_exception(error)
    return said


async def _at_once(_seconds: float) -> None:
    """Nobody waits in a test."""


def test_nothing_is_seen_of_what_commands_print_and_keep(tmp_path: Path):
    demo = tmp_path / "demo"
    write_demo(demo)
    with EmbeddedAccount.load_snapshot(demo / ".diagnose" / "account") as account:
        account.use_token(CANARY)
        with ServerThread(make_served(account)) as server:
            environment = {
                "CLOUDFLARE_API_TOKEN": CANARY,
                "CLOUDFLARE_ACCOUNT_ID": account.account_id,
                "CLOUDFLARE_API_BASE_URL": server.base_url,
            }
            real = ("--target", "cloudflare")
            ended = [
                _loud(environment, "run", demo, *real, "--format", "json", "--fail-on", "never"),
                _loud(environment, "run", demo, *real, "--fail-on", "never"),
                _loud(environment, "fix", demo, *real, "--yes", "--select", "TBL001"),
                _loud(environment, "undo", demo, *real, "--yes"),
                _loud(environment, "permissions", demo, "--fix"),
            ]
        unreachable = environment | {"CLOUDFLARE_API_BASE_URL": "http://127.0.0.1:9/client/v4"}
        ended.append(_loud(unreachable, "run", demo, *real, "--format", "json"))

    assert [process.returncode for process in ended] == [
        0,
        0,
        *[process.returncode for process in ended[2:5]],
        4,
    ]
    printed = "".join(process.stdout + process.stderr for process in ended)
    kept = "".join(path.read_text(errors="replace") for path in demo.rglob("*") if path.is_file())
    assert CANARY not in printed + kept
    assert "DEBUG:httpcore.connection" in printed
    assert json.loads(ended[0].stdout)["target"] == "cloudflare"


def _loud(environment: dict[str, str], *words: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOUD, *map(str, words)],
        env=os.environ | environment | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_serve_shows_its_token_once():
    process = subprocess.Popen(
        [sys.executable, "-c", LOUD, "serve", "--token-env", "CANARY_TOKEN"],
        env=os.environ | {"CANARY_TOKEN": CANARY},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert line["token"] == CANARY
    assert CANARY not in out + err
    assert process.returncode == 0
