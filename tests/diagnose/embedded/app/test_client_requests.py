"""Every request that wrangler (4.86.0 and 4.164.0) and the official SDK (5.9.0) were seen to send.

Left out are only what they did when the server failed on purpose, and the WebSockets of tails.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from diagnose.d1 import Statement
from diagnose.embedded import ConsumerSettings, EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.time_travel import bookmark_at

pytestmark = pytest.mark.anyio

COMMANDS = json.loads(Path(__file__).with_name("client_requests.json").read_text())["commands"]
ACCOUNT = "0123456789abcdef0123456789abcdef"
DATABASE = "11111111-2222-4333-8444-555555555555"
NEW_DATABASE = "99999999-0000-4000-8000-000000000001"
TAIL = "POST /accounts/{account_id}/workers/scripts/{script_name}/tails"
FILE = "CREATE TABLE IF NOT EXISTS m1(id integer);\n"
CODE = {
    "text/x-python": b"class Default:\n  async def fetch(self, r): ...\n  async def queue(self, b): ...\n",
    "application/javascript+module": b"export default {\n fetch() {},\n queue() {},\n scheduled() {},\n}",
    "application/source-map": b"{}",
}
SCHEMA = """CREATE TABLE t (id INTEGER, v TEXT);
CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT);"""
QUERIES = {
    "getD1MetricsOverviewQuery": """query getD1MetricsOverviewQuery(
        $accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject
      ) { viewer { accounts(filter: {accountTag: $accountTag}) {
        d1AnalyticsAdaptiveGroups(limit: 10000, filter: $filter) {
          sum { readQueries writeQueries rowsRead rowsWritten } dimensions { datetimeHour } } } } }""",
    "getD1QueriesOverviewQuery": """query getD1QueriesOverviewQuery(
        $accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject
      ) { viewer { accounts(filter: {accountTag: $accountTag}) {
        d1QueriesAdaptiveGroups(limit: 5, filter: $filter, orderBy: [sum_queryDurationMs_DESC]) {
          sum { queryDurationMs rowsRead rowsWritten rowsReturned }
          avg { queryDurationMs rowsRead rowsWritten rowsReturned }
          count dimensions { query databaseId } } } } }""",
}
# What clients read of an answer: a pattern of method and path, and keys of the result or of its items.
READ = {
    r"POST .*/telemetry/query$": ("run.status", "statistics.elapsed", "events.count"),
    r"GET /user/tokens/verify": ("id", "status"),
    r"GET .*/tokens/verify": ("id", "status"),
    r"GET /user$": ("email",),
    r"GET /accounts$": ("id", "name"),
    r"GET /memberships": ("account.id", "account.name"),
    r"(GET|POST) .*/d1/database$": ("uuid", "name"),
    r"GET .*/d1/database/[^/]+$": ("uuid", "name"),
    r"POST .*/(query|raw)$": ("results", "success", "meta.duration", "meta.rows_read", "meta.changes"),
    r"GET .*/bookmark$": ("bookmark",),
    r"POST .*/restore$": ("bookmark", "previous_bookmark", "message"),
    r"(GET|POST|PUT|PATCH) .*/queues(/[0-9a-f]{32})?$": (
        "queue_id",
        "queue_name",
        "producers_total_count",
        "consumers_total_count",
        "settings.delivery_delay",
    ),
    r"(GET|POST|PUT) .*/consumers(/[0-9a-f]{32})?$": ("consumer_id", "type", "settings.batch_size"),
    r"GET .*/metrics$": ("backlog_bytes", "backlog_count", "oldest_message_timestamp_ms"),
    r"POST .*/messages/ack$": ("ackCount", "retryCount", "warnings"),
    r"POST .*/messages/pull$": ("message_backlog_count", "messages"),
    r"POST .*/messages/peek$": ("messages",),
    r"GET .*/purge$": ("started_at", "completed"),
    r"GET .*/services/[^/]+$": (
        "default_environment.environment",
        "default_environment.script.tag",
        "default_environment.script.tags",
        "default_environment.script.last_deployed_from",
    ),
    r"PUT .*/scripts/[^/]+$": (
        "id",
        "etag",
        "startup_time_ms",
        "deployment_id",
        "entry_point",
        "handlers",
        "tag",
    ),
    r"POST .*/versions$": ("id", "startup_time_ms", "metadata.has_preview"),
    r"GET .*/scripts/[^/]+/versions$": ("items",),
    r"GET .*/scripts/[^/]+/versions/[^/]+$": (
        "id",
        "metadata.created_on",
        "resources.bindings",
        "resources.script.handlers",
        "resources.script_runtime.compatibility_date",
    ),
    r"GET .*/deployments$": ("deployments",),
    r"POST .*/deployments$": ("id", "versions"),
    r"GET .*/scripts/[^/]+/settings$": (
        "bindings",
        "compatibility_date",
        "compatibility_flags",
        "usage_model",
    ),
    r"(GET|PATCH) .*/script-settings$": ("logpush", "tail_consumers", "observability", "tags"),
    r"(GET|PUT) .*/secrets$": ("name", "type"),
    r"(GET|PUT) .*/schedules$": ("schedules",),
    r"GET .*/workers/subdomain$": ("subdomain",),
    r"(GET|POST) .*/scripts/[^/]+/subdomain$": ("enabled", "previews_enabled"),
    r"GET .*/workers/workers(/[^/]+)?$": ("id", "name", "subdomain.enabled", "references.queues"),
    r"GET .*/workers/workers/[^/]+/versions$": ("id", "number", "created_on"),
    r"POST .*/tails$": ("id", "url", "expires_at"),
}
# (command, pattern of method and path): status and code where a refusal is right.
REFUSED = {
    ("d1 execute bad sql", "POST .*/query"): (400, 7500),
    ("d1.database.query bad", "POST .*/query"): (400, 7500),
    ("d1 execute missing db", "GET .*/database/nope"): (404, 7404),
    ("queues create dup", "POST .*/queues"): (400, 11009),
    ("deployments list missing", "GET .*/deployments"): (404, 10007),
    ("deploy .. first", "GET .*/services/"): (404, 10090),
    ("deploy .. first", "GET .*/(deployments|settings|secrets)"): (404, 10007),
    ("acct .*", "GET /user/tokens/verify"): (401, 1000),
    ("acct .*", "GET /user$"): (403, 9109),
    ("acct .*", "GET /memberships"): (403, 10000),
}


class Replay:
    """One command against an account of its own, made as the command expects it."""

    def __init__(self, client: str, command: str) -> None:
        self.command = command
        self.python = " py " in command
        self.suffix = "new" if client.endswith("4.164.0") else "old"
        self.account = EmbeddedAccount.memory(account_id=ACCOUNT)
        self.script = f"pipe-{'py' if self.python else 'ts'}-{self.suffix}"
        self.answers: list[Any] = []
        self._prepare()

    def _prepare(self) -> None:
        account = self.account
        account.create_database("pipe-db", uuid=DATABASE)
        account.database(DATABASE).run_all(Statement(SCHEMA))
        if "d1 delete" in self.command:
            account.create_database(f"newdb-{self.suffix}", uuid=NEW_DATABASE)
        self.queue = account.create_queue("pipe-q")
        self.other = self.queue
        if not re.search("queues create( settings)?$", self.command):
            self.other = account.create_queue(f"nq-{self.suffix}")
        names = {"s"} if " first" in self.command else {"s", "x", self.script}
        for name in sorted(names):
            account.put_script(upload_and_deploy(account.state, name, self._upload()))
        self._attach()

    def _upload(self) -> Upload:
        kind = "text/x-python" if self.python else "application/javascript+module"
        main = "entry.py" if self.python else "index.js"
        bindings = ({"type": "queue", "name": "Q", "queue_name": "pipe-q"},)
        return Upload(
            main_module=main, modules={main: Module(content=CODE[kind], content_type=kind)}, bindings=bindings
        )

    def _attach(self) -> None:
        """The consumer that the command changes, pulls through or takes away."""
        settings, account = ConsumerSettings(), self.account
        if (
            re.search(" second| again|triggers|consumers.list|queues info", self.command)
            or "GET" in self.command
        ):
            script = "s" if "." in self.command else self.script
            account.attach_consumer(self.queue.id, script, settings)
        elif re.search(r"messages\.(pull|ack)", self.command):
            account.attach_consumer(self.queue.id, None, settings)
        elif "consumer remove" in self.command:
            account.attach_consumer(self.other.id, self.script, settings)
        elif "consumer http remove" in self.command:
            account.attach_consumer(self.other.id, None, settings)

    @property
    def token(self) -> str:
        owned = self.command.startswith("acct") or self.command == "accounts.tokens.verify"
        return self.account.issue_token(owner="account") if owned else self.account.token

    def filled(self, text: str) -> str:
        """A path or a body with the identifiers of this account."""
        script = self.account.scripts.get(self.script) or self.account.scripts["s"]
        consumers = [
            queue.consumer.id for queue in self.account.queues.values() if queue.consumer is not None
        ]
        bookmark = next((a["at_bookmark"] for a in reversed(self.answers) if "at_bookmark" in (a or {})), "")
        known = {
            "{account_id}": ACCOUNT,
            "{database_id}": DATABASE,
            "/database/u/": f"/database/{DATABASE}/",
            "{queue_id}": self.queue.id,
            "b" * 31 + "1": self.other.id,
            "{consumer_id}": (consumers or [""])[0],
            "{script_name}": self.script,
            "{version_id}": script.versions[-1].id,
            "77777777-0000-4000-8000-000000000001": script.versions[-1].id,
            "/tails/tail1": f"/tails/{self._first('id')}",
            "f-8bdb5c6e.sql": self._first("filename"),
        }
        for name, value in known.items():
            text = text.replace(name, value)
        text = re.sub(r'"current_bookmark": "[^"]*"', f'"current_bookmark": "{bookmark}"', text)
        return re.sub(r"(restore\?bookmark=).*", rf"\g<1>{self._bookmark}", text)

    @property
    def _bookmark(self) -> str:
        return str(bookmark_at(self.account, DATABASE, None))

    def _first(self, key: str) -> str:
        return next((str(a[key]) for a in self.answers if isinstance(a, dict) and key in a), "")

    def request(self, recorded: dict[str, Any]) -> httpx.Request:
        method, _, target = self.filled(recorded["request"]).partition(" ")
        base = "http://embedded.invalid/client/v4"
        headers = {"Authorization": f"Bearer {self.token}"}
        if target.startswith("/r2/"):
            url = self._first("upload_url") or str(self.answers[-1]["result"]["signed_url"])
            return httpx.Request(method, url, content=FILE.encode() if method == "PUT" else None)
        return httpx.Request(method, base + target, headers=headers, **self._body(recorded.get("body")))

    def _body(self, body: dict[str, Any] | None) -> dict[str, Any]:
        match body:
            case None:
                return {}
            case {"text": text}:
                return {"content": text}
            case {"json": value}:
                return {"content": self.filled(json.dumps(value))}
            case {"operation": operation, "variables": variables}:
                asked = {"query": QUERIES[operation], "operationName": operation, "variables": variables}
                return {"json": asked}
            case {"parts": parts}:
                return {"files": [self._part(part) for part in parts]}
        raise AssertionError(body)

    def _part(self, part: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
        found = dict(re.findall(r'(name|filename)="([^"]*)"', part["disposition"]))
        if "json" in part:
            metadata = json.dumps(part["json"])
            kind = part.get("type")
            return found["name"], (None, metadata, kind) if kind else (None, metadata)
        return found["name"], (found["filename"], CODE[part["type"]], part["type"])


def refusal(command: str, sent: str) -> tuple[int, int] | None:
    for (label, pattern), answer in REFUSED.items():
        if re.fullmatch(label, command) and re.match(pattern, sent):
            return answer
    return None


def read_of(result: Any, key: str) -> Any:
    for part in key.split("."):
        result = result[part]
    return result


def check(sent: str, response: httpx.Response, answer: tuple[int, int] | None) -> Any:
    body = response.json()
    if answer is not None:
        assert (response.status_code, body["errors"][0]["code"]) == answer, sent
        assert body["success"] is False
        return None
    assert response.status_code == 200, (sent, body)
    if sent.startswith("POST /graphql"):
        assert body["errors"] is None
        return body["data"]["viewer"]["accounts"][0]
    assert (body["success"], body["errors"]) == (True, []), sent
    keys = next((keys for pattern, keys in READ.items() if re.match(pattern, sent.partition("?")[0])), ())
    for item in body["result"] if isinstance(body["result"], list) else [body["result"]]:
        for key in keys:
            read_of(item, key)
    return body["result"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one['client']} {one['command']}")
async def test_what_clients_send_is_answered(command):
    replay = Replay(command["client"], command["command"])
    if command["command"] == "workers.scripts.tail.delete":
        command = {**command, "requests": [{"request": TAIL}, *command["requests"]]}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=replay.account.app())) as client:
        for recorded in command["requests"]:
            request = replay.request(recorded)
            sent = f"{request.method} {request.url.raw_path.decode().removeprefix('/client/v4')}"
            response = await client.send(request)
            content_type = response.headers.get("content-type", "")
            if content_type.startswith("application/json"):
                replay.answers.append(check(sent, response, refusal(command["command"], sent)))
            else:
                assert response.status_code == 200, sent
    replay.account.close()
