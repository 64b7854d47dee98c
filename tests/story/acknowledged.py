"""Numbered streams of changes to a served account, and what must be there after its process was killed.

A stream remembers facts, as name → value. Each operation says which facts it changes. An answer makes them
certain; of the one operation that was never answered, all of its facts hold or none.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from story.serving import Served

Facts = dict[str, Any]
SOURCE = (
    "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    "    async def queue(self, batch):\n        return {number}\n"
)
METADATA = {
    "main_module": "entry.py",
    "compatibility_date": "2026-05-01",
    "compatibility_flags": ["python_workers"],
    "keep_bindings": ["secret_text"],
}


class RefusedError(AssertionError):
    """The account refused an operation that is right."""


@dataclass
class Stream:
    """One client with a database, a worker and queues of its own.

    Attributes:
        known: facts that were acknowledged.
        pending: facts that the operation under way would change.
        done: how many operations were acknowledged.
    """

    name: str
    seed: int
    known: Facts = field(default_factory=dict)
    pending: Facts = field(default_factory=dict)
    done: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def prepare(self, served: Served) -> None:
        """Make what the operations change."""
        self.ids["database"] = served.create_database(self.name)
        served.rows(
            self.ids["database"], "CREATE TABLE price(number INTEGER PRIMARY KEY, part INTEGER, note TEXT)"
        )
        for role in ("pulled", "consumed"):
            made = served.result("POST", "/queues", json={"queue_name": f"{self.name}-{role}"})
            self.ids[role] = made["queue_id"]
        served.result("POST", f"/queues/{self.ids['pulled']}/consumers", json={"type": "http_pull"})
        served.result("PUT", f"/workers/scripts/{self.name}", files=upload(0))
        consumer = {"type": "worker", "script_name": self.name, "settings": {"batch_size": 1}}
        made = served.result("POST", f"/queues/{self.ids['consumed']}/consumers", json=consumer)
        self.ids["consumer"] = made["consumer_id"]
        self.known = observe(served, self)

    def run(self, served: Served, *, most: int, before: Callable[[int], None]) -> None:
        """Perform operations until the server is gone; `before` is told the number of each.

        Raises:
            RefusedError: the account answered something else than success.
        """
        chance = random.Random(self.seed)  # noqa: S311 - repeatable
        for number in range(1, most + 1):
            act, facts = chance.choice(OPERATIONS)(self, number)
            self.pending = facts
            before(number)
            try:
                act(served)
            except httpx.TransportError:
                return
            self.known = merged(self.known, facts)
            self.pending = {}
            self.done = number

    def call(self, method: str, path: str, **more: Any) -> Callable[[Served], None]:
        """One request that has to succeed when it is answered."""

        def act(served: Served) -> None:
            with httpx.Client(
                base_url=served.client.base_url, headers=served.client.headers, timeout=60
            ) as client:
                answer = client.request(method, path, **more)
            if not answer.json()["success"]:
                raise RefusedError(f"{method} {path}: {answer.text}")

        return act

    def query(self, body: Any) -> Callable[[Served], None]:
        """One query."""
        return self.call("POST", f"/d1/database/{self.ids['database']}/query", json=body)


def merged(known: Facts, changed: Facts) -> Facts:
    """Facts after a change; None removes one."""
    return {name: value for name, value in (known | changed).items() if value is not None}


def upload(number: int) -> list[tuple[str, tuple[str | None, str] | tuple[str, str, str]]]:
    """The parts of a worker whose code tells its number."""
    entry = ("entry.py", SOURCE.format(number=number), "text/x-python")
    return [("metadata", (None, json.dumps(METADATA))), ("entry.py", entry)]


Operation = tuple[Callable[["Served"], None], Facts]


def one_row(stream: Stream, number: int) -> Operation:
    insertion = {"sql": "INSERT INTO price VALUES(?, 0, ?)", "params": [str(number), f"row {number}"]}
    return stream.query(insertion), {f"row {number}.0": f"row {number}"}


def batch(stream: Stream, number: int) -> Operation:
    """Three rows in one transaction, long enough for more than a page."""
    note = f"batch {number} " + "x" * 3_000
    sql = "INSERT INTO price VALUES(?, ?, ?)"
    statements = [{"sql": sql, "params": [str(number * 1_000 + part), str(part), note]} for part in (1, 2, 3)]
    return stream.query({"batch": statements}), {
        f"row {number * 1_000 + part}.{part}": note for part in (1, 2, 3)
    }


def several_statements(stream: Stream, number: int) -> Operation:
    """A table and a row in it, and the table dropped that came before."""
    sql = f"CREATE TABLE t{number}(a); INSERT INTO price VALUES({number * 1_000}, 9, 'ddl')"
    return stream.query({"sql": sql}), {f"table t{number}": True, f"row {number * 1_000}.9": "ddl"}


def message(stream: Stream, number: int) -> Operation:
    body = {"body": f"message {number}", "content_type": "text"}
    act = stream.call("POST", f"/queues/{stream.ids['pulled']}/messages", json=body)
    return act, {f"message {number}": 1}


def messages(stream: Stream, number: int) -> Operation:
    bodies = [f"message {number}.{part}" for part in range(5)]
    body = {"messages": [{"body": text, "content_type": "text"} for text in bodies]}
    act = stream.call("POST", f"/queues/{stream.ids['pulled']}/messages/batch", json=body)
    return act, dict.fromkeys(bodies, 1)


def deploy(stream: Stream, number: int) -> Operation:
    act = stream.call("PUT", f"/workers/scripts/{stream.name}", files=upload(number))
    return act, {"worker": SOURCE.format(number=number)}


def secret(stream: Stream, number: int) -> Operation:
    body = {"name": f"SECRET_{number}", "text": f"value {number}", "type": "secret_text"}
    act = stream.call("PUT", f"/workers/scripts/{stream.name}/secrets", json=body)
    return act, {f"secret SECRET_{number}": True}


def schedule(stream: Stream, number: int) -> Operation:
    cron = f"{number % 60} {number // 60} * * *"
    act = stream.call("PUT", f"/workers/scripts/{stream.name}/schedules", json=[{"cron": cron}])
    return act, {"cron": cron}


def consumer(stream: Stream, number: int) -> Operation:
    settings = {"batch_size": number % 100 + 1, "max_retries": number % 7}
    path = f"/queues/{stream.ids['consumed']}/consumers/{stream.ids['consumer']}"
    body = {"type": "worker", "script_name": stream.name, "settings": settings}
    return stream.call("PUT", path, json=body), {"consumer": [number % 100 + 1, number % 7]}


def database(stream: Stream, number: int) -> Operation:
    name = f"{stream.name}-d{number}"
    return stream.call("POST", "/d1/database", json={"name": name}), {f"database {name}": True}


def queue(stream: Stream, number: int) -> Operation:
    name = f"{stream.name}-q{number}"
    return stream.call("POST", "/queues", json={"queue_name": name}), {f"queue {name}": True}


def remove(stream: Stream, number: int) -> Operation:
    """A database or a queue that the stream made before, if it made one."""
    made = sorted(fact for fact in stream.known if fact.startswith(("database ", "queue ")))
    if not made:
        return one_row(stream, number)
    fact = made[number % len(made)]
    kind, _, name = fact.partition(" ")

    def act(served: Served) -> None:
        if kind == "database":
            path = f"/d1/database/{served.result('GET', f'/d1/database/{name}')['uuid']}"
        else:
            (found,) = served.result("GET", "/queues", params={"name": name})
            path = f"/queues/{found['queue_id']}"
        stream.call("DELETE", path)(served)

    return act, {fact: None}


def imported(stream: Stream, number: int) -> Operation:
    """A file of two statements, uploaded and ingested."""
    first = number * 1_000 + 500
    text = "".join(f"INSERT INTO price VALUES({first + part}, {part}, 'file');\n" for part in (1, 2))
    etag = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    path = f"/d1/database/{stream.ids['database']}/import"

    def act(served: Served) -> None:
        begun = served.result("POST", path, json={"action": "init", "etag": etag})
        put = httpx.put(begun["upload_url"], content=text, timeout=60)
        if put.status_code != httpx.codes.OK:
            raise RefusedError(f"upload: {put.status_code}")
        state = served.result(
            "POST", path, json={"action": "ingest", "etag": etag, "filename": begun["filename"]}
        )
        while state["status"] != "complete":
            poll = {"action": "poll", "current_bookmark": state["at_bookmark"]}
            state = served.result("POST", path, json=poll)

    return act, {f"row {first + part}.{part}": "file" for part in (1, 2)}


OPERATIONS: tuple[Callable[[Stream, int], Operation], ...] = (
    one_row,
    one_row,
    batch,
    several_statements,
    message,
    messages,
    deploy,
    secret,
    schedule,
    consumer,
    database,
    queue,
    imported,
    remove,
)


def observe(served: Served, stream: Stream) -> Facts:
    """What there is of a stream. Its messages are taken from their queue."""
    worker = f"/workers/scripts/{stream.name}"
    facts: Facts = {}
    for number, part, note in served.rows(stream.ids["database"], "SELECT * FROM price"):
        facts[f"row {number}.{part}"] = note
    tables = served.rows(stream.ids["database"], "SELECT name FROM sqlite_master WHERE name LIKE 't%'")
    facts |= {f"table {name}": True for (name,) in tables}
    for text in pulled(served, stream.ids["pulled"]):
        facts[text] = facts.get(text, 0) + 1
    facts["worker"] = served.module(stream.name)
    for one in served.result("GET", f"{worker}/secrets"):
        facts[f"secret {one['name']}"] = True
    for one in served.result("GET", f"{worker}/schedules")["schedules"]:
        facts["cron"] = one["cron"]
    (attached,) = served.result("GET", f"/queues/{stream.ids['consumed']}/consumers")
    facts["consumer"] = [attached["settings"]["batch_size"], attached["settings"]["max_retries"]]
    prefix = f"{stream.name}-"
    listed = served.result("GET", "/d1/database", params={"per_page": "1000"})
    facts |= {f"database {one['name']}": True for one in listed if one["name"].startswith(prefix)}
    named = [one["queue_name"] for one in served.result("GET", "/queues")]
    facts |= {f"queue {name}": True for name in named if name.startswith(f"{prefix}q")}
    return facts


def pulled(served: Served, queue_id: str) -> list[str]:
    """The text of every message that waits."""
    bodies: list[str] = []
    while True:
        body = {"batch_size": 100, "visibility_timeout_ms": 60_000}
        taken = served.result("POST", f"/queues/{queue_id}/messages/pull", json=body)["messages"]
        if not taken:
            return bodies
        bodies += [one["body"] for one in taken]
