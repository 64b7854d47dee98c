"""Parameters that a function hands to another one, which binds them."""

from __future__ import annotations

import pytest

from diagnose.rewriting import Refused, Rewritten, rewrite_in_list, rewrite_insert, rewrite_row_loop
from diagnose.rewriting.helper import FUNCTION
from diagnose.simulation import simulate

HEAD = "INSERT OR IGNORE INTO readings (sensor, taken, value, note)"
SELECTION = "SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)"
VALUES = 'row["sensor"], row["taken"], row["value"], row.get("note")'
MARKS = 'marks = ", ".join(["(?, ?, ?, ?)"] * len(rows))'
FLAT = f"params = [v for row in rows for v in ({VALUES})]"
LISTS = f"params = [({VALUES}) for row in rows]"
SQL = f'sql = f"{HEAD} VALUES {{marks}}"'
NEW_SQL = f"""\
sql = (
        "{HEAD} "
        "{SELECTION}"
    )"""

CHANGES = """
async def execute(database, sql, values=(), *, log=False):
    result = await database.prepare(sql).bind(*values).run()
    if log:
        print(result.meta.changes)
    return result.meta.changes


"""
RESULT = """
async def execute(database, sql, values):
    if not values:
        return await database.prepare(sql).run()
    statement = database.prepare(sql).bind(*values)
    return await statement.run()


"""
METHOD = """
class Storage:
    def __init__(self, database):
        self._database = database

    async def execute(self, sql, *params):
        result = await self._database.prepare(sql).bind(*params).run()
        return result.meta.changes


"""
RETRYING = """
async def patiently(operation):
    for attempt in range(3):
        try:
            return await operation()
        except ConnectionError:
            print(attempt)
    raise RuntimeError("D1 does not answer")


async def execute(database, sql, values):
    return (await patiently(lambda: database.prepare(sql).bind(*values).run())).meta.changes


"""
RUNNING = """
async def run(statement):
    return await statement.run()


"""
DESCRIBING = """
async def execute(database, sql, values):
    result = await database.prepare(sql).bind(*values).run()
    return {"changes": result.meta.changes}


"""
SUMMING = """
async def execute_many(database, sql, rows):
    total = 0
    for values in rows:
        result = await database.prepare(sql).bind(*values).run()
        total += result.meta.changes
    return total


"""
SILENT = """
async def execute_many(database, sql, rows):
    count = 0
    for values in rows:
        await database.prepare(sql).bind(*values).run()
        count += 1
    return count


"""

INSERTS = {
    "a sum over slices": (
        f"""{CHANGES}
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 26):
        part = rows[start : start + 26]
        marks = ", ".join(["(?, ?, ?, ?)"] * len(part))
        sql = f"{HEAD} VALUES {{marks}}"
        values = [v for row in part for v in ({VALUES})]
        changes += await execute(env.DB, sql, values, log=True)  # one slice
    return changes
""",
        f"""{CHANGES}
async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), 26):
        part = rows[start : start + 26]
        sql = (
            "{HEAD} "
            "{SELECTION}"
        )
        values = [({VALUES}) for row in part]
        for rows_part in json_parts(values):
            changes += await execute(env.DB, sql, [rows_part], log=True)  # one slice
    return changes
""",
    ),
    "a number that is kept": (
        f"""{CHANGES}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    written = await execute(env.DB, sql, values=params)
    print(f"{{written}} written")
    return written
""",
        f"""{CHANGES}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    written = 0
    for part in json_parts(params):
        written += await execute(env.DB, sql, values=[part])
    print(f"{{written}} written")
    return written
""",
    ),
    "a number that is returned": (
        f"""{CHANGES}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    return await execute(env.DB, sql, params)
""",
        f"""{CHANGES}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        inserted += await execute(env.DB, sql, [part])
    return inserted
""",
    ),
    "a number that nobody asks for": (
        f"""{CHANGES}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    await execute(env.DB, sql, params)
    return len(rows)
""",
        f"""{CHANGES}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        inserted += await execute(env.DB, sql, [part])
    return inserted
""",
    ),
    "a result": (
        f"""{RESULT}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    result = await execute(env.DB, sql, params)
    return result.meta.changes
""",
        f"""{RESULT}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        result = await execute(env.DB, sql, [part])
        inserted += result.meta.changes
    return inserted
""",
    ),
    "a method that takes the parameters one by one": (
        f"""{METHOD}
async def store(env, rows):
    storage = Storage(env.DB)
    {MARKS}
    {SQL}
    {FLAT}
    return await storage.execute(sql, *params)
""",
        f"""{METHOD}
async def store(env, rows):
    storage = Storage(env.DB)
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        inserted += await storage.execute(sql, part)
    return inserted
""",
    ),
    "a helper with a helper": (
        f"""{RETRYING}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    return await execute(env.DB, sql, params)
""",
        f"""{RETRYING}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        inserted += await execute(env.DB, sql, [part])
    return inserted
""",
    ),
    "a statement that another function runs": (
        f"""{RUNNING}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    result = await run(env.DB.prepare(sql).bind(*params))
    return result.meta.changes
""",
        f"""{RUNNING}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    inserted = 0
    for part in json_parts(params):
        result = await run(env.DB.prepare(sql).bind(part))
        inserted += result.meta.changes
    return inserted
""",
    ),
    "an answer of the helper's own": (
        f"""{DESCRIBING}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    answer = await execute(env.DB, sql, params)
    return answer["changes"]
""",
        f"""{DESCRIBING}
async def store(env, rows):
    {NEW_SQL}
    {LISTS}
    answer = await execute(env.DB, sql, [json.dumps(params, allow_nan=False)])
    return answer["changes"]
""",
    ),
}
LOOPS = {
    "a sum": (
        f"""{CHANGES}
async def store(env, rows):
    changes = 0
    for row in rows:
        sql = "{HEAD} VALUES (?, ?, ?, ?)"
        changes += await execute(env.DB, sql, [{VALUES}])
    return changes
""",
        f"""{CHANGES}
async def store(env, rows):
    changes = 0
    new_rows = []
    for row in rows:
        sql = (
            "{HEAD} "
            "{SELECTION}"
        )
        new_rows.append([{VALUES}])
    for part in json_parts(new_rows):
        changes += await execute(env.DB, sql, [part])
    return changes
""",
    ),
    "a number and a sum": (
        f"""{CHANGES}
SQL = "{HEAD} VALUES (?, ?, ?, ?)"


async def store(env, rows):
    stored = 0
    for row in rows:
        values = [{VALUES}]
        changes = await execute(env.DB, SQL, values)
        stored += changes
    return stored
""",
        f"""{CHANGES}
SQL = (
    "{HEAD} "
    "{SELECTION}"
)


async def store(env, rows):
    stored = 0
    new_rows = []
    for row in rows:
        values = [{VALUES}]
        new_rows.append([*values])
    for part in json_parts(new_rows):
        stored += await execute(env.DB, SQL, [part])
    return stored
""",
    ),
    "rows that nobody counts": (
        f"""{METHOD}
async def store(env, rows):
    storage = Storage(env.DB)
    for row in rows:
        await storage.execute("{HEAD} VALUES (?, ?, ?, ?)", {VALUES})
    return len(rows)
""",
        f"""{METHOD}
async def store(env, rows):
    storage = Storage(env.DB)
    new_rows = []
    for row in rows:
        new_rows.append([{VALUES}])
    inserted = 0
    for part in json_parts(new_rows):
        inserted += await storage.execute("{HEAD} "
            "{SELECTION}", part)
    return inserted
""",
    ),
    "a sum of results": (
        f"""{RESULT}
async def store(env, rows):
    changes = 0
    for row in rows:
        changes += (await execute(env.DB, "{HEAD} VALUES (?, ?, ?, ?)", [{VALUES}])).meta.changes
    return changes
""",
        None,
    ),
    "a helper that loops itself": (
        f"""{SUMMING}
async def store(env, rows):
    sql = "{HEAD} VALUES (?, ?, ?, ?)"
    return await execute_many(env.DB, sql, [[{VALUES}] for row in rows])
""",
        f"""{SUMMING}
async def store(env, rows):
    {NEW_SQL}
    return await execute_many(env.DB, sql, [[part] for part in json_parts([[{VALUES}] for row in rows])])
""",
    ),
    "a helper that loops over tuples from elsewhere": (
        f"""{SUMMING}
def read(rows):
    for row in rows:
        yield {VALUES}


async def store(env, rows):
    sql = "{HEAD} VALUES (?, ?, ?, ?)"
    found = read(rows)
    return await execute_many(env.DB, sql, found)
""",
        f"""{SUMMING}
def read(rows):
    for row in rows:
        yield {VALUES}


async def store(env, rows):
    {NEW_SQL}
    found = read(rows)
    return await execute_many(env.DB, sql, [[part] for part in json_parts([list(row) for row in found])])
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
    def rewrite(function, by=rewrite_insert):
        source = analysed(worker(function))
        wanted = [one for one in source.sites if one.sql.repeated or one.bind_span is not None]
        site, *_ = sorted(wanted, key=lambda one: not one.sql.repeated)
        return by(worker(function), site, [one for one in source.sites if one is not site], source.modules)

    return rewrite


def with_parts(text):
    """The text with the function that cuts rows in front of `store`, or of the text of the statement."""
    place = text.index("\nSQL =") + 1 if "\nSQL =" in text else text.index("async def store")
    place = min(place, text.index("async def store"))
    return f"{text[:place]}{FUNCTION}\n\n{text[place:]}" if "json_parts(" in text else text


@pytest.mark.parametrize("case", INSERTS)
def test_the_caller_hands_over_parts(case, rewritten, worker):
    before, after = INSERTS[case]
    outcome = rewritten(before)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text == with_parts(worker(after))


@pytest.mark.parametrize("case", INSERTS)
def test_the_statement_does_not_grow(case, rewritten, analysed):
    assert all(simulate(site) is None for site in analysed(rewritten(INSERTS[case][0]).text).sites)


@pytest.mark.parametrize("case", [case for case, (_, after) in LOOPS.items() if after])
def test_the_caller_collects(case, rewritten, worker):
    before, after = LOOPS[case]
    outcome = rewritten(before, by=rewrite_row_loop)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text.replace(f"{FUNCTION}\n\n", "", 1) == worker(after)


@pytest.mark.anyio
@pytest.mark.parametrize("case", [*INSERTS, *LOOPS])
async def test_the_same_rows_arrive(case, rewritten, worker, execute):
    before, _ = (INSERTS | LOOPS)[case] if case not in LOOPS else LOOPS[case]
    outcome = rewritten(before, by=rewrite_row_loop if case in LOOPS else rewrite_insert)
    assert isinstance(outcome, Rewritten), outcome
    old, new = await execute(worker(before), ROWS), await execute(outcome.text, ROWS)
    assert old.rows == new.rows == (("a", 1, 0.5, None), ("a", 2, None, 'it\'s "quoted" 東京'))
    assert new.answer == {"inserted": 2}


@pytest.mark.anyio
@pytest.mark.parametrize("case", LOOPS)
async def test_two_thousand_rows_are_one_query(case, rewritten, execute):
    rows = [{"sensor": "s", "taken": n, "value": n, "note": None} for n in range(2_000)]
    run = await execute(rewritten(LOOPS[case][0], by=rewrite_row_loop).text, rows)
    assert run.answer == {"inserted": 2_000}
    assert len(run.invocation.statements) == 1


LISTED = f"""{RESULT}
async def store(env, rows):
    ids = [row["sensor"] for row in rows]
    marks = ", ".join("?" * len(ids))
    found = await execute(env.DB, f"SELECT note FROM readings WHERE sensor IN ({{marks}})", ids)
    return len(found.results)
"""


@pytest.mark.anyio
async def test_a_list_that_a_helper_binds(rewritten, worker, execute):
    outcome = rewritten(LISTED, by=rewrite_in_list)
    assert isinstance(outcome, Rewritten), outcome
    assert outcome.text == worker(
        LISTED.replace("{marks}", "SELECT value FROM json_each(?)")
        .replace('    marks = ", ".join("?" * len(ids))\n', "")
        .replace(", ids)", ", [json.dumps(ids)])")
        .replace('f"SELECT', '"SELECT')
    )
    present = (("a", 1, 0.5, None), ("b", 1, 0.5, None))
    run = await execute(outcome.text, ROWS, present=present)
    assert run.answer == {"inserted": 1}


REFUSED = {
    "a helper that looks at the parameters": (
        CHANGES.replace("if log:", "if log and len(values) > 5:"),
        "await execute(env.DB, sql, params)",
        "`execute` does more with `values` than bind it, so that it takes no other list",
    ),
    "options that are spread": (
        CHANGES,
        'await execute(env.DB, sql, **{"values": params})',
        "the arguments of `execute` are passed on as `**`",
    ),
    "another name, with arguments": (
        CHANGES,
        "write = partial(execute, env.DB)\n    await write(sql, params)",
        "`write` may be `execute` with some of its arguments",
    ),
    "arguments that are spread": (
        CHANGES,
        "await execute(*[env.DB, sql, params])",
        "it is not written which argument `execute` takes as `values`",
    ),
    "a text that the helper changes": (
        CHANGES.replace("prepare(sql)", 'prepare(sql + " ON CONFLICT DO NOTHING")'),
        "await execute(env.DB, sql, params)",
        (
            "`values` is made where `execute` is called, and the text of the statement is not: "
            "let one function make both"
        ),
    ),
    "a helper that converts the parameters": (
        CHANGES.replace("bind(*values)", "bind(*[str(value) for value in values])"),
        "await execute(env.DB, sql, params)",
        (
            "`execute` makes the parameters of what it is given, and the text of the statement is made "
            "where it is called: let one function make both"
        ),
    ),
    "one text that two places execute": (
        CHANGES,
        "await execute(env.DB, sql, params)\n    await execute(env.DB, sql, params)",
        "`execute` does not get `values` from one known place",
    ),
    "a helper that takes a list of lists": (
        SUMMING,
        "await execute_many(env.DB, sql, [params])",
        "`execute_many` repeats the statement for each element of a list",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_handed_over_is_told(case, rewritten):
    helper, call, why = REFUSED[case]
    outcome = rewritten(f"""
from functools import partial
{helper}
async def store(env, rows):
    {MARKS}
    {SQL}
    {FLAT}
    {call}
    return 0
""")
    assert isinstance(outcome, Refused)
    assert outcome.why.partition(" is not rewritten: ")[2] == why
    assert f"execute `{HEAD} {SELECTION}`" in outcome.remedy or case == "a text that the helper changes"


REFUSED_LOOPS = {
    "a number that may count the elements": (
        f"""{SILENT}
async def store(env, rows):
    sql = "{HEAD} VALUES (?, ?, ?, ?)"
    return await execute_many(env.DB, sql, [[{VALUES}] for row in rows])
""",
        "what `execute_many` answers is used, and may count the elements that it is given",
    ),
    "an argument that differs": (
        f"""{CHANGES}
async def store(env, rows):
    for row in rows:
        log = row["value"] is None
        await execute(env.DB, "{HEAD} VALUES (?, ?, ?, ?)", [{VALUES}], log=log)
    return 0
""",
        "the `log` of the call may differ from row to row",
    ),
    "a sum that the loop prints": (
        f"""{CHANGES}
async def store(env, rows):
    changes = 0
    for row in rows:
        changes += await execute(env.DB, "{HEAD} VALUES (?, ?, ?, ?)", [{VALUES}])
        print(changes)
    return changes
""",
        "the number of changes is used in the loop",
    ),
}


@pytest.mark.parametrize("case", REFUSED_LOOPS)
def test_a_loop_that_does_more_is_told(case, rewritten):
    function, why = REFUSED_LOOPS[case]
    outcome = rewritten(function, by=rewrite_row_loop)
    assert isinstance(outcome, Refused)
    assert outcome.why.partition(" is not rewritten: ")[2] == why
