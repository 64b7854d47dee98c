"""Queues and their consumers by the real wrangler."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clients.serving import Served
    from clients.wrangler import Wrangler

pytestmark = pytest.mark.anyio

WORKER = SimpleNamespace(
    script_name="tides",
    main_module="tides.js",
    modules={"tides.js": b"export default { async queue(batch, env) { batch.ackAll(); } };"},
    bindings=(),
    compatibility_date="2026-06-01",
    compatibility_flags=(),
)


async def test_queues(wrangler: Wrangler, served: Served):
    wrangler("queues create heights --delivery-delay-secs 7")
    wrangler("queues create heights-dead")
    assert "heights-dead" in wrangler("queues list").out
    info = wrangler("queues info heights").out
    assert "Queue Name: heights\n" in info
    assert "Number of Consumers: 0\n" in info
    async with served.account() as account:
        assert [queue.name for queue in await account.queues()] == ["heights", "heights-dead"]
        assert (await account.queue("heights")).delivery_delay == 7

    wrangler("queues update heights --delivery-delay-secs 9")
    async with served.account() as account:
        assert (await account.queue("heights")).delivery_delay == 9
    wrangler("queues pause-delivery heights")
    async with served.account() as account:
        assert (await account.queue("heights")).delivery_paused is True
    wrangler("queues resume-delivery heights")
    async with served.account() as account:
        assert (await account.queue("heights")).delivery_paused is False

    taken = wrangler("queues create heights", code=1)
    assert "[code: 11009]" in taken.both
    wrangler("queues delete heights-dead")
    async with served.account() as account:
        assert [queue.name for queue in await account.queues()] == ["heights"]


async def test_purging(wrangler: Wrangler, served: Served):
    async with served.account() as account:
        queue = await account.create_queue("heights")
        await account._write("POST", account._queue(queue.id, "/messages"), body={"body": {"at": 1}})
        assert (await account.backlog(queue.id)).messages == 1

    assert "Purged Queue 'heights'" in wrangler("queues purge heights --force").out

    async with served.account() as account:
        assert (await account.backlog(queue.id)).messages == 0


async def test_consumers(wrangler: Wrangler, served: Served):
    async with served.account() as account:
        queue = await account.create_queue("heights")
        await account.create_queue("heights-dead")
        await account.upload(WORKER)

    options = "--batch-size 20 --message-retries 5 --dead-letter-queue heights-dead"
    wrangler(f"queues consumer add heights tides {options}")
    async with served.account() as account:
        ((spec),) = [consumer.spec for consumer in await account.consumers(queue.id)]
        assert (spec.script, spec.dead_letter_queue) == ("tides", "heights-dead")
        assert (spec.settings["batch_size"], spec.settings["max_retries"]) == (20, 5)
    second = wrangler("queues consumer add heights tides", code=1)
    assert "[code: 11004]" in second.both
    assert "Consumers: worker:tides\n" in wrangler("queues info heights").out
    wrangler("queues consumer remove heights tides")
    async with served.account() as account:
        assert await account.consumers(queue.id) == ()
