from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, prepare_instead

FUNCTION = """
async def store(env, rows):
    {line}
    return 1
"""
TEXT = (
    '"CREATE TABLE IF NOT EXISTS days (\\n day TEXT);\\nINSERT INTO readings (sensor, taken)\\nVALUES (1, 1)"'
)
BY_HAND = "pass each statement to `prepare(…).run()`, or write each on one line"


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(line):
        text = worker(FUNCTION.replace("{line}", line))
        return text, prepare_instead(text, analysed(text).sites[0])

    return rewrite


def test_exec_becomes_prepare_and_run(rewritten):
    text, outcome = rewritten(f"await env.DB.exec({TEXT})")
    assert outcome == Rewritten(
        text.replace(f"env.DB.exec({TEXT})", f"env.DB.prepare({TEXT}).run()"),
        "`store` prepares the text, which may break its lines",
    )


def test_a_result_that_is_used_is_refused(rewritten):
    _, outcome = rewritten(f"return await env.DB.exec({TEXT})")
    assert outcome == Refused("store is not rewritten: what `exec` answers is used", BY_HAND)


@pytest.mark.anyio
async def test_the_statements_run_then(rewritten, execute):
    text, outcome = rewritten(f"await env.DB.exec({TEXT})")
    before = await execute(text, [])
    assert before.invocation.outcome == "exception"
    assert "CREATE TABLE IF NOT EXISTS days (: incomplete input" in before.invocation.exception.message
    assert (await execute(outcome.text, [])).rows == (("1", 1, None, None),)
