"""`diagnose record` against a server on loopback, and what `diagnose run` makes of it afterwards."""

from __future__ import annotations

import json
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

CANARY = "canary-9f8e7d"
ROWS = [{"day": f"2026-01-{day:02}", "rate": day / 4} for day in range(1, 21)]
WORKER = """
import json
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await fetch(f"{self.env.API}/rates?limit=20&api_key={self.env.RATES_KEY}")
        if response.status != 200:
            raise RuntimeError(f"the rates API answered {response.status}")
        rows = [[row["day"], row["rate"]] for row in (await response.json())["rates"]]
        sql = "INSERT OR REPLACE INTO rates (day, rate) SELECT value->>0, value->>1 FROM json_each(?1)"
        result = await self.env.DB.prepare(sql).bind(json.dumps(rows)).run()
        return Response.json({"written": result.meta.changes})
"""


class Rates(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == f"/rates?limit=20&api_key={CANARY}"
        body = json.dumps({"rates": ROWS, "for": CANARY} if known else {"error": "who are you?"}).encode()
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", f"session={CANARY}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - http.server's name


@pytest.fixture
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def project(tmp_path, host):
    folder = tmp_path / "project"
    (folder / "migrations").mkdir(parents=True)
    (folder / "wrangler.toml").write_text(
        'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2026-09-01"\n'
        'compatibility_flags = ["python_workers"]\n\n'
        f'[vars]\nAPI = "http://{host}"\n\n'
        '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "rates"\n'
        'database_id = "6f2d9f5e-7a5e-4a53-9d6e-1c2b3a4d5e6f"\n'
    )
    (folder / "worker.py").write_text(WORKER)
    (folder / "migrations" / "0001_rates.sql").write_text(
        "CREATE TABLE rates (day TEXT PRIMARY KEY, rate REAL);"
    )
    return folder


def record(diagnose, project, host, *more, **environment):
    options = ("--yes", "--allow-host", host, "--secret", "RATES_KEY", *more)
    return diagnose("record", project, *options, **({"RATES_KEY": CANARY} | environment))


def files(folder) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_recorded_answers_let_the_import_be_rehearsed(diagnose, project, host):
    before = diagnose("run", project, "--select", "E2E", "--format", "json")
    (skipped,) = before.findings("E2E002")
    assert skipped["status"] == "skip"
    assert "no recorded answer for http" in skipped["message"]

    ended = record(diagnose, project, host)
    assert ended.code == 0, ended.err
    assert f"200 GET http://{host}/rates?limit=20&api_key=* → recorded/rates.json" in ended.out

    settings = tomllib.loads((project / "diagnose.toml").read_text())
    assert settings["responses"] == [
        {
            "method": "GET",
            "url": f"http://{host}/rates?limit=20&api_key=*",
            "status": 200,
            "body_file": "recorded/rates.json",
        }
    ]
    assert json.loads((project / "recorded" / "rates.json").read_text())["rates"] == ROWS

    after = diagnose("run", project, "--select", "E2E", "--format", "json")
    assert {finding["status"] for finding in after.json["findings"]} <= {"pass", "skip"}
    (landed,) = after.findings("E2E002")
    assert landed["evidence"]["landed"] == 20


def test_no_secret_is_written_or_shown(diagnose, project, host):
    ended = record(diagnose, project, host)
    assert all(CANARY not in text for text in (ended.out, ended.err, *files(project).values()))
    assert "[hidden]" in (project / "recorded" / "rates.json").read_text()


def test_what_is_recorded_is_kept_until_it_is_to_be_overwritten(diagnose, project, host):
    record(diagnose, project, host)
    (project / "recorded" / "rates.json").write_text('{"rates": []}')
    kept = files(project)
    again = record(diagnose, project, host)
    assert again.code == 0
    assert "Nothing new was fetched.\nanswered from what is recorded: 1 (--overwrite" in again.out
    assert files(project) == kept
    record(diagnose, project, host, "--overwrite")
    assert json.loads((project / "recorded" / "rates.json").read_text())["rates"] == ROWS
    assert files(project)["diagnose.toml"] == kept["diagnose.toml"]


def test_an_error_answer_is_recorded_as_it_is(diagnose, project, host):
    ended = record(diagnose, project, host, RATES_KEY="wrong-key-1")
    assert ended.code == 0
    assert "403 GET" in ended.out
    assert tomllib.loads((project / "diagnose.toml").read_text())["responses"][0]["status"] == 403


def test_without_confirmation_nothing_is_fetched_or_written(diagnose, project):
    before = files(project)
    ended = diagnose("record", project)
    assert ended.code == 1
    assert "Nothing was fetched. Confirm with: --yes" in ended.out
    assert files(project) == before


def test_a_host_that_was_not_allowed_is_refused_and_nothing_written(diagnose, project, host):
    before = files(project)
    ended = diagnose("record", project, "--yes", "--secret", "RATES_KEY", RATES_KEY=CANARY)
    assert ended.code == 4
    assert f"not answered: http://{host}/rates: only https is sent" in ended.err
    assert f"--allow-host {host}" in ended.err
    assert CANARY not in ended.out + ended.err
    assert files(project) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--offline"], "record executes the worker here"),
        (["--target", "cloudflare"], "record executes the worker here"),
        (["--secret", "UNSET_HERE"], "--secret names UNSET_HERE, which is not set"),
    ],
)
def test_contradictions_are_usage_errors(diagnose, project, options, message):
    ended = diagnose("record", project, "--yes", *options)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
