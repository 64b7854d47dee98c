from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten
from diagnose.rewriting.handing_on import Receiver, hand_on

RECEIVER = Receiver(
    module="readings_queue",
    name="queue_readings",
    purpose="Queue the rows of readings; the consumer writes them.",
)
MARKS = '", ".join(["(?, ?)"] * len(rows))'
HEAD = "INSERT OR IGNORE INTO readings (sensor, taken)"
IMPORT = "from readings_queue import queue_readings\n"


@pytest.fixture
def handed_on(worker, analysed):
    """The function after the first site's rows are handed on, or why not."""

    def rewrite(function):
        text = worker(function)
        source = analysed(text)
        site = next(site for site in source.sites if site.verb in {"INSERT", "REPLACE"})
        outcome = hand_on(text, site, RECEIVER, [other for other in source.sites if other is not site])
        if isinstance(outcome, Refused):
            return outcome
        assert analysed(outcome.text).sites == ()
        assert outcome.text.count(IMPORT) == 1
        start, end = outcome.text.index("async def store"), outcome.text.index("\n\nclass Default")
        return outcome.text[start:end].rstrip("\n") + "\n"

    return rewrite


def test_one_statement_for_all_rows(handed_on):
    assert (
        handed_on(f'''
async def store(env, rows):
    """Store the readings in one statement."""
    # One statement is faster
    marks = {MARKS}
    params = []
    for row in rows:
        params.extend([row["sensor"], row["taken"]])
    await env.DB.prepare(f"{HEAD} VALUES {{marks}}").bind(*params).run()
    print(f"stored {{len(rows)}} rows")
    return len(rows)
''')
        == '''\
async def store(env, rows):
    """Queue the rows of readings; the consumer writes them."""
    params = []
    for row in rows:
        params.append([row["sensor"], row["taken"]])
    queued = await queue_readings(env, params)
    print(f"stored {queued} rows")
    return queued
'''
    )


def test_a_prepared_statement_and_a_result(handed_on):
    assert (
        handed_on(f'''
async def store(env, rows):
    """Import readings."""
    db = env.DB
    sql = "{HEAD} VALUES " + {MARKS}
    statement = db.prepare(sql)
    bound = statement.bind(*[value for row in rows for value in (row["sensor"], row["taken"])])
    result = await bound.run()
    return result.meta.changes
''')
        == '''\
async def store(env, rows):
    """Import readings."""
    queued = await queue_readings(env, [(row["sensor"], row["taken"]) for row in rows])
    return queued
'''
    )


def test_changes_that_are_summed_up(handed_on):
    assert (
        handed_on(f"""
async def store(env, rows):
    total = 0
    sql = "{HEAD} VALUES " + {MARKS}
    params = [value for row in rows for value in (row["sensor"], row["taken"])]
    total += (await env.DB.prepare(sql).bind(*params).run()).meta.changes
    return total
""")
        == """\
async def store(env, rows):
    total = 0
    params = [(row["sensor"], row["taken"]) for row in rows]
    total += await queue_readings(env, params)
    return total
"""
    )


def test_slices_go_on_as_slices(handed_on):
    assert (
        handed_on(f"""
async def store(env, candles):
    for start in range(0, len(candles), 100):
        rows = candles[start : start + 100]
        sql = "{HEAD} VALUES " + {MARKS}
        params = [value for row in rows for value in (row["sensor"], row["taken"])]
        await env.DB.prepare(sql).bind(*params).run()
""")
        == """\
async def store(env, candles):
    for start in range(0, len(candles), 100):
        rows = candles[start : start + 100]
        params = [(row["sensor"], row["taken"]) for row in rows]
        await queue_readings(env, params)
"""
    )


def test_a_loop_over_rows(handed_on):
    assert (
        handed_on(f"""
async def store(env, rows):
    for row in rows:
        await env.DB.prepare("{HEAD} VALUES (?, ?)").bind(row["sensor"], row["taken"]).run()
    return len(rows)
""")
        == """\
async def store(env, rows):
    new_rows = []
    for row in rows:
        new_rows.append([row["sensor"], row["taken"]])
    queued = await queue_readings(env, new_rows)
    return queued
"""
    )


def test_a_loop_that_counts(handed_on):
    assert (
        handed_on(f"""
async def store(env, rows):
    statement = env.DB.prepare("{HEAD} VALUES (?, ?)")
    stored = 0
    for row in rows:
        result = await statement.bind(row["sensor"], row["taken"]).run()
        stored += result.meta.changes
    return stored
""")
        == """\
async def store(env, rows):
    stored = 0
    new_rows = []
    for row in rows:
        new_rows.append([row["sensor"], row["taken"]])
    stored += await queue_readings(env, new_rows)
    return stored
"""
    )


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (
            f"""
async def store(env, rows):
    return await write(env.DB, rows)


async def write(db, rows):
    sql = "{HEAD} VALUES " + {MARKS}
    params = [value for row in rows for value in (row["sensor"], row["taken"])]
    await db.prepare(sql).bind(*params).run()
""",
            "it knows the database, but not the `env` that the queue's binding is read from",
        ),
        (
            f"""
async def store(env, rows):
    queue_readings = []
    sql = "{HEAD} VALUES " + {MARKS}
    params = [value for row in rows for value in (row["sensor"], row["taken"])]
    await env.DB.prepare(sql).bind(*params).run()
""",
            "the module uses the name `queue_readings` for something else",
        ),
        (
            f"""
async def store(env, rows):
    sql = "{HEAD} VALUES (?, ?)"
    await env.DB.batch([env.DB.prepare(sql).bind(row["sensor"], row["taken"]) for row in rows])
""",
            "only an INSERT that is executed by itself can be divided into messages",
        ),
        (
            f"""
async def store(env, rows):
    sql = "{HEAD} VALUES " + {MARKS}
    params = [value for row in rows for value in (row["sensor"], row["taken"])]
    result = await env.DB.prepare(sql).bind(*params).run()
    return result
""",
            "`result` is used for more than the number of changes",
        ),
        (
            f"""
async def store(env, rows):
    for row in rows:
        bound = env.DB.prepare("{HEAD} VALUES (?, ?)").bind(row["sensor"], row["taken"])
        await bound.run()
""",
            "bind() and the call that executes the statement stand apart",
        ),
        (
            f"""
async def store(env, rows):
    for row in rows:
        key = row["sensor"].encode()
        await env.DB.prepare("{HEAD} VALUES (?, ?)").bind(row["sensor"].encode(), row["taken"]).run()
""",
            "a row holds what JSON cannot carry",
        ),
    ],
    ids=["no env", "name taken", "batch", "result", "apart", "bytes"],
)
def test_what_is_not_understood_is_refused(handed_on, function, why):
    outcome = handed_on(function)
    assert isinstance(outcome, Refused)
    assert why in outcome.why
    assert outcome.remedy == (
        "make a list of rows, each a list of values, and send it in messages of less than 128,000 bytes"
    )


HELPER = """
async def execute(database, sql, values=()):
    result = await database.prepare(sql).bind(*values).run()
    return result.meta.changes


"""
MANY = f"""\
    marks = {MARKS}
    params = [value for row in rows for value in (row["sensor"], row["taken"])]
"""
CALL = f'await execute(env.DB, f"{HEAD} VALUES {{marks}}", params)'
BY_HELPER = {
    "returned": (
        f"{MANY}    return {CALL}\n",
        """\
    params = [(row["sensor"], row["taken"]) for row in rows]
    return await queue_readings(env, params)
""",
    ),
    "kept": (
        f"{MANY}    stored = {CALL}\n    return stored\n",
        """\
    params = [(row["sensor"], row["taken"]) for row in rows]
    stored = await queue_readings(env, params)
    return stored
""",
    ),
    "counted": (
        f"{MANY}    {CALL}\n    return len(rows)\n",
        """\
    params = [(row["sensor"], row["taken"]) for row in rows]
    queued = await queue_readings(env, params)
    return queued
""",
    ),
    "one by one": (
        f"""\
    stored = 0
    for row in rows:
        stored += await execute(env.DB, "{HEAD} VALUES (?, ?)", [row["sensor"], row["taken"]])
    return stored
""",
        """\
    stored = 0
    new_rows = []
    for row in rows:
        new_rows.append([row["sensor"], row["taken"]])
    stored += await queue_readings(env, new_rows)
    return stored
""",
    ),
}


@pytest.mark.parametrize("case", BY_HELPER)
def test_rows_that_a_helper_would_write(case, worker, analysed):
    before, after = BY_HELPER[case]
    text = worker(f"{HELPER}async def store(env, rows):\n{before}")
    (site,) = analysed(text).sites
    outcome = hand_on(text, site, RECEIVER)
    assert isinstance(outcome, Rewritten), outcome
    wanted = worker(f"{HELPER}async def store(env, rows):\n{after}")
    assert outcome.text.replace(IMPORT, "", 1).split("\n\n\n") == wanted.split("\n\n\n")
