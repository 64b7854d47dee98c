from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, await_call

INSERT = "env.DB.prepare(\"INSERT INTO readings (sensor, taken) VALUES ('s', 1)\").run()"
SAVE = f"""
async def save(env):
    await {INSERT}


"""


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(function):
        text = worker(function)
        (call,) = analysed(text).unawaited
        return text, await_call(text, call)

    return rewrite


@pytest.mark.parametrize(
    ("line", "awaited"),
    [
        ("save(env)", "await save(env)"),
        (f"stored = {INSERT}", f"stored = await {INSERT}"),
        (f"print({INSERT}.success)", f"print((await {INSERT}).success)"),
        ("[save(env) for _ in range(1)]", "[await save(env) for _ in range(1)]"),
    ],
)
def test_await_stands_in_front_of_the_call(line, awaited, rewritten, analysed):
    text, outcome = rewritten(f"{SAVE}async def store(env, rows):\n    {line}\n    return 1\n")
    assert outcome == Rewritten(
        text.replace(f"    {line}\n", f"    {awaited}\n"), "`store` waits for what it writes"
    )
    assert analysed(outcome.text).unawaited == ()


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("ctx.waitUntil(finish)", "ctx.waitUntil(finish())"),
        ("ctx.waitUntil(lambda: save(env))", "ctx.waitUntil(save(env))"),
    ],
)
def test_a_function_that_is_handed_on_is_called(line, called, rewritten, analysed):
    finish = "    async def finish():\n        await save(env)\n\n"
    text, outcome = rewritten(f"{SAVE}async def store(env, rows):\n{finish}    {line}\n    return 1\n")
    assert outcome == Rewritten(text.replace(line, called), "`store` calls what it hands on")
    assert analysed(outcome.text).unawaited == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("fire(env)", "fire is not rewritten: the call is not made in an `async def`"),
        (
            "(save(env) for _ in rows)",
            "store is not rewritten: nothing takes anything from the generator that makes the calls",
        ),
    ],
)
def test_where_await_cannot_stand_it_is_refused(line, why, rewritten):
    fire = "def fire(env):\n    save(env)\n\n\n" if line == "fire(env)" else ""
    _, outcome = rewritten(f"{SAVE}{fire}async def store(env, rows):\n    {line}\n    return 1\n")
    assert outcome == Refused(why, "await the call in an `async def`, or return it to a caller that does")


def test_a_function_that_needs_arguments_is_left_alone(rewritten):
    finish = "    async def finish(row):\n        await save(env)\n\n"
    _, outcome = rewritten(
        f"{SAVE}async def store(env, rows):\n{finish}    ctx.waitUntil(finish)\n    return 1\n"
    )
    assert outcome.why == "store is not rewritten: what `finish` is to be called with is not known"


@pytest.mark.anyio
async def test_a_coroutine_that_never_started_writes_then(rewritten, execute):
    text, outcome = rewritten(f"{SAVE}async def store(env, rows):\n    save(env)\n    return 1\n")
    assert (await execute(text, [])).rows == ()
    assert (await execute(outcome.text, [])).rows == (("s", 1, None, None),)


@pytest.mark.anyio
async def test_an_error_that_was_lost_reaches_the_caller_then(rewritten, execute):
    text, outcome = rewritten(f"async def store(env, rows):\n    {INSERT}\n    return 1\n")
    present = (("s", 1, None, None),)
    assert (await execute(text, [], present=present)).invocation.outcome == "ok"
    assert (await execute(outcome.text, [], present=present)).invocation.outcome == "exception"
