from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.session import Session, SessionOptions
from diagnose.engine.settlement import Outcome
from diagnose.project import build_upload

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]
WORKER = "pyswarm/Data_Import/historical_worker.py"
CONFIG = "pyswarm/wrangler_historical_import.toml"
NEW = "pyswarm/Data_Import/price_data_queue.py"
QUEUE = {"option": "queue"}
OLD_BODY = '''\
    """Insert all candles in one statement. Known candles are skipped."""
    if not candles:
        return 0

    # One INSERT for everything is much faster than one per candle
    sql = (
        "INSERT OR IGNORE INTO price_data "
        "(symbol, timestamp, timeframe, open, high, low, close, volume_from, volume_to, source) VALUES "
        + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(candles))
    )

    params'''
NEW_BODY = '''\
    """Queue the rows of price_data; the queue's consumer writes them."""
    if not candles:
        return 0

    params'''
OLD_END = """\
    await env.DB.prepare(sql).bind(*params).run()
    print(f"Inserted {len(candles)} candles for {symbol}")
    return len(candles)
"""
NEW_END = """\
    queued = await queue_price_data(env, params)
    print(f"Queued {queued} candles for {symbol}")
    return queued
"""
HANDLER = '''\
    async def queue(self, batch):
        """Write the rows that were queued for price_data."""
        await write_price_data(batch, self.env)

    async def import_symbol'''
ANOTHER = """
    async def queue(self, batch):
        print(batch.queue)
"""
ENTRIES = """
[[queues.producers]]
binding = "PRICE_DATA_QUEUE"
queue = "price-history-import-price-data"

[[queues.consumers]]
queue = "price-history-import-price-data"
max_batch_size = 10
max_retries = 5
dead_letter_queue = "price-history-import-price-data-dead-letters"
"""


def open_session(folder: Path, *, writable: bool = False) -> Session:
    return Session(SessionOptions(path=folder, writable=writable))


def replaced(text: str, *changes: tuple[str, str]) -> bytes:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.fixture
def demo(tmp_path):
    return Path(shutil.copytree(ROOT / "diagnose" / "demo" / "project", tmp_path / "demo"))


async def test_the_demo_gets_a_queue_and_is_restored(demo, repair, undo, tree):
    before = tree(demo)
    (settlement,) = of("QUE001", await repair("QUE001", demo, offline=True, options=QUEUE))
    assert settlement.outcome is Outcome.REHEARSED
    after = tree(demo)
    module = after.pop(NEW).decode()
    assert after == before | {
        WORKER: replaced(
            before[WORKER].decode(),
            ("from workers", "from price_data_queue import queue_price_data, write_price_data\nfrom workers"),
            (OLD_BODY, NEW_BODY),
            ("params.extend([", "params.append(["),
            (OLD_END, NEW_END),
            ("    async def import_symbol", HANDLER),
            ('"inserted": inserted', '"queued": inserted'),
        ),
        CONFIG: before[CONFIG] + ENTRIES.encode(),
        "diagnose.toml": replaced(
            before["diagnose.toml"].decode(), ('reported = "inserted"', 'reported = "queued"')
        ),
    }
    assert '"INSERT OR IGNORE INTO price_data (symbol, timestamp' in module
    again = await repair("QUE001", demo, offline=True, options=QUEUE)
    assert (again.run_id, again.settlements) == (None, ())
    await undo(demo, offline=True)
    assert tree(demo) == before


@pytest.mark.parametrize(
    ("options", "question"),
    [
        ({}, "Shall the write be divided by a queue?"),
        ({"option": "tube"}, "'tube' is none of the answers. Shall the write be divided by a queue?"),
    ],
)
async def test_it_asks(demo, repair, tree, options, question):
    before = tree(demo)
    (settlement,) = of("QUE001", await repair("QUE001", demo, offline=True, options=options))
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail.startswith(f"{question} --option option='queue' (")
    assert tree(demo) == before


async def test_a_direct_write_is_a_matter_of_others(demo, repair, tree):
    before = tree(demo)
    (settlement,) = of("QUE001", await repair("QUE001", demo, offline=True, options={"option": "direct"}))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == "the write shall stay direct: repair it with LIM001 or LIM003 first"
    assert tree(demo) == before


async def test_without_env_in_reach_it_is_refused(demo, repair, tree):
    worker = demo / WORKER
    text = worker.read_text()
    for old, new in (
        ("insert_candles_to_d1(env,", "insert_candles_to_d1(db,"),
        ("insert_candles_to_d1(self.env,", "insert_candles_to_d1(self.env.DB,"),
        ("env.DB.prepare", "db.prepare"),
    ):
        text = text.replace(old, new)
    worker.write_text(text)
    before = tree(demo)
    (settlement,) = of("QUE001", await repair("QUE001", demo, offline=True, options=QUEUE))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith(
        "insert_candles_to_d1 is not rewritten: it knows the database, but not the `env`"
    )
    assert tree(demo) == before


async def test_a_worker_that_consumes_already_keeps_its_other_queue(demo, repair, undo, tree):
    worker = demo / WORKER
    worker.write_text(worker.read_text() + ANOTHER)
    before = tree(demo)
    (settlement,) = of("QUE001", await repair("QUE001", demo, offline=True, options=QUEUE))
    assert settlement.outcome is Outcome.REHEARSED
    assert worker.read_text().endswith("""\
    async def queue(self, batch):
        if batch.queue == "price-history-import-price-data":
            await write_price_data(batch, self.env)
            return
        print(batch.queue)
""")
    await undo(demo, offline=True)
    assert tree(demo) == before


def consumers_of(state):
    """Queues of a saved account with the workers that consume them."""
    with EmbeddedAccount.load_snapshot(state) as account:
        return {queue.name: queue.consumer and queue.consumer.script for queue in account.queues.values()}


async def modules_of(folder):
    """The deployed modules of the demo's worker."""
    async with open_session(folder) as session:
        ctx = await session.context()
        return set(await ctx.account.content("price-history-import") or ())


async def test_a_worker_that_is_deployed_is_deployed_again(tmp_path, repair, undo, tree):
    folder = tmp_path / "demo"
    write_demo(folder)
    state = folder / ".diagnose" / "account"
    async with open_session(folder, writable=True) as session:
        ctx = await session.context()
        await ctx.account.upload(build_upload(ctx.project))
    before = tree(folder)
    (settlement,) = of("QUE001", await repair("QUE001", folder, options=QUEUE))
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 7)
    assert consumers_of(state) == {
        "price-history-import-price-data": "price-history-import",
        "price-history-import-price-data-dead-letters": None,
    }
    assert await modules_of(folder) == {"historical_worker.py", "price_data_queue.py"}
    await undo(folder)
    assert tree(folder) == before
    assert consumers_of(state) == {}
    assert await modules_of(folder) == {"historical_worker.py"}
