from __future__ import annotations

import textwrap

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.model import Status

CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"

[[queues.consumers]]
queue = "prices"
"""
HEAD = """from contextlib import suppress

from workers import WorkerEntrypoint


async def store(env, body):
    await env.DB.prepare("INSERT OR IGNORE INTO prices (symbol) VALUES (?)").bind(body["symbol"]).run()


class Default(WorkerEntrypoint):
    async def queue(self, batch):
"""


def worker(body: str) -> str:
    return HEAD + textwrap.indent(textwrap.dedent(body).strip(), " " * 8) + "\n"


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.fixture
def repaired(write_project, repair, undo, tree, check):
    """The handler after the repair, which is proven, done once, and taken back byte for byte."""

    async def fix(body: str, *, text: str | None = None) -> str:
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": text or worker(body)})
        before = tree(folder)
        settlements = of("QUE005", await repair("QUE005", folder, offline=True))
        assert {settlement.outcome for settlement in settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
        after = tree(folder)
        assert of("QUE005", await repair("QUE005", folder, offline=True)) == []
        found = [one for one in await check("QUE005", folder, offline=True) if one.code == "QUE005"]
        assert [finding.status for finding in found] == [Status.PASS]
        assert tree(folder) == after
        await undo(folder, offline=True)
        assert tree(folder) == before
        return after["worker.py"].decode()

    return fix


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    pass
                message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    message.retry(delaySeconds=30)
                    continue
                message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    return
                message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.retry(delaySeconds=30)
                    continue
                message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    continue
                message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.retry(delaySeconds=30)
                    continue
                message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception: pass
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception: message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            for number, message in enumerate(batch.messages):
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(number, error)
            """,
            """
            for number, message in enumerate(batch.messages):
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(number, error)
                    message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    if "database is locked" in str(error):  # try again
                        message.retry()
                    else:
                        message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    if "database is locked" in str(error):  # try again
                        message.retry()
                    else:
                        message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    if "UNIQUE" in str(error):
                        message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    if "UNIQUE" in str(error):
                        message.retry(delaySeconds=30)
                    message.retry(delaySeconds=30)
            """,
        ),
        (
            """
            try:
                for message in batch.messages:
                    await store(self.env, message.body)
            except Exception as error:
                print(error)
                batch.ackAll()
            """,
            """
            try:
                for message in batch.messages:
                    await store(self.env, message.body)
            except Exception as error:
                print(error)
                batch.retryAll(delaySeconds=30)
            """,
        ),
        (
            """
            try:
                for message in batch.messages:
                    await store(self.env, message.body)
            except Exception as error:
                print(error)
            """,
            """
            try:
                for message in batch.messages:
                    await store(self.env, message.body)
            except Exception as error:
                print(error)
                raise
            """,
        ),
        (
            """
            for message in batch.messages:
                with suppress(Exception):
                    await store(self.env, message.body)
            """,
            """
            for message in batch.messages:
                await store(self.env, message.body)
            """,
        ),
    ],
)
async def test_an_error_that_was_kept_is_retried(before, after, repaired):
    assert await repaired(before) == worker(after)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
            for message in batch.messages:
                message.ack()  # done
                await store(self.env, message.body)
                print(message.id)
            """,
            """
            for message in batch.messages:
                await store(self.env, message.body)
                message.ack()  # done
                print(message.id)
            """,
        ),
        (
            """
            for message in batch.messages:
                message.ack()
                if message.body:
                    await store(self.env, message.body)
            """,
            """
            for message in batch.messages:
                if message.body:
                    await store(self.env, message.body)
                message.ack()
            """,
        ),
        (
            """
            rows = []
            for message in batch.messages:
                rows.append(message.body)
                message.ack()
            await store(self.env, rows)
            """,
            """
            rows = []
            for message in batch.messages:
                rows.append(message.body)
            await store(self.env, rows)
            batch.ackAll()
            """,
        ),
        (
            """
            for message in batch.messages:
                message.ack()
            for message in batch.messages:
                await store(self.env, message.body)
            """,
            """
            for message in batch.messages:
                await store(self.env, message.body)
            for message in batch.messages:
                message.ack()
            """,
        ),
    ],
)
async def test_an_early_ack_moves_behind_the_write(before, after, repaired):
    assert await repaired(before) == worker(after)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    raise
                finally:
                    message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    raise
                else:
                    message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                finally:
                    message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(f"not written, and delivered again: {error}")
                    message.retry(delaySeconds=30)
                else:
                    message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                finally:
                    message.ack()
                    print(message.id)
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                    message.ack()
                finally:
                    print(message.id)
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                finally:
                    message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    print(error)
                    message.retry(delaySeconds=30)
                    continue
                finally:
                    message.ack()
            """,
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    raise
                else:
                    print(message.id)
                finally:
                    message.ack()
            """,
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception:
                    raise
                else:
                    print(message.id)
                    message.ack()
            """,
        ),
    ],
)
async def test_an_ack_leaves_the_finally(before, after, repaired):
    assert await repaired(before) == worker(after)


@pytest.mark.anyio
async def test_a_helper_raises_what_it_only_printed(repaired):
    text = HEAD.replace(
        "    await env.DB",
        "    try:\n        await env.DB",
    ).replace(
        ".run()\n",
        ".run()\n        return True\n"
        "    except Exception as error:\n        print(error)\n        return False\n",
    )
    text += "        for message in batch.messages:\n            if await store(self.env, message.body):\n"
    text += "                message.ack()\n"
    assert await repaired("", text=text) == text.replace("        return False\n", "        raise\n")


@pytest.mark.anyio
async def test_line_ends_and_tabs_stay(repaired):
    body = "for message in batch.messages:\n    try:\n        await store(self.env, message.body)\n"
    text = worker(f"{body}    except Exception as error:\n        print(error)").replace("    ", "\t")
    text = text.replace("\n", "\r\n")
    after = await repaired("", text=text)
    assert after == text + "\t\t\t\tmessage.retry(delaySeconds=30)\r\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            """
            for message in batch.messages:
                message.ack(); await store(self.env, message.body)
            """,
            "several statements stand on one line",
        ),
        (
            """
            for message in batch.messages:
                if message.body:
                    print(message.id)
                self.done(message)
                await store(self.env, message.body)
            """,
            "the ack and the write stand in different functions",
        ),
        (
            """
            for message in batch.messages:
                try:
                    await store(self.env, message.body)
                except Exception as error:
                    self.done(message)
            """,
            "the ack is made by another function",
        ),
    ],
)
async def test_what_is_not_understood_is_left_alone(body, why, write_project, repair, tree):
    text = worker(body) + "\n    def done(self, message):\n        message.ack()\n"
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": text})
    before = tree(folder)
    (settlement,) = of("QUE005", await repair("QUE005", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert why in settlement.detail
    assert tree(folder) == before


PIPELINE = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for symbol in ("BTC", "nothing", "ETH"):
            await self.env.PRICES.send(symbol, contentType="text")
        return Response("written soon", status=202)

    async def queue(self, batch):
        for message in batch.messages:
            try:
                sql = "INSERT INTO prices (symbol) VALUES (?) ON CONFLICT DO NOTHING"
                await self.env.DB.prepare(sql).bind(message.body).run()
            except Exception as error:
                print(error)
            message.ack()
"""
TABLE = "CREATE TABLE prices (symbol TEXT PRIMARY KEY CHECK (symbol <> 'nothing'));"


@pytest.mark.anyio
async def test_what_cannot_be_written_reaches_the_dead_letter_queue(write_project, check, repair):
    producer = '[[queues.producers]]\nbinding = "PRICES"\nqueue = "prices"\n'
    folder = write_project(
        {
            "wrangler.toml": f'{CONFIG}max_retries = 2\ndead_letter_queue = "prices-failed"\n\n{producer}',
            "worker.py": PIPELINE,
            "migrations/0001_init.sql": TABLE,
            "diagnose.toml": '[trigger]\nkind = "fetch"\n\n[watch]\ntable = "prices"\nkey = ["symbol"]\n',
        }
    )

    async def letters():
        (finding,) = [one for one in await check("E2E003", folder) if one.code == "E2E003"]
        return finding.status, finding.evidence.get("dead_lettered")

    assert await letters() == (Status.PASS, 0)
    (settlement,) = of("QUE005", await repair("QUE005", folder))
    assert settlement.outcome is Outcome.FIXED
    assert await letters() == (Status.FAIL, 1)
