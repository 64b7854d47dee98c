from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, invented_counts, rewrite_count, rewrite_until_done

WRITE = """await env.DB.prepare(
        "INSERT OR IGNORE INTO readings (sensor, taken) "
        "SELECT value->>'sensor', value->>'taken' FROM json_each(?)"
    ).bind(json.dumps(rows)).run()"""

CASES = {
    "a write in the same function": (
        f"""
async def store(env, rows):
    {WRITE}
    return len(rows)
""",
        f"""
async def store(env, rows):
    result = {WRITE}
    return result.meta.changes
""",
    ),
    "a result that is kept": (
        f"""
async def store(env, rows):
    answer = {WRITE}
    return len(rows)
""",
        f"""
async def store(env, rows):
    answer = {WRITE}
    return answer.meta.changes
""",
    ),
}


def invented(source):
    return next((count for count in source.reported_counts if not count.from_changes), None)


@pytest.mark.parametrize("case", CASES)
def test_the_number_is_that_of_d1(case, worker, analysed):
    before, after = CASES[case]
    source = analysed(worker(before))
    outcome = rewrite_count(worker(before), invented(source), source.sites)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text == worker(after)
    assert invented(analysed(outcome.text)) is None


@pytest.mark.anyio
async def test_ignored_rows_are_not_reported(worker, analysed, execute):
    before, _ = CASES["a write in the same function"]
    source = analysed(worker(before))
    rows = [{"sensor": "s", "taken": 1}, {"sensor": "s", "taken": 1}]
    old = await execute(worker(before), rows)
    new = await execute(rewrite_count(worker(before), invented(source), source.sites).text, rows)
    assert old.answer == {"inserted": 2}
    assert new.answer == {"inserted": 1}


def test_a_number_after_two_writes_is_refused(worker, analysed):
    text = worker(f"""
async def store(env, rows):
    {WRITE}
    {WRITE}
    return len(rows)
""")
    source = analysed(text)
    outcome = rewrite_count(text, invented(source), source.sites)
    assert isinstance(outcome, Refused)
    assert outcome.why == (
        "the reported number is not rewritten: "
        "there is not exactly one write in front of it in the same function"
    )


def test_rewrites_go_on_until_nothing_is_left(worker, analysed):
    text = worker(CASES["a write in the same function"][0])

    def attempt(source, current):
        count = invented(source)
        return None if count is None else rewrite_count(current, count, source.sites)

    source = analysed(text)
    assert rewrite_until_done(source, "worker.py", attempt).text == worker(
        CASES["a write in the same function"][1]
    )
    assert rewrite_until_done(source, "worker.py", lambda *_: None) is None


QUEUED = """import json

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = json.loads(await request.text())
        for row in rows:
            await self.env.ROWS.send(json.dumps(row), contentType="text")
        return {answer}

    async def queue(self, batch):
        for message in batch.messages:
            await self.env.DB.prepare("INSERT INTO t (a) VALUES (?)").bind(message.body).run()
"""
DIRECT = """        await self.env.DB.prepare("INSERT INTO log (a) VALUES (?)").bind(1).run()
        return"""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('Response(f"{len(rows)} rows on their way")', []),
        ('Response.json({"queued": len(rows)})', []),
        ('Response.json({"inserted": len(rows)})', ["inserted"]),
    ],
)
def test_what_a_queue_was_given_is_not_counted_by_d1(analysed, answer, expected):
    found = list(invented_counts(analysed(QUEUED.format(answer=answer))))
    assert [count.name for count in found] == expected


def test_beside_a_direct_write_a_number_without_a_name_may_be_meant_for_it(analysed):
    text = QUEUED.format(answer='Response(f"{len(rows)} rows inserted")')
    found = list(invented_counts(analysed(text.replace("        return", DIRECT, 1))))
    assert [count.expression for count in found] == ["len(rows)"]
