from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest

from checks.end_to_end.backlog_or_dead_letters import BacklogOrDeadLetters
from diagnose.account import Account, AccountKind, Secret
from diagnose.d1 import D1Error
from diagnose.embedded import ConsumerSettings, EmbeddedAccount, Module, Upload
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import OutgoingMessage
from diagnose.embedded.queues import QueueSettings
from diagnose.embedded.runtime import InlineRuntime
from diagnose.embedded.tokens import Permission
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, run_check, run_checks
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Confidence, Severity, Status
from diagnose.plugin import Context, Target
from diagnose.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.embedded.invocation import Bindings, Invocation, RuntimeLimits, Trigger, WorkerCode
    from diagnose.model import Finding

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
BASE = f"""\
name = "tides"
main = "worker.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{HARBOUR}"
"""
PRODUCER_ONLY = BASE.partition("[[d1")[0]
PRODUCER = '[[queues.producers]]\nbinding = "LEVELS"\nqueue = "levels"\n'
CONSUMER = '[[queues.consumers]]\nqueue = "levels"\nmax_batch_size = 5\nmax_retries = 2\n'
DEAD = 'dead_letter_queue = "levels-failed"\n'
WRANGLER = BASE + PRODUCER + CONSUMER + DEAD
MIGRATION = "CREATE TABLE levels (day INTEGER PRIMARY KEY, metres REAL CHECK (metres >= 0));\n"
SETTINGS = '[trigger]\nkind = "fetch"\nreported = "queued"\n\n[watch]\ntable = "levels"\n'
HEAD = """\
import os

from workers import Response, WorkerEntrypoint

UPSERT = "INSERT INTO levels VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET metres = excluded.metres"


class Default(WorkerEntrypoint):
"""
SEND = """\
    async def fetch(self, request):
        for day in range(10):
            await self.env.LEVELS.send({"day": day, "metres": -1 if day == 7 else day / 2})
        return Response.json({"queued": 10})

"""
GOOD_SEND = SEND.replace("-1 if day == 7 else ", "")
ACK_EACH = """\
for message in batch.messages:
    await self.env.DB.prepare(UPSERT).bind(message.body.day, message.body.metres).run()
    message.ack()
"""
CAREFUL = """\
for message in batch.messages:
    if message.body.metres < 0:
        print("no such level:", message.body.day)
        message.retry()
        continue
    await self.env.DB.prepare(UPSERT).bind(message.body.day, message.body.metres).run()
    message.ack()
"""
SWALLOWING = """\
for message in batch.messages:
    try:
        await self.env.DB.prepare(UPSERT).bind(message.body.day, message.body.metres).run()
    except Exception as error:
        print(error)
    message.ack()
"""
REFUSED = (
    "D1_ERROR: CHECK constraint failed: metres >= 0: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)"
)


def consumer(body: str) -> str:
    return "    async def queue(self, batch):\n" + indent(dedent(body), " " * 8)


@pytest.fixture
def pipeline(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Path]:
    """A producer of ten messages and its consumer, in one worker unless a config says otherwise."""

    def write(consuming: str = "", *, sending: str = GOOD_SEND, config: str = WRANGLER, **files: str) -> Path:
        project = {
            "wrangler.toml": config,
            "worker.py": HEAD + sending + (consumer(consuming) if consuming else ""),
            "migrations/0001_levels.sql": MIGRATION,
            "diagnose.toml": SETTINGS,
        }
        return write_project(project | {name.replace("__", "/"): text for name, text in files.items()})

    return write


class FailingBindings:
    """Bindings of an account whose database is overloaded for the first statements of a rehearsal."""

    def __init__(self, bindings: Bindings, left: list[str]) -> None:
        self._bindings = bindings
        self._left = left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bindings, name)

    async def d1_run(self, binding: str, statement: Any) -> Any:
        if self._left:
            raise D1Error(self._left.pop())
        return await self._bindings.d1_run(binding, statement)


class OverloadedRuntime:
    """The inline runtime, with a database that refuses so many statements first."""

    def __init__(self, statements: int) -> None:
        self._left = ["D1 DB is overloaded. Requests queued for too long."] * statements

    async def invoke(
        self, worker: WorkerCode, trigger: Trigger, bindings: Bindings, *, limits: RuntimeLimits
    ) -> Invocation:
        failing = FailingBindings(bindings, self._left)
        return await InlineRuntime().invoke(worker, trigger, failing, limits=limits)


async def run_end_to_end(folder: Path, runtime: OverloadedRuntime | None = None) -> dict[str, Finding]:
    """The findings of the checks that look at the rehearsal, one for each code."""
    async with Session(SessionOptions(path=folder)) as session:
        ctx = await session.context()
        await ctx.fact(
            "rehearsal",
            lambda: rehearse(ctx.project, ctx.embedded, plan="paid", derived=True, runtime=runtime),
        )
        codes = ("E2E001", "E2E002", "E2E003", "E2E004")
        findings = await run_checks(load_registry(), ctx, selection=Selection(select=codes))
        return {finding.code: finding for finding in findings}


def counts(finding: Finding) -> dict[str, object]:
    names = ("sent", "acked", "retried", "dead_lettered", "dropped", "left")
    return {name: finding.evidence[name] for name in names if finding.evidence[name]}


async def test_every_message_is_acknowledged(pipeline):
    found = await run_end_to_end(pipeline(ACK_EACH))

    assert {code: finding.status for code, finding in found.items()} == dict.fromkeys(found, Status.PASS)
    assert found["E2E003"].message == "10 messages to levels: all acknowledged"
    assert found["E2E003"].resource == "queue/levels"
    evidence = dict(found["E2E003"].evidence)
    timeline = evidence.pop("timeline")
    assert evidence == {
        "queue": "levels",
        "consumer": "tides",
        "sent": 10,
        "bytes": 210,
        "acked": 10,
        "retried": 0,
        "dead_lettered": 0,
        "dropped": 0,
        "left": 0,
        "dead_letter_queue": "levels-failed",
    }
    texts = [event["text"] for event in timeline if event["kind"] in {"trigger", "queue", "rows"}]
    assert texts == [
        "GET /",
        *["queue levels: 5 messages", "levels: 5 acknowledged"] * 2,
        "10 rows in levels (DB)",
    ]
    moments = [event["at_ms"] for event in timeline]
    assert moments == sorted(moments)


async def test_a_poisoned_message_ends_as_a_dead_letter_among_good_ones(pipeline):
    found = await run_end_to_end(pipeline(CAREFUL, sending=SEND))

    assert found["E2E003"].status is Status.FAIL
    assert found["E2E003"].message == (
        "1 of 10 messages to levels ended in the dead-letter queue levels-failed (tides: no such level: 7)"
    )
    assert counts(found["E2E003"]) == {"sent": 10, "acked": 9, "retried": 2, "dead_lettered": 1}
    assert found["E2E003"].explains == ("E2E002", "E2E004")
    assert (found["E2E002"].status, found["E2E002"].message) == (
        Status.FAIL,
        "the worker reports 10 rows, and 9 landed in levels",
    )


async def test_without_a_dead_letter_queue_the_message_is_lost(pipeline):
    config = BASE + PRODUCER + CONSUMER
    found = await run_end_to_end(pipeline(CAREFUL, sending=SEND, config=config))

    assert found["E2E003"].message.startswith(
        "1 of 10 messages to levels were deleted after their retries, as there is no dead-letter queue ("
    )
    assert counts(found["E2E003"]) == {"sent": 10, "acked": 9, "retried": 2, "dropped": 1}


async def test_a_statement_that_d1_refuses_explains_the_dead_letter(pipeline):
    found = await run_end_to_end(pipeline(ACK_EACH, sending=SEND, config=WRANGLER.replace("= 5", "= 1")))

    assert counts(found["E2E003"]) == {"sent": 10, "acked": 9, "retried": 2, "dead_lettered": 1}
    assert found["E2E003"].evidence["error"] == f"JsException: Error: {REFUSED}"
    assert (found["E2E003"].location.path, found["E2E003"].location.line) == ("worker.py", 16)
    assert found["E2E003"].explains == ()
    assert found["E2E002"].message == f"D1 refused 3 of the worker's statements: {REFUSED}"
    assert found["E2E002"].explains == ("E2E003", "E2E004")
    assert found["E2E002"].evidence["landed"] == 9


async def test_a_killed_consumer_loses_nothing_silently(pipeline):
    body = "for message in batch.messages:\n    if message.body.day == 3:\n        os._exit(1)\n"
    found = await run_end_to_end(pipeline(body + indent(ACK_EACH.split("\n", 1)[1], "")))

    assert found["E2E003"].status is Status.FAIL
    assert counts(found["E2E003"]) == {"sent": 10, "acked": 8, "retried": 4, "dead_lettered": 2}
    assert found["E2E003"].evidence["error"] == "its process ended itself with code 1"
    assert (found["E2E002"].evidence["landed"], found["E2E002"].status) == (8, Status.FAIL)


async def test_a_database_that_fails_for_a_while_costs_deliveries_only(pipeline):
    found = await run_end_to_end(pipeline(ACK_EACH), OverloadedRuntime(2))

    assert {code: finding.status for code, finding in found.items()} == dict.fromkeys(found, Status.PASS)
    assert counts(found["E2E003"]) == {"sent": 10, "acked": 10, "retried": 10}
    assert found["E2E002"].evidence["landed"] == 10


async def test_a_database_that_fails_for_too_long_leaves_dead_letters(pipeline):
    found = await run_end_to_end(pipeline(ACK_EACH), OverloadedRuntime(1_000))

    assert counts(found["E2E003"]) == {"sent": 10, "retried": 20, "dead_lettered": 10}
    assert found["E2E002"].message.endswith("D1_ERROR: D1 DB is overloaded. Requests queued for too long.")
    assert found["E2E002"].evidence["landed"] == 0


async def test_a_consumer_that_acknowledges_what_failed_is_seen_by_the_rows(pipeline):
    found = await run_end_to_end(pipeline(SWALLOWING, sending=SEND))

    assert (found["E2E003"].status, counts(found["E2E003"])) == (Status.PASS, {"sent": 10, "acked": 10})
    assert found["E2E002"].message == f"D1 refused 1 of the worker's statements: {REFUSED}"
    assert found["E2E002"].evidence["landed"] == 9


async def test_messages_that_are_acknowledged_and_write_nothing_are_a_warning(pipeline):
    body = "if len(batch.messages) > 50:\n" + indent(ACK_EACH, "    ")
    folder = pipeline(body)
    (folder / "diagnose.toml").write_text('[trigger]\nkind = "fetch"\n')
    found = await run_end_to_end(folder)

    assert (found["E2E002"].status, found["E2E002"].severity) == (Status.WARN, Severity.WARNING)
    assert found["E2E002"].message == "nothing was written to levels; messages acknowledged: 10"


async def test_a_message_is_the_trigger(pipeline):
    folder = pipeline(ACK_EACH)
    settings = '[trigger]\nkind = "queue"\nbody = { day = 3, metres = 1.5 }\n'
    (folder / "diagnose.toml").write_text(settings)
    found = await run_end_to_end(folder)

    assert {code: finding.status for code, finding in found.items()} == dict.fromkeys(found, Status.PASS)
    assert counts(found["E2E003"]) == {"sent": 1, "acked": 1}
    assert found["E2E002"].message == "1 rows landed in levels"


async def test_a_message_that_fails_at_first_is_a_failed_trigger(pipeline):
    folder = pipeline(ACK_EACH)
    (folder / "diagnose.toml").write_text('[trigger]\nkind = "queue"\nbody = { metres = 1.5 }\n')
    found = await run_end_to_end(folder)

    assert found["E2E001"].message == "the worker raised AttributeError: day"
    assert counts(found["E2E003"]) == {"sent": 1, "retried": 2, "dead_lettered": 1}


async def test_a_consumer_elsewhere_is_nothing_that_files_can_tell(check, pipeline):
    (found,) = await check("E2E003", pipeline(config=BASE + PRODUCER))

    assert found.status is Status.SKIP
    assert found.message == (
        "10 messages left in levels: no worker consumes it as far as the project's files tell (QUE003)"
    )
    (rows,) = await check("E2E002", pipeline(config=BASE + PRODUCER))
    assert (rows.status, rows.message) == (
        Status.SKIP,
        "0 rows landed in levels; messages left in levels: 10, no worker consumes it (E2E003)",
    )


NEIGHBOUR = (
    BASE.replace('"tides"', '"tides-writer"').replace('"2026-06-01"', '"2026-06-02"') + CONSUMER + DEAD
).replace('binding = "DB"', 'binding = "STORE"\nmigrations_dir = "../migrations"')


PASSING_ON = """\
    async def fetch(self, request):
        for level in await request.json():
            await self.env.LEVELS.send(json.dumps(level), contentType="text")
        return Response.json({"queued": 2})

"""


async def test_nobody_stores_what_was_received(check, pipeline):
    settings = SETTINGS.replace('"fetch"\n', '"fetch"\nmethod = "POST"\nbody = [{ day = 1 }, { day = 2 }]\n')
    folder = pipeline(sending=PASSING_ON, config=BASE + PRODUCER)
    (folder / "diagnose.toml").write_text(settings)
    (folder / "worker.py").write_text("import json\n" + HEAD + PASSING_ON)
    (found,) = await check("E2E003", folder)

    assert (found.status, found.severity, found.confidence) == (
        Status.WARN,
        Severity.WARNING,
        Confidence.MEDIUM,
    )
    assert found.message == "2 messages left in levels: no worker consumes it"
    assert found.explains == ("E2E002", "E2E004")


async def test_another_worker_of_the_project_consumes(pipeline):
    config = PRODUCER_ONLY + PRODUCER
    writing = HEAD + consumer(ACK_EACH.replace("env.DB", "env.STORE"))
    files = {"writer__wrangler.toml": NEIGHBOUR, "writer__worker.py": writing}
    found = await run_end_to_end(pipeline(config=config, **files))

    assert {code: finding.status for code, finding in found.items()} == dict.fromkeys(found, Status.PASS)
    assert found["E2E003"].evidence["consumer"] == "tides-writer"
    assert found["E2E002"].message == "10 rows landed in levels"
    paths = {event["path"] for event in found["E2E003"].evidence["timeline"] if event["kind"] == "statement"}
    assert paths == {"writer/worker.py"}


async def test_a_failing_neighbour_is_named_with_its_place(pipeline):
    writing = HEAD + consumer(ACK_EACH.replace("env.DB", "env.STORE"))
    files = {"writer__wrangler.toml": NEIGHBOUR.replace("= 5", "= 1"), "writer__worker.py": writing}
    found = await run_end_to_end(pipeline(sending=SEND, config=PRODUCER_ONLY + PRODUCER, **files))

    assert found["E2E003"].message.startswith(
        "1 of 10 messages to levels ended in the dead-letter queue levels-failed (tides-writer: JsException: "
    )
    assert (found["E2E003"].location.path, found["E2E003"].location.line) == ("writer/worker.py", 11)
    assert found["E2E002"].evidence["landed"] == 9


async def test_a_neighbour_that_fails_with_a_made_up_secret_tells_nothing(pipeline):
    writing = HEAD + consumer(
        "if len(self.env.API_KEY) < 50:\n    raise ValueError('no key')\nbatch.ackAll()"
    )
    files = {"writer__wrangler.toml": NEIGHBOUR, "writer__worker.py": writing}
    found = await run_end_to_end(pipeline(config=PRODUCER_ONLY + PRODUCER, **files))

    assert found["E2E003"].status is Status.SKIP
    assert found["E2E003"].message.startswith(
        "tides-writer, the consumer of levels: the worker failed with made-up values of env.API_KEY: secrets"
    )


async def test_a_consumer_that_cannot_be_executed_is_named(check, pipeline):
    files = {
        "writer__wrangler.toml": NEIGHBOUR.replace("worker.py", "index.ts"),
        "writer__index.ts": "export default { async queue(batch: MessageBatch) {} };\n",
    }
    (found,) = await check("E2E003", pipeline(config=PRODUCER_ONLY + PRODUCER, **files))

    assert found.status is Status.SKIP
    assert found.message == (
        "10 messages left in levels: its consumer cannot be executed here: writer/index.ts is not Python"
    )


async def test_a_consumer_that_pulls_is_nobody_here(check, pipeline):
    config = BASE + PRODUCER + '[[queues.consumers]]\nqueue = "levels"\ntype = "http_pull"\n'
    (found,) = await check("E2E003", pipeline(config=config))

    assert (found.status, found.message) == (
        Status.SKIP,
        "10 messages left in levels: it is pulled over HTTP",
    )


@pytest.fixture
def saved(pipeline: Callable[..., Path], saved_account: Callable[..., Path]) -> Callable[..., Path]:
    """A pipeline beside a saved account with its database and queues, changed by the test."""

    def write(change: Callable[[EmbeddedAccount], object], **options: str) -> Path:
        folder = pipeline(**options)
        state = saved_account(folder, {HARBOUR: ("harbour", MIGRATION)})
        with EmbeddedAccount.open(state) as account:
            for name in ("levels", "levels-failed"):
                account.create_queue(name)
            change(account)
        return folder

    return write


def put(account: EmbeddedAccount, queue: str, count: int, *, sent_ms: int | None = None) -> None:
    if sent_ms is not None:
        account.clock = VirtualClock(sent_ms)
    found = account.find_queue(queue)
    assert found is not None
    account.enqueue(found.id, [OutgoingMessage(content_type="json", body=b"{}")] * count)


def attach(account: EmbeddedAccount, main_module: str = "writer.py", **settings: Any) -> None:
    """Let a worker that is not of the project consume the queue."""
    text = "class Default:\n    async def queue(self, batch): pass\n" if main_module.endswith(".py") else ""
    module = Module(
        content=text.encode() or b"export default { async queue() {} }", content_type="text/x-python"
    )
    upload = Upload(main_module=main_module, modules={main_module: module}, compatibility_date="2026-06-01")
    account.put_script(upload_and_deploy(account.state, "elsewhere", upload))
    levels = account.find_queue("levels")
    assert levels is not None
    account.attach_consumer(levels.id, "elsewhere", ConsumerSettings(**settings))


def by_status(findings: list[Finding]) -> list[tuple[Status, str]]:
    return [(finding.status, finding.message) for finding in findings]


async def test_what_nobody_takes_is_an_error_on_an_account(check, saved):
    found = await check("E2E003", saved(lambda account: put(account, "levels", 3), config=BASE + PRODUCER))

    assert by_status(found) == [
        (Status.FAIL, "10 messages left in levels: no worker consumes it"),
        (Status.FAIL, "3 messages in levels, and nothing consumes it"),
    ]
    assert found[0].explains == ("E2E002", "E2E004")
    evidence = dict(found[1].evidence)
    assert evidence.pop("oldest") is not None
    assert evidence == {"queue": "levels", "consumer": None, "backlog": 3, "backlog_bytes": 6}


async def test_dead_letters_of_an_account_are_an_error(check, saved):
    folder = saved(lambda account: put(account, "levels-failed", 2), consuming=ACK_EACH)
    found = await check("E2E003", folder)

    assert by_status(found) == [
        (Status.PASS, "10 messages to levels: all acknowledged"),
        (Status.PASS, "levels is empty"),
        (
            Status.FAIL,
            "2 messages in levels-failed, a dead-letter queue: their consumer failed with each of them",
        ),
    ]


async def test_the_backlog_of_an_account_is_no_part_of_the_rehearsal(check, saved, tree):
    folder = saved(lambda account: put(account, "levels", 1), consuming=ACK_EACH)
    state = folder / ".diagnose" / "account"
    before = {path.name: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    (rows,) = await check("E2E002", folder)

    assert (rows.status, rows.message) == (Status.PASS, "10 rows landed in levels")
    assert before == {path.name: path.read_bytes() for path in state.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("sent_ms", "settings", "expected"),
    [
        (None, QueueSettings(), (Status.PASS, "1 message in levels, for its consumer to take")),
        (
            1_767_225_600_000,
            QueueSettings(),
            (Status.WARN, "1 message in levels, the oldest since 2026-01-01T00:00:00+00:00"),
        ),
        (
            None,
            QueueSettings(delivery_paused=True),
            (Status.WARN, "1 message in levels, and its delivery is paused"),
        ),
    ],
)
async def test_a_backlog_with_a_consumer(check, saved, sent_ms, settings, expected):
    def change(account: EmbeddedAccount) -> None:
        put(account, "levels", 1, sent_ms=sent_ms)
        attach(account)
        levels = account.find_queue("levels")
        assert levels is not None
        account.change_queue(levels.id, settings)

    found = await check("E2E003", saved(change, config=BASE + PRODUCER))

    assert by_status(found)[-1] == expected


async def test_a_deployed_consumer_that_is_not_python_is_not_executed(check, saved):
    folder = saved(lambda account: attach(account, "index.js"), config=BASE + PRODUCER)
    found = await check("E2E003", folder)

    assert by_status(found) == [
        (
            Status.SKIP,
            (
                "10 messages left in levels: its consumer cannot be executed here:"
                " elsewhere (index.js) is not Python"
            ),
        ),
        (Status.PASS, "levels is empty"),
    ]


async def test_a_deployed_consumer_of_the_project_is_looked_at_with_its_tables(check, saved):
    writing = HEAD + consumer(ACK_EACH.replace("env.DB", "env.STORE"))

    def change(account: EmbeddedAccount) -> None:
        upload = Upload(
            main_module="worker.py",
            modules={"worker.py": Module(content=writing.encode(), content_type="text/x-python")},
            bindings=({"type": "d1", "name": "STORE", "id": HARBOUR, "database_id": HARBOUR},),
            compatibility_date="2026-06-01",
            compatibility_flags=("python_workers",),
        )
        account.put_script(upload_and_deploy(account.state, "tides-writer", upload))
        levels = account.find_queue("levels")
        assert levels is not None
        account.attach_consumer(levels.id, "tides-writer")

    files = {"writer__wrangler.toml": NEIGHBOUR, "writer__worker.py": writing}
    folder = saved(change, config=PRODUCER_ONLY + PRODUCER, **files)
    (queue, _backlog) = await check("E2E003", folder)
    (rows,) = await check("E2E002", folder)

    assert (queue.status, queue.message) == (Status.PASS, "10 messages to levels: all acknowledged")
    assert (rows.status, rows.message) == (Status.PASS, "10 rows landed in levels")


async def test_a_token_that_may_not_read_queues_leaves_the_rehearsal(saved):
    folder = saved(lambda account: put(account, "levels-failed", 2), consuming=ACK_EACH)
    state = folder / ".diagnose" / "account"
    async with Session(SessionOptions(path=folder)) as session:
        ctx = await session.context()
        with EmbeddedAccount.load_snapshot(state) as embedded:
            token = embedded.issue_token(permissions=frozenset({Permission.D1_READ}))
            ctx.account = Account.over_app(
                embedded.app(),
                account_id=embedded.account_id,
                token=Secret(token),
                kind=AccountKind.SAVED,
            )
            found = await run_check(BacklogOrDeadLetters, ctx)
            await ctx.account.aclose()

    rehearsed, read = by_status(found)
    assert rehearsed == (Status.PASS, "10 messages to levels: all acknowledged")
    assert read[0] is Status.SKIP
    assert "GET /accounts/" in read[1]


async def test_queues_that_the_account_lacks_are_anothers_business(check, pipeline, saved_account):
    folder = pipeline(ACK_EACH)
    saved_account(folder, {HARBOUR: ("harbour", MIGRATION)})
    found = await check("E2E003", folder)

    assert by_status(found) == [
        (Status.SKIP, "the import was not started (E2E001)"),
        (Status.SKIP, "the account has no queue levels (QUE002)"),
        (Status.SKIP, "the account has no queue levels-failed (QUE002)"),
    ]


async def test_without_a_queue_there_is_nothing_to_wait_in(check, pipeline):
    (found,) = await check("E2E003", pipeline(config=BASE))

    assert (found.status, found.message) == (Status.PASS, "the config names no queue")


async def test_offline_executes_nothing(check, pipeline):
    (found,) = await check("E2E003", pipeline(ACK_EACH), offline=True)

    assert (found.status, found.message) == (Status.SKIP, "--offline never executes project code")


async def test_a_rehearsal_without_a_message(check, pipeline):
    sending = "    async def fetch(self, request):\n        return Response('nothing new')\n\n"
    (found,) = await check("E2E003", pipeline(ACK_EACH, sending=sending))

    assert (found.status, found.message) == (Status.SKIP, "no message was sent in the rehearsal")


async def test_a_crash_is_an_error():
    class Unmet(BacklogOrDeadLetters):
        requires = frozenset()

    (found,) = await run_check(Unmet, Context(project=object(), target=Target.OFFLINE))

    assert found.status is Status.ERROR
