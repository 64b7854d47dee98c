from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, rewrite_row_loop
from diagnose.rewriting.helper import FUNCTION

HEAD = "INSERT OR IGNORE INTO readings (sensor, taken, value, note)"
SELECTION = "SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)"
VALUES = 'row["sensor"], row["taken"], row["value"], row.get("note")'

SHAPES = {
    "one row at a time": (
        f"""
async def store(env, rows):
    for row in rows:
        await env.DB.prepare(
            "{HEAD} VALUES (?, ?, ?, ?)"
        ).bind({VALUES}).run()
    return len(rows)
""",
        f"""
async def store(env, rows):
    new_rows = []
    for row in rows:
        new_rows.append([{VALUES}])
    inserted = 0
    for part in json_parts(new_rows):
        result = await env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(part).run()
        inserted += result.meta.changes
    return inserted
""",
    ),
    "a text of several lines": (
        f'''
async def store(env, rows):
    for row in rows:
        await env.DB.prepare("""
            {HEAD}
            VALUES (?, ?, ?, ?)
        """).bind({VALUES}).run()
    return len(rows)
''',
        f'''
async def store(env, rows):
    new_rows = []
    for row in rows:
        new_rows.append([{VALUES}])
    inserted = 0
    for part in json_parts(new_rows):
        result = await env.DB.prepare("""
            {HEAD}
            {SELECTION}
        """).bind(part).run()
        inserted += result.meta.changes
    return inserted
''',
    ),
    "a prepared statement and a counter": (
        f"""
INSERT = "{HEAD} VALUES (?, ?, ?, ?)"


async def store(env, rows):
    stored = 0
    insert = env.DB.prepare(INSERT)
    for row in rows:
        if not row["sensor"]:
            continue
        if row["taken"] >= 0:
            # both are needed
            await insert.bind(
                row["sensor"],
                row["taken"],
                row["value"],  # may be null
                row.get("note"),
            ).run()
            stored += 1
    return stored
""",
        f"""
INSERT = (
    "{HEAD} "
    "{SELECTION}"
)


async def store(env, rows):
    stored = 0
    insert = env.DB.prepare(INSERT)
    new_rows = []
    for row in rows:
        if not row["sensor"]:
            continue
        if row["taken"] >= 0:
            # both are needed
            new_rows.append([
                row["sensor"],
                row["taken"],
                row["value"],  # may be null
                row.get("note"),
            ])
    for part in json_parts(new_rows):
        result = await insert.bind(part).run()
        stored += result.meta.changes
    return stored
""",
    ),
    "a sum of changes": (
        f"""
async def store(env, rows):
    stored = 0
    for row in rows:
        result = await env.DB.prepare("{HEAD} VALUES (?, ?, ?, ?)").bind({VALUES}).run()
        stored += result.meta.changes
    return stored
""",
        f"""
async def store(env, rows):
    stored = 0
    new_rows = []
    for row in rows:
        new_rows.append([{VALUES}])
    for part in json_parts(new_rows):
        result = await env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(part).run()
        stored += result.meta.changes
    return stored
""",
    ),
}
ROWS = [
    {"sensor": "a", "taken": 1, "value": 0.5, "note": None},
    {"sensor": "a", "taken": 2, "value": None, "note": 'it\'s "quoted" 東京'},
    {"sensor": "a", "taken": 1, "value": 7, "note": "a duplicate"},
]


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(function):
        text = worker(function)
        sites = analysed(text).sites
        site = next((each for each in sites if each.verb == "INSERT"), sites[0])
        return rewrite_row_loop(text, site, [other for other in sites if other is not site])

    return rewrite


@pytest.mark.parametrize("shape", SHAPES)
def test_the_loop_collects_and_one_statement_inserts(shape, rewritten, worker):
    before, after = SHAPES[shape]
    outcome = rewritten(before)
    assert isinstance(outcome, Rewritten), outcome
    place = worker(after).index("async def")
    assert outcome.text == f"{worker(after)[:place]}{FUNCTION}\n\n{worker(after)[place:]}"


@pytest.mark.anyio
@pytest.mark.parametrize("shape", SHAPES)
async def test_the_same_rows_arrive(shape, rewritten, worker, execute):
    before, _ = SHAPES[shape]
    old = await execute(worker(before), ROWS)
    new = await execute(rewritten(before).text, ROWS)
    assert old.rows == new.rows == (("a", 1, 0.5, None), ("a", 2, None, 'it\'s "quoted" 東京'))
    assert new.answer == {"inserted": 2}


@pytest.mark.anyio
async def test_two_thousand_rows_are_one_query(rewritten, execute):
    rows = [{"sensor": "s", "taken": n, "value": n, "note": None} for n in range(2_000)]
    run = await execute(rewritten(SHAPES["one row at a time"][0]).text, rows)
    assert run.answer == {"inserted": 2_000}
    assert len(run.invocation.statements) == 1


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (
            f"""
async def store(env, rows):
    for row in rows:
        found = await env.DB.prepare("SELECT 1 FROM readings WHERE sensor = ?").bind(row["sensor"]).first()
        if found is None:
            await env.DB.prepare("{HEAD} VALUES (?, ?, ?, ?)").bind({VALUES}).run()
""",
            "the loop does more with D1 than this write",
        ),
        (
            f"""
async def is_known(env, row):
    return await env.DB.prepare("SELECT 1 FROM readings WHERE sensor = ?").bind(row["sensor"]).first()


async def store(env, rows):
    for row in rows:
        if not await is_known(env, row):
            await env.DB.prepare("{HEAD} VALUES (?, ?, ?, ?)").bind({VALUES}).run()
""",
            "the loop does more with D1 than this write",
        ),
        (
            f"""
async def store(env, rows):
    for row in rows:
        try:
            await env.DB.prepare("{HEAD} VALUES (?, ?, ?, ?)").bind({VALUES}).run()
        except Exception as error:
            print(error)
            raise
""",
            "within the loop, the write stands in another loop, a `try` or a `with`",
        ),
        (
            """
async def store(env, rows):
    for row in rows:
        result = await env.DB.prepare("INSERT INTO readings (sensor) VALUES (?)").bind(row["sensor"]).run()
        print(result.meta.last_row_id)
""",
            "the result of the write is used in the loop",
        ),
        (
            """
async def store(env, rows):
    for row in rows:
        await env.DB.prepare("UPDATE readings SET value = ? WHERE sensor = ?").bind(1, row["sensor"]).run()
""",
            "only an INSERT that is executed by itself is rewritten",
        ),
        (
            """
async def store(env, rows):
    for row in rows:
        await env.DB.prepare("INSERT INTO readings (sensor) VALUES (?)").bind(row["sensor"]).run()
        if row["last"]:
            break
""",
            "the loop may end early",
        ),
        (
            """
async def store(env, rows):
    for row in rows:
        await env.DB.prepare("INSERT INTO readings (sensor) VALUES (?)").bind(row["sensor"]).run()
        await env.QUEUE.send(row["sensor"])
""",
            "the loop waits for more after the write",
        ),
    ],
)
def test_a_loop_that_does_more_is_left_alone(function, why, rewritten):
    outcome = rewritten(function)
    assert isinstance(outcome, Refused)
    assert outcome.why == f"store is not rewritten: {why}"
    assert outcome.remedy
