"""Workers that are executed by `diagnose serve`, in a process of its own that may die at any moment."""

from __future__ import annotations

import http.server
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from story.serving import Served

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

[[queues.producers]]
binding = "JOBS"
queue = "tides-jobs"

[[queues.consumers]]
queue = "tides-jobs"
max_batch_size = 1
max_batch_timeout = 0
""",
    "worker.py": """\
import json
from urllib.parse import urlparse
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        address = urlparse(request.url)
        if address.path == "/feed":
            answer = await fetch(address.query)
            return Response(await answer.text())
        if address.path == "/boom":
            raise KeyError("candles")
        for day in range(3):
            await self.env.JOBS.send({"day": day})
        return Response.json({"sent": 3})

    async def queue(self, batch):
        for message in batch.messages:
            sum(range(3_000_000))
            insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day) VALUES (?)")
            await insert.bind(message.body["day"]).run()
""",
    "migrations/0001_levels.sql": "CREATE TABLE levels (day INTEGER PRIMARY KEY);\n",
}


@pytest.fixture
def folder(write_project):
    return write_project(FILES)


def ask(served: Served, path: str, host: str = "tides.embedded.workers.dev") -> httpx.Response:
    where = urlsplit(served.line["base_url"])
    return httpx.get(f"http://{where.netloc}{path}", headers={"host": host}, timeout=60)


def wait_for_rows(served: Served, expected: list[list[int]]) -> list[list[int]]:
    until = time.monotonic() + 60
    while (rows := served.rows(DATABASE, "SELECT day FROM levels ORDER BY day")) != expected:
        if time.monotonic() > until:
            break
        time.sleep(0.1)
    return rows


def test_messages_that_were_acknowledged_reach_their_rows_after_a_kill(tmp_path, folder):
    options = ("--state", tmp_path / "state", "--project", folder, "--quiet")
    with Served.start(*options) as served:
        assert ask(served, "/").json() == {"sent": 3}
        served.kill()
    with Served.start(*options) as served:
        assert wait_for_rows(served, [[0], [1], [2]]) == [[0], [1], [2]]
        code, out, err = served.stop()

    assert (code, out) == (0, "")
    assert "Traceback" not in err


def test_a_worker_that_fails_hurts_nobody(folder):
    with Served.start("--project", folder) as served:
        assert [ask(served, "/boom").text for _ in range(2)] == ["error code: 1101"] * 2
        assert ask(served, "/", host="nobody.embedded.workers.dev").status_code == 404
        assert served.result("GET", "/queues")[0]["queue_name"] == "tides-jobs"
        assert served.stop()[0] == 0


def test_without_live_nothing_is_executed(folder):
    with Served.start("--project", folder, "--no-live", "--quiet") as served:
        assert ask(served, "/").status_code == 404
        assert served.stop()[0] == 0


class Feed(http.server.BaseHTTPRequestHandler):
    """Answers every request alike."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"candles")

    def log_message(self, *_args: object) -> None: ...


def test_only_named_hosts_are_reached(folder):
    feed = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=feed.serve_forever, daemon=True).start()
    port = feed.server_port
    try:
        with Served.start("--project", folder, "--quiet") as served:
            refused = ask(served, f"/feed?http://127.0.0.1:{port}/")
        with Served.start("--project", folder, "--quiet", "--allow-host", f"127.0.0.1:{port}") as served:
            allowed = ask(served, f"/feed?http://127.0.0.1:{port}/")
            ended = served.stop()
    finally:
        feed.shutdown()
        feed.server_close()

    assert (refused.status_code, refused.text) == (500, "error code: 1101")
    assert (allowed.status_code, allowed.text) == (200, "candles")
    assert (ended[0], "Warning" in ended[2]) == (0, False)
