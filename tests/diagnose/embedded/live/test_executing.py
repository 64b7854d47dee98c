from __future__ import annotations

import asyncio

import pytest

from diagnose.embedded.invocation import BindingError, HttpAnswer, Invocation, OutboundRequest, Trigger
from diagnose.embedded.live.lanes import MOST_WAITING, BusyError, NotExecutableError
from diagnose.embedded.refusal import RefusalError

pytestmark = pytest.mark.anyio


async def test_a_worker_is_given_one_event_at_a_time(live, deploy):
    running, most = 0, 0

    def handle(_trigger):
        async def act(_bindings):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return Invocation(outcome="ok")

        return act

    deploy()
    deploy(name="other")
    executing = live(handle)
    await asyncio.gather(*(executing.execute("importer", Trigger()) for _ in range(5)))
    assert most == 1

    await asyncio.gather(executing.execute("importer", Trigger()), executing.execute("other", Trigger()))
    assert most == 2


async def test_too_many_events_are_refused_and_those_before_end_well(live, deploy):
    def handle(_trigger):
        async def act(_bindings):
            await asyncio.sleep(0)
            return Invocation(outcome="ok")

        return act

    deploy()
    executing = live(handle)
    events = [executing.execute("importer", Trigger()) for _ in range(MOST_WAITING + 3)]
    ends = await asyncio.gather(*events, return_exceptions=True)

    assert sum(isinstance(end, Invocation) for end in ends) == MOST_WAITING
    assert sum(isinstance(end, BusyError) for end in ends) == 3
    assert (await executing.execute("importer", Trigger())).outcome == "ok"


async def test_what_was_executed_is_told(account, live, deploy):
    version = deploy()
    await live().execute("importer", Trigger(path="/a"))

    (seen,) = account.observed.invocations
    assert (seen.script, seen.version_id, seen.kind) == ("importer", version, "fetch")
    assert seen.event["request"]["url"] == "/a"


async def test_other_languages_and_unknown_workers_are_not_executed(live, deploy, account):
    deploy("export default {}", name="script", main="index.js")

    with pytest.raises(NotExecutableError, match=r"script \(index.js\) is not Python"):
        await live().execute("script", Trigger())
    with pytest.raises(RefusalError, match="does not exist"):
        await live().execute("nobody", Trigger())
    assert account.observed.invocations == ()


async def test_a_request_without_an_answer_fails_in_the_worker(live, deploy):
    def handle(_trigger):
        async def act(bindings):
            with pytest.raises(
                BindingError, match=r"no answer is recorded for GET https://a\.example/x"
            ) as caught:
                await bindings.fetch(OutboundRequest(url="https://a.example/x"))
            assert caught.value.name == "TypeError"
            return Invocation(outcome="ok")

        return act

    deploy()
    assert (await live(handle).execute("importer", Trigger())).outcome == "ok"


@pytest.mark.parametrize("is_awaited", [False, True])
async def test_answers_reach_the_worker(live, deploy, is_awaited):
    async def asked(_request):
        return HttpAnswer(status=203)

    responses = asked if is_awaited else lambda _request: HttpAnswer(status=203)

    def handle(_trigger):
        async def act(bindings):
            answer = await bindings.fetch(OutboundRequest(url="https://a.example/x"))
            return Invocation(outcome="ok", answer=answer)

        return act

    deploy()
    ended = await live(handle, responses=responses).execute("importer", Trigger())
    assert ended.answer == HttpAnswer(status=203)


async def test_leaving_stops_everything_and_gives_messages_back(account, live, consumer, send):
    started = asyncio.Event()

    def handle(_trigger):
        async def act(_bindings):
            started.set()
            await asyncio.Event().wait()

        return act

    queue_id = consumer(batch_size=1)
    async with live(handle):
        send("a")
        await started.wait()
        assert account.messages.peek(queue_id, 9, now=account.clock.now_ms()) == ()

    (message,) = account.messages.peek(queue_id, 9, now=account.clock.now_ms())
    assert (message.body, message.attempts) == (b"a", 0)
    assert account.on_enqueued is None
