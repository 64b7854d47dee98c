from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from diagnose.embedded.deploying import schedule
from diagnose.embedded.invocation import Invocation

pytestmark = pytest.mark.anyio

THREE = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def scheduled(account, deploy):
    """Lets cron expressions call a worker."""

    def attach(*crons: str, name: str = "importer", **more) -> None:
        deploy(name=name, **more)
        account.put_script(schedule(account.scripts[name], crons))

    return attach


async def test_what_is_due_in_a_minute_is_fired_in_it(account, live, scheduled):
    scheduled("0 3 * * *", "0 4 * * *")
    scheduled("*/5 * * * *", name="other")
    executing = live()

    await executing.crons.fire(THREE)
    await executing.crons.fire(THREE.replace(minute=1))

    assert [trigger.cron for trigger in executing._invoker.runtime.triggers] == ["0 3 * * *", "*/5 * * * *"]
    assert [seen.event["cron"] for seen in account.observed.invocations] == ["0 3 * * *", "*/5 * * * *"]


async def test_the_clock_fires_once_in_a_minute(account, live, scheduled, monkeypatch):
    scheduled("* * * * *")
    executing = live()
    slept = []
    ended = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            ended.set()
            await asyncio.Event().wait()
        # The second sleep wakes up a little early, as clocks do.
        account.clock.advance_to(
            account.clock.now_ms() + round(seconds * 1000) - (200 if len(slept) == 2 else 0)
        )

    account.clock.advance_to(account.clock.now_ms() + 15_000)
    running = asyncio.ensure_future(executing.crons.run(sleep))
    await ended.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert slept == [45.0, 60.0, 0.2, 60.0]
    assert len(executing._invoker.runtime.triggers) == 2


async def test_a_worker_that_cannot_be_executed_is_told_once(live, scheduled, told, account):
    scheduled("* * * * *", main="index.js")
    executing = live()
    await executing.crons.fire(THREE)
    await executing.crons.fire(THREE)

    why = "importer (index.js) is not Python, and only Python workers are executed here"
    assert told == [f"cron trigger * * * * * of importer was not fired: {why}"]
    assert account.observed.invocations == ()


async def test_a_crash_of_the_runtime_stops_no_other_trigger(live, scheduled, told):
    scheduled("0 3 * * *")
    scheduled("0 3 * * *", name="other")
    fired = []

    def handle(trigger):
        fired.append(trigger)
        if len(fired) == 1:
            raise OSError("no more processes")
        return Invocation(outcome="ok")

    await live(handle).crons.fire(THREE)

    assert len(fired) == 2
    assert told == ["cron trigger 0 3 * * * of importer was not fired: no more processes"]
