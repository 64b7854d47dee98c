from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, rewrite_handling

WRITE = 'await env.DB.prepare("INSERT INTO readings (sensor, taken) VALUES (?, ?)").bind("s", 1).run()'

HANDLERS = {
    "a handler that logs": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception as error:
        # why it failed
        print(f"failed: {{error}}")  # to the log

    return 1
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception as error:
        # why it failed
        print(f"failed: {{error}}")  # to the log
        raise

    return 1
""",
    ),
    "a handler that passes": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception:
        pass
    return 1
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception:
        raise
    return 1
""",
    ),
    "a handler on one line": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception as error: print(error)
    return 1
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except Exception as error: print(error); raise
    return 1
""",
    ),
    "a handler that returns": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
        return 1
    except Exception as error:
        print(error)
        return 0
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
        return 1
    except Exception as error:
        print(error)
        raise
""",
    ),
    "suppress": (
        '''
async def store(env, rows):
    with suppress(Exception):
        # one row
        await env.DB.prepare("""
            INSERT INTO readings (sensor, taken)
            VALUES (?, ?)
        """).bind("s", 1).run()

        print("done")
    return 1
''',
        '''
async def store(env, rows):
    # one row
    await env.DB.prepare("""
            INSERT INTO readings (sensor, taken)
            VALUES (?, ?)
        """).bind("s", 1).run()

    print("done")
    return 1
''',
    ),
    "a task": (
        """
async def store(env, rows):
    asyncio.create_task(env.DB.prepare("INSERT INTO readings (sensor, taken) VALUES ('s', 1)").run())
    return 1
""",
        """
async def store(env, rows):
    await env.DB.prepare("INSERT INTO readings (sensor, taken) VALUES ('s', 1)").run()
    return 1
""",
    ),
    "a task that nothing reads": (
        """
async def store(env, rows):
    task = asyncio.create_task(env.DB.prepare("INSERT INTO readings (sensor, taken) VALUES ('s', 1)").run())
    return 1
""",
        """
async def store(env, rows):
    await env.DB.prepare("INSERT INTO readings (sensor, taken) VALUES ('s', 1)").run()
    return 1
""",
    ),
    "gathered exceptions": (
        f"""
async def store(env, rows):
    await asyncio.gather({WRITE.removeprefix("await ")}, return_exceptions=True)
    return 1
""",
        f"""
async def store(env, rows):
    await asyncio.gather({WRITE.removeprefix("await ")})
    return 1
""",
    ),
    "a return in finally": (
        f"""
async def store(env, rows):
    try:
        # one row
        {WRITE}
    finally:
        return 1
""",
        f"""
async def store(env, rows):
    # one row
    {WRITE}
    return 1
""",
    ),
    "a return in finally behind a clause": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except ValueError:
        print("odd")
    finally:
        # all is well
        return [
            1,
        ][0]
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
    except ValueError:
        print("odd")
    # all is well
    return [
        1,
    ][0]
""",
    ),
    "a finally that does more": (
        f"""
async def store(env, rows):
    try:
        {WRITE}
    finally:
        print("done")
        return 1
""",
        f"""
async def store(env, rows):
    try:
        {WRITE}
    finally:
        print("done")
    return 1
""",
    ),
}
IMPORTS = "import asyncio\nfrom contextlib import suppress\n"


@pytest.fixture
def whole(worker):
    return lambda function: IMPORTS + worker(function)


@pytest.mark.parametrize("case", HANDLERS)
def test_the_error_is_raised(case, whole, analysed):
    before, after = HANDLERS[case]
    (handling,) = analysed(whole(before)).error_handlers
    outcome = rewrite_handling(whole(before), handling)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text == whole(after)


@pytest.mark.parametrize("case", HANDLERS)
def test_nothing_swallows_it_any_more(case, whole, analysed):
    before, _ = HANDLERS[case]
    handling = analysed(whole(before)).error_handlers[0]
    again = analysed(rewrite_handling(whole(before), handling).text)
    assert [one for one in again.error_handlers if one.swallows] == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "case",
    [
        "a handler that logs",
        "a handler that passes",
        "a handler that returns",
        "gathered exceptions",
        "a return in finally",
        "a finally that does more",
    ],
)
async def test_a_failed_write_fails_the_request(case, whole, analysed, execute):
    before, _ = HANDLERS[case]
    handling = analysed(whole(before)).error_handlers[0]
    present = (("s", 1, None, None),)
    old = await execute(whole(before), [], present=present)
    new = await execute(rewrite_handling(whole(before), handling).text, [], present=present)
    assert old.invocation.outcome == "ok"
    assert new.invocation.outcome == "exception"
    assert "UNIQUE constraint failed: readings.sensor, readings.taken" in new.invocation.exception.message


def test_a_write_in_a_plain_function_is_refused(whole, analysed):
    text = whole(f"""
def fire(env):
    asyncio.create_task({WRITE.removeprefix("await ")})


async def store(env, rows):
    fire(env)
    return 1
""")
    (handling,) = analysed(text).error_handlers
    outcome = rewrite_handling(text, handling)
    assert isinstance(outcome, Refused)
    assert outcome.why == "fire is not rewritten: the write is not started in an `async def`"
    assert outcome.remedy == "await the write where its result is known to the caller"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            "    try:\n        {write}\n        return 2\n    finally:\n        return 1\n",
            "the `try` returns something by itself as well",
        ),
        (
            "    for _ in rows:\n        try:\n            {write}\n        finally:\n            continue\n",
            "the `finally` does not end with the `return`",
        ),
        (
            "    try:\n        {write}\n    finally: return 1\n",
            "the `finally` does not end with the `return`",
        ),
        (
            "    try:  # to write\n        {write}\n    finally:\n        return 1\n",
            "the `try` does not stand on a line of its own",
        ),
        (
            "    try:\n        {write}\n    finally:  # at last\n        return 1\n",
            "the `finally` does not stand on lines of its own",
        ),
    ],
)
def test_a_finally_that_is_left_in_another_way_is_refused(body, why, whole, analysed):
    text = whole("async def store(env, rows):\n" + body.replace("{write}", WRITE))
    outcome = rewrite_handling(text, analysed(text).error_handlers[0])
    assert isinstance(outcome, Refused)
    assert outcome.why == f"store is not rewritten: {why}"
    assert outcome.remedy == "put the `return` behind the `try`, so that an error leaves the function"
