from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, invented_counts, rewrite_count, rewrite_until_done

WRITE = """await env.DB.prepare(
        "INSERT OR IGNORE INTO readings (sensor, taken) "
        "SELECT value->>'sensor', value->>'taken' FROM json_each(?)"
    ).bind(json.dumps(rows)).run()"""
IN_LOOP = WRITE.replace("rows", "part").replace("\n", "\n    ")
HELPER = """
SQL = (
    "INSERT OR IGNORE INTO readings (sensor, taken) "
    "SELECT value->>'sensor', value->>'taken' FROM json_each(?)"
)


async def execute(database, sql, values=(), *, log=False):
    result = await database.prepare(sql).bind(*values).run()
    if log:
        print(result.meta.changes)
    return result.meta.changes


"""

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
    "a sum that is there and not reported": (
        f"""
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        result = {IN_LOOP}
        changes += result.meta.changes
    print(f"stored {{len(rows)}}")
    return len(rows)
""",
        f"""
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        result = {IN_LOOP}
        changes += result.meta.changes
    print(f"stored {{changes}}")
    return changes
""",
    ),
    "a loop that nobody counts": (
        f"""
async def store(env, rows):
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        {IN_LOOP}  # one part
    return len(rows)
""",
        f"""
async def store(env, rows):
    inserted = 0
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        result = {IN_LOOP}  # one part
        inserted += result.meta.changes
    return inserted
""",
    ),
    "a result in a loop that nobody counts": (
        f"""
async def store(env, rows):
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        answer = {IN_LOOP}
        print(answer.meta.duration)
    return len(rows)
""",
        f"""
async def store(env, rows):
    inserted = 0
    for start in range(0, len(rows), 25):
        part = rows[start : start + 25]
        answer = {IN_LOOP}
        inserted += answer.meta.changes
        print(answer.meta.duration)
    return inserted
""",
    ),
    "a helper that answers the changes": (
        f"""{HELPER}
async def store(env, rows):
    await execute(env.DB, SQL, [json.dumps(rows)], log=True)
    return len(rows)
""",
        f"""{HELPER}
async def store(env, rows):
    inserted = await execute(env.DB, SQL, [json.dumps(rows)], log=True)
    return inserted
""",
    ),
    "a helper's changes that are kept": (
        f"""{HELPER}
async def store(env, rows):
    written = await execute(env.DB, SQL, [json.dumps(rows)])
    print(written)
    return len(rows)
""",
        f"""{HELPER}
async def store(env, rows):
    written = await execute(env.DB, SQL, [json.dumps(rows)])
    print(written)
    return written
""",
    ),
    "a helper's changes that are added up": (
        f"""{HELPER}
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 25):
        changes += await execute(env.DB, SQL, [json.dumps(rows[start : start + 25])])
    changes += await execute(env.DB, "DELETE FROM readings WHERE taken < ?", [0])
    return len(rows)
""",
        f"""{HELPER}
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 25):
        changes += await execute(env.DB, SQL, [json.dumps(rows[start : start + 25])])
    changes += await execute(env.DB, "DELETE FROM readings WHERE taken < ?", [0])
    return changes
""",
    ),
    "a helper in a loop that nobody counts": (
        f"""{HELPER}
async def store(env, rows):
    if rows:
        await execute(env.DB, SQL, [json.dumps(rows)])
    return len(rows)
""",
        f"""{HELPER}
async def store(env, rows):
    inserted = 0
    if rows:
        inserted += await execute(env.DB, SQL, [json.dumps(rows)])
    return inserted
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
@pytest.mark.parametrize("case", CASES)
async def test_ignored_rows_are_not_reported(case, worker, analysed, execute):
    before, _ = CASES[case]
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
    assert outcome.remedy == "add up `result.meta.changes` of the writes, and report that"
    assert outcome.why == (
        "the reported number is not rewritten: "
        "several writes stand in front of it, and nothing adds up what they changed"
    )


def test_a_helper_that_keeps_the_number_to_itself_is_named(worker, analysed):
    text = worker(f"""
async def write(env, rows):
    {WRITE}


async def store(env, rows):
    await write(env, rows)
    return len(rows)
""")
    source = analysed(text)
    outcome = rewrite_count(text, invented(source), source.sites)
    assert isinstance(outcome, Refused)
    assert outcome.why == (
        "the reported number is not rewritten: `write` does not return the number of rows that D1 changed; "
        "let it return `result.meta.changes`"
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
