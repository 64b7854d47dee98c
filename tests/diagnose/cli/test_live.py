"""`run --live`: nothing is triggered that nobody confirmed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace

import click
import pytest

from diagnose.cli import live as live_module
from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.live import Live
from diagnose.embedded.runtime import InlineRuntime
from diagnose.embedded.serving import BackgroundServer
from diagnose.project import open_project
from diagnose.rehearsal.deploying import deploy_project

DATABASE = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
FILES = {
    "wrangler.toml": f"""\
name = "tides"
main = "worker.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{DATABASE}"
""",
    "worker.py": """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-pass") != "sesame-4411":
            raise PermissionError("who are you?")
        await self.env.DB.prepare("INSERT INTO levels VALUES (1)").run()
        return Response("ok")
""",
    "diagnose.toml": """\
[trigger]
kind = "fetch"
method = "POST"
path = "/import"
headers_env = { x-pass = "TIDES_PASS" }
""",
}
LIVE = ("--target", "cloudflare", "--live")


@pytest.fixture
def folder(write_project, monkeypatch):
    monkeypatch.setenv("TIDES_PASS", "sesame-4411")
    return write_project(FILES)


@pytest.fixture
def served(folder, run, monkeypatch):
    """The project on an account behind a port, which the environment names; the number of its rows."""
    with EmbeddedAccount.memory() as account:
        account.create_database("harbour", uuid=DATABASE)
        account.database(DATABASE).run(Statement("CREATE TABLE levels (day)"))
        script, _ = deploy_project(open_project(folder), account)
        account.put_script(replace(account.scripts[script], subdomain=True))
        with BackgroundServer(account, live=Live(account, InlineRuntime())) as server:
            monkeypatch.setenv("CLOUDFLARE_API_TOKEN", account.token)
            monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", account.account_id)
            monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", server.base_url)
            count = Statement("SELECT count(*) FROM levels")
            yield lambda: server.call(lambda: account.database(DATABASE).run(count).rows[0][0])


@contextmanager
def answering(monkeypatch, *, said: bool):
    """A terminal at which somebody answers."""
    asked = []

    def confirm(text: str, **_more: object) -> bool:
        asked.append(text)
        return said

    with monkeypatch.context() as patched:
        patched.setattr(live_module, "has_terminal", lambda: True)
        patched.setattr(click, "confirm", confirm)
        yield asked


def test_without_a_terminal_and_yes_nothing_happens(run, folder, served):
    ended = run("run", folder, *LIVE, "--select", "E2E")

    assert ended.code == 2
    assert "nobody can be asked here, and nothing was triggered" in ended.err
    assert "confirm with --yes" in ended.err
    assert served() == 0


def test_what_will_happen_is_said_first_and_without_secrets(run, folder, served):
    ended = run("run", folder, *LIVE, "--select", "E2E", "--yes", "--format", "json")

    assert ended.code == 0
    lines = ended.err.splitlines()
    assert lines[0].startswith("--live triggers the deployed worker tides of the Cloudflare account ")
    assert lines[0].endswith("/import")
    assert lines[1:] == [
        f"  it writes to: levels (DB {DATABASE})",
        "  What it writes is real, and cannot be undone.",
    ]
    assert '"1 rows landed in levels"' in ended.out
    note = json.loads(ended.out)["summary"]["note"]
    assert note.startswith("The trigger ran for real (POST http://127.0.0.1:")
    assert note.endswith("/import); what it wrote stays written.")
    assert "sesame-4411" not in ended.out + ended.err
    assert served() == 1


@pytest.mark.parametrize(("said", "code", "rows"), [(True, 0, 1), (False, 2, 0)])
def test_a_person_decides(run, folder, served, monkeypatch, said, code, rows):
    with answering(monkeypatch, said=said) as asked:
        ended = run("run", folder, *LIVE, "--select", "E2E002")

    assert (ended.code, asked, served()) == (code, ["Trigger it?"], rows)


def test_checks_that_trigger_nothing_ask_nothing(run, folder, served):
    ended = run("run", folder, *LIVE, "--select", "CFG003")

    assert (ended.code, ended.err) == (0, "")
    assert served() == 0


def test_what_cannot_be_triggered_needs_no_confirmation(run, folder, served, monkeypatch):
    monkeypatch.delenv("TIDES_PASS")
    ended = run("run", folder, *LIVE, "--select", "E2E001", "--format", "json")

    assert ended.code == 0
    assert "names TIDES_PASS, which is not set" in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--live",), "--live triggers a deployed worker, and there is none on this target"),
        (("--live", "--offline"), "--live triggers a deployed worker, and there is none on this target"),
        (("--yes",), "--yes confirms a live trigger; without --live there is none"),
    ],
)
def test_options_that_make_no_sense(run, folder, words, said):
    ended = run("run", folder, *words)

    assert ended.code == 2
    assert said in ended.err
