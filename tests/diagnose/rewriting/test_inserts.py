from __future__ import annotations

import math

import pytest

from diagnose.rewriting import Refused, Rewritten, rewrite_insert
from diagnose.rewriting.helper import FUNCTION
from diagnose.simulation import simulate

HEAD = "INSERT OR IGNORE INTO readings (sensor, taken, value, note)"
SELECTION = "SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)"
VALUES = 'row["sensor"], row["taken"], row["value"], row.get("note")'
MARKS = 'marks = ", ".join(["(?, ?, ?, ?)"] * len(rows))'
APPENDING = f"""\
    params = []
    for row in rows:
        params.append([{VALUES}])
"""
IN_PARTS = """\
    inserted = 0
    for part in json_parts(params):
        result = await env.DB.prepare(sql).bind(part).run()
        inserted += result.meta.changes
    return inserted
"""
PREPARED = f"""\
    inserted = 0
    for part in json_parts(params):
        result = await env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(part).run()
        inserted += result.meta.changes
    return inserted
"""
SQL = f"""\
    sql = (
        "{HEAD} "
        "{SELECTION}"
    )
"""

SHAPES = {
    "a loop that extends": (
        f'''
async def store(env, rows):
    """Keep this."""
    if not rows:
        return 0

    # and this comment
    sql = (
        "{HEAD} VALUES "
        + ", ".join(["(?, ?, ?, ?)"] * len(rows))
    )
    params = []
    for row in rows:
        params.extend([{VALUES}])
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
''',
        f'''
async def store(env, rows):
    """Keep this."""
    if not rows:
        return 0

    # and this comment
{SQL}{APPENDING}{IN_PARTS}''',
    ),
    "marks in a list of their own": (
        f"""
async def store(env, rows):
    placeholders = []
    params = []
    for row in rows:
        placeholders.append("(?, ?, ?, ?)")
        params.extend([{VALUES}])
    sql = f"{HEAD} VALUES {{', '.join(placeholders)}}"
    result = await env.DB.prepare(sql).bind(*params).run()
    return result.meta.changes
""",
        f"\nasync def store(env, rows):\n{APPENDING}{SQL}{IN_PARTS}",
    ),
    "values appended one by one": (
        f"""
async def store(env, rows):
    {MARKS}
    params = []
    for row in rows:
        params.append(row["sensor"])
        params.append(row["taken"])  # seconds
        params.append(row["value"])
        params.append(row.get("note"))
    await env.DB.prepare("{HEAD} VALUES " + marks).bind(*params).run()
    return len(rows)
""",
        f"""
async def store(env, rows):
    params = []
    for row in rows:
        params.append([
            row["sensor"],
            row["taken"],  # seconds
            row["value"],
            row.get("note"),
        ])
{PREPARED}""",
    ),
    "an augmented list": (
        f"""
async def store(env, rows):
    params = []
    for row in rows:
        params += [{VALUES}]
    sql = "{HEAD} VALUES " + ",".join(["(?,?,?,?)"] * len(rows))
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"\nasync def store(env, rows):\n{APPENDING}{SQL}{IN_PARTS}",
    ),
    "a text in steps": (
        f"""
async def store(env, rows):
    sql = "{HEAD} VALUES "
    sql += ", ".join(["(?, ?, ?, ?)"] * len(rows))
    params = []
    for row in rows:
        params.extend([{VALUES}])
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"\nasync def store(env, rows):\n{SQL}{APPENDING}{IN_PARTS}",
    ),
    "a comprehension and an upsert": (
        f"""
async def store(env, rows):
    {MARKS}
    params = [v for row in rows for v in ({VALUES})]
    result = await env.DB.prepare(
        f"INSERT INTO readings (sensor, taken, value, note) VALUES {{marks}} "
        "ON CONFLICT (sensor, taken) DO UPDATE SET value = excluded.value"
    ).bind(*params).run()
    return result.meta.changes
""",
        f"""
async def store(env, rows):
    params = [({VALUES}) for row in rows]
    inserted = 0
    for part in json_parts(params):
        result = await env.DB.prepare(
            "INSERT INTO readings (sensor, taken, value, note) "
            "{SELECTION} WHERE true "
            "ON CONFLICT (sensor, taken) DO UPDATE SET value = excluded.value"
        ).bind(part).run()
        inserted += result.meta.changes
    return inserted
""",
    ),
    "a comprehension where it is bound": (
        f"""
async def store(env, rows):
    await env.DB.prepare(
        "{HEAD} VALUES "
        + ", ".join(["(?, ?, ?, ?)"] * len(rows))
    ).bind(
        *[value for row in rows for value in ({VALUES})]
    ).run()
    return len(rows)
""",
        f"""
async def store(env, rows):
    inserted = 0
    for part in json_parts([({VALUES}) for row in rows]):
        result = await env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(part).run()
        inserted += result.meta.changes
    return inserted
""",
    ),
    "chained tuples in a text of several lines": (
        f'''
async def store(env, rows):
    from itertools import chain

    tuples = [({VALUES}) for row in rows]
    sql = f"""
        {HEAD}
        VALUES {{", ".join(["(?, ?, ?, ?)"] * len(tuples))}}
    """
    await env.DB.prepare(sql).bind(*chain.from_iterable(tuples)).run()
    return len(tuples)
''',
        f'''
async def store(env, rows):
    from itertools import chain

    tuples = [({VALUES}) for row in rows]
    sql = """
        {HEAD}
        {SELECTION}
    """
    inserted = 0
    for part in json_parts([list(row) for row in tuples]):
        result = await env.DB.prepare(sql).bind(part).run()
        inserted += result.meta.changes
    return inserted
''',
    ),
    "columns named once": (
        """
COLUMNS = ("sensor", "taken", "value", "note")


async def store(env, rows):
    row_marks = "(" + ", ".join("?" * len(COLUMNS)) + ")"
    sql = (
        f"INSERT OR IGNORE INTO readings ({', '.join(COLUMNS)}) "
        f"VALUES {', '.join([row_marks] * len(rows))}"
    )
    params = [row.get(column) for row in rows for column in COLUMNS]
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"""
COLUMNS = ("sensor", "taken", "value", "note")


async def store(env, rows):
    sql = (
        f"INSERT OR IGNORE INTO readings ({{', '.join(COLUMNS)}}) "
        "{SELECTION}"
    )
    params = [[row.get(column) for column in COLUMNS] for row in rows]
{IN_PARTS}""",
    ),
    "slices of 100 rows": (
        f"""
async def store(env, rows):
    stored = 0
    for i in range(0, len(rows), 100):
        chunk = rows[i : i + 100]
        sql = "{HEAD} VALUES " + ", ".join(
            ["(?, ?, ?, ?)"] * len(chunk)
        )
        params = []
        for row in chunk:
            params.extend([{VALUES}])
        await env.DB.prepare(sql).bind(*params).run()
        stored += len(chunk)
    return stored
""",
        f"""
async def store(env, rows):
    stored = 0
    for i in range(0, len(rows), 100):
        chunk = rows[i : i + 100]
        sql = (
            "{HEAD} "
            "{SELECTION}"
        )
        params = []
        for row in chunk:
            params.append([{VALUES}])
        inserted = 0
        for part in json_parts(params):
            result = await env.DB.prepare(sql).bind(part).run()
            inserted += result.meta.changes
        stored += inserted
    return stored
""",
    ),
    "a sum of changes": (
        f"""
async def store(env, rows):
    stored = 0
    for i in range(0, len(rows), 100):
        chunk = rows[i : i + 100]
        marks = ", ".join(["(?, ?, ?, ?)"] * len(chunk))
        flat = [v for row in chunk for v in ({VALUES})]
        stored += (
            await env.DB.prepare(
                f"{HEAD} VALUES {{marks}}"
            ).bind(*flat).run()
        ).meta.changes
    return stored
""",
        f"""
async def store(env, rows):
    stored = 0
    for i in range(0, len(rows), 100):
        chunk = rows[i : i + 100]
        flat = [({VALUES}) for row in chunk]
        for part in json_parts(flat):
            stored += (
                await env.DB.prepare(
                    "{HEAD} "
                    "{SELECTION}"
                ).bind(part).run()
            ).meta.changes
    return stored
""",
    ),
    "a helper for any table": (
        f"""
async def insert_many(db, table, columns, rows):
    marks = ", ".join(["(" + ", ".join("?" * len(columns)) + ")"] * len(rows))
    sql = f"INSERT OR IGNORE INTO {{table}} ({{', '.join(columns)}}) VALUES {{marks}}"
    await db.prepare(sql).bind(*[value for row in rows for value in row]).run()


async def store(env, rows):
    tuples = [({VALUES}) for row in rows]
    await insert_many(env.DB, "readings", ["sensor", "taken", "value", "note"], tuples)
    return len(rows)
""",
        f"""
async def insert_many(db, table, columns, rows):
    sql = (
        f"INSERT OR IGNORE INTO {{table}} ({{', '.join(columns)}}) "
        "{SELECTION}"
    )
    for part in json_parts([list(row) for row in rows]):
        await db.prepare(sql).bind(part).run()


async def store(env, rows):
    tuples = [({VALUES}) for row in rows]
    await insert_many(env.DB, "readings", ["sensor", "taken", "value", "note"], tuples)
    return len(rows)
""",
    ),
    "a statement in a variable": (
        f"""
async def store(env, rows):
    {MARKS}
    params = []
    for row in rows:
        params.extend([{VALUES}])
    statement = env.DB.prepare("{HEAD} VALUES " + marks).bind(*params)
    await statement.run()
    return len(rows)
""",
        f"""
async def store(env, rows):
{APPENDING}    inserted = 0
    for part in json_parts(params):
        statement = env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(part)
        result = await statement.run()
        inserted += result.meta.changes
    return inserted
""",
    ),
    "numbered marks": (
        f"""
async def store(env, rows):
    groups = ", ".join(
        f"(?{{4 * i + 1}}, ?{{4 * i + 2}}, ?{{4 * i + 3}}, ?{{4 * i + 4}})" for i in range(len(rows))
    )
    params = []
    for row in rows:
        params.extend([{VALUES}])
    await env.DB.prepare(f"{HEAD} VALUES {{groups}}").bind(*params).run()
    return len(rows)
""",
        f"\nasync def store(env, rows):\n{APPENDING}{PREPARED}",
    ),
    "statements of a batch": (
        f"""
async def store(env, rows):
    statements = []
    for i in range(0, len(rows), 50):
        chunk = rows[i : i + 50]
        marks = ", ".join(["(?, ?, ?, ?)"] * len(chunk))
        params = [v for row in chunk for v in ({VALUES})]
        statements.append(env.DB.prepare(f"{HEAD} VALUES {{marks}}").bind(*params))
    results = await env.DB.batch(statements)
    return sum(result.meta.changes for result in results)
""",
        f"""
async def store(env, rows):
    statements = []
    for i in range(0, len(rows), 50):
        chunk = rows[i : i + 50]
        params = [({VALUES}) for row in chunk]
        statements.append(env.DB.prepare(
            "{HEAD} "
            "{SELECTION}"
        ).bind(json.dumps(params, allow_nan=False)))
    results = await env.DB.batch(statements)
    return sum(result.meta.changes for result in results)
""",
    ),
    "a result that is used": (
        f"""
async def store(env, rows):
    {MARKS}
    params = [v for row in rows for v in ({VALUES})]
    sql = f"{HEAD} VALUES {{marks}}"
    result = await env.DB.prepare(sql).bind(*params).run()
    if not result.success:
        raise RuntimeError("refused")
    return result.meta.changes
""",
        f"""
async def store(env, rows):
    params = [({VALUES}) for row in rows]
{SQL}    result = await env.DB.prepare(sql).bind(json.dumps(params, allow_nan=False)).run()
    if not result.success:
        raise RuntimeError("refused")
    return result.meta.changes
""",
    ),
    "a text that grows, VALUES included": (
        f"""
async def store(env, rows):
    sql = "INSERT OR IGNORE INTO readings "
    sql += "(sensor, taken, value, note) "
    sql += "VALUES " + ", ".join("(?, ?, ?, ?)" for row in rows)
    params = sum(([{VALUES}] for row in rows), [])
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"""
async def store(env, rows):
    sql = "INSERT OR IGNORE INTO readings "
    sql += "(sensor, taken, value, note) "
    sql += "{SELECTION}"
    params = [[{VALUES}] for row in rows]
{IN_PARTS}""",
    ),
    "two lists that begin together": (
        f"""
async def store(env, rows):
    params, marks = [], []
    for row in rows:
        marks.append("(?, ?, ?, ?)")
        params.extend([{VALUES}])
    sql = "{HEAD} VALUES " + ", ".join(marks)
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"""
async def store(env, rows):
{APPENDING}{SQL}{IN_PARTS}""",
    ),
    "a generator without brackets of its own": (
        f"""
FIELDS = ("sensor", "taken", "value", "note")


async def store(env, rows):
    row = f"({{', '.join('?' * len(FIELDS))}})"
    params = []
    for each in rows:
        params.extend(each[field] for field in FIELDS)
    sql = "{HEAD} VALUES " + ", ".join([row] * len(rows))
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
""",
        f"""
FIELDS = ("sensor", "taken", "value", "note")


async def store(env, rows):
    params = []
    for each in rows:
        params.append([each[field] for field in FIELDS])
{SQL}{IN_PARTS}""",
    ),
}

ROWS = [
    {"sensor": sensor, "taken": taken, "value": value, "note": note}
    for taken, (sensor, value, note) in enumerate(
        [
            ("plain", 1, "text"),
            ("none", None, None),
            ("float", 0.1 + 0.2, 'it\'s "quoted" \\ and ; -- so'),
            ("Größe 東京 🚀", -1e-7, "line\nbreak\ttab"),
            ("big", 2**53 - 1, ""),
            ("negative", -42, "[1, 2]"),
        ]
    )
]


def many(count):
    return [{"sensor": f"s{n % 7}", "taken": n, "value": n / 8, "note": None} for n in range(count)]


def expected(rows):
    return tuple(
        (row["sensor"], row["taken"], None if row["value"] is None else float(row["value"]), row["note"])
        for row in rows
    )


@pytest.fixture
def rewritten(worker, analysed):
    def rewrite(function):
        text = worker(function)
        source = analysed(text)
        return rewrite_insert(text, source.sites[0], source.sites[1:])

    return rewrite


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_rewritten_by_the_fewest_edits(shape, rewritten, worker):
    before, after = SHAPES[shape]
    outcome = rewritten(before)
    assert isinstance(outcome, Rewritten), outcome
    wanted = worker(after)
    if "json_parts(" in after:
        place = wanted.index("COLUMNS") if "COLUMNS" in wanted else wanted.index("async def")
        place = wanted.index("async def", place)
        wanted = f"{wanted[:place]}{FUNCTION}\n\n{wanted[place:]}"
    assert outcome.text == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_a_rewritten_statement_does_not_grow(shape, rewritten, analysed):
    site = analysed(rewritten(SHAPES[shape][0]).text).sites[0]
    assert simulate(site) is None


@pytest.mark.anyio
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_rewritten_worker_stores_what_single_rows_would(shape, rewritten, execute):
    run = await execute(rewritten(SHAPES[shape][0]).text, ROWS)
    assert run.rows == expected(ROWS)
    assert run.answer == {"inserted": len(ROWS)}


@pytest.mark.anyio
async def test_rows_are_the_same_before_and_after(worker, rewritten, execute):
    before, _ = SHAPES["a loop that extends"]
    old = await execute(worker(before), ROWS)
    assert old.rows == expected(ROWS)


@pytest.mark.anyio
async def test_eleven_rows_of_ten_columns_broke_before(worker, execute):
    before, _ = SHAPES["a loop that extends"]
    run = await execute(worker(before), many(26))
    assert run.rows == ()
    assert "too many SQL variables at offset" in run.invocation.exception.message


@pytest.mark.anyio
@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("count", [1, 11, 2_000])
async def test_any_number_of_rows_arrives_with_either_env(count, wrapped, rewritten, execute):
    run = await execute(rewritten(SHAPES["a loop that extends"][0]).text, many(count), wrapped=wrapped)
    assert run.rows == expected(many(count))
    assert run.answer == {"inserted": count}
    assert len(run.invocation.statements) == 1


@pytest.mark.anyio
async def test_rows_that_are_there_already_are_not_counted(rewritten, execute):
    present = tuple((row["sensor"], row["taken"], 1.0, None) for row in many(3))
    run = await execute(rewritten(SHAPES["a loop that extends"][0]).text, many(5), present=present)
    assert run.answer == {"inserted": 2}


@pytest.mark.anyio
async def test_no_rows_are_no_statement(rewritten, execute):
    run = await execute(rewritten(SHAPES["an augmented list"][0]).text, [])
    assert run.answer == {"inserted": 0}
    assert run.invocation.statements == ()


@pytest.mark.anyio
async def test_values_longer_than_one_parameter_are_cut_by_bytes(rewritten, execute):
    rows = [{"sensor": "s", "taken": n, "value": 0.5, "note": "x" * 500_000} for n in range(9)]
    run = await execute(rewritten(SHAPES["a loop that extends"][0]).text, rows)
    assert run.rows == expected(rows)
    assert run.answer == {"inserted": 9}
    assert [len(statement.params[0]) <= 2_000_000 for statement in run.invocation.statements] == [True] * 3


@pytest.mark.anyio
@pytest.mark.parametrize("value", [math.nan, math.inf])
async def test_a_number_that_json_does_not_have_is_refused_loudly(value, rewritten, execute):
    rows = [{"sensor": "s", "taken": 1, "value": value, "note": None}]
    run = await execute(rewritten(SHAPES["a loop that extends"][0]).text, rows)
    assert run.rows == ()
    assert run.invocation.exception.name == "ValueError"


REFUSALS = {
    "bytes": (
        f"""
async def store(env, rows):
    {MARKS}
    params = []
    for row in rows:
        params.extend([row["sensor"], row["taken"], row["value"], row["note"].encode()])
    await env.DB.prepare("{HEAD} VALUES " + marks).bind(*params).run()
""",
        "a row holds what JSON cannot carry (`.encode(`)",
    ),
    "parameters before the rows": (
        f"""
async def store(env, rows):
    {MARKS}
    params = [1]
    for row in rows:
        params.extend([{VALUES}])
    await env.DB.prepare("{HEAD} VALUES " + marks).bind(*params).run()
""",
        "`params` starts with parameters that belong to no row",
    ),
    "a list that is looked at": (
        f"""
async def store(env, rows):
    {MARKS}
    params = []
    for row in rows:
        params.extend([{VALUES}])
    print(len(params))
    await env.DB.prepare("{HEAD} VALUES " + marks).bind(*params).run()
""",
        "`params` is used for something else as well",
    ),
    "a name that is taken": (
        f"""
def json_parts(rows):
    return rows


async def store(env, rows):
    {MARKS}
    params = []
    for row in json_parts(rows):
        params.extend([{VALUES}])
    await env.DB.prepare("{HEAD} VALUES " + marks).bind(*params).run()
""",
        None,
    ),
    "other parameters": (
        f"""
async def store(env, rows, user):
    {MARKS}
    params = [v for row in rows for v in ({VALUES})]
    params.append(user)
    await env.DB.prepare(
        f"INSERT INTO readings (sensor, taken, value, note) VALUES {{marks}} "
        "ON CONFLICT (sensor, taken) DO UPDATE SET note = ?"
    ).bind(*params).run()
""",
        "the parameters behind the rows are not written behind them in one list",
    ),
}


UPSERT = "INSERT INTO readings (sensor, taken, value, note)"
BEHIND = {
    "in the call": ("", "bind(*params, rows[0]['note'], 7)", "bind(part, rows[0]['note'], 7)"),
    "in a list around the rows": (
        "",
        "bind(*[*params, rows[0]['note'], 7])",
        "bind(part, rows[0]['note'], 7)",
    ),
    "in a list behind the rows": (
        " + [rows[0]['note'], 7]",
        "bind(*params)",
        "bind(part, rows[0]['note'], 7)",
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("case", BEHIND)
async def test_parameters_behind_the_rows_stay_there(case, rewritten, worker, execute):
    listed, before, after = BEHIND[case]
    function = f"""
async def store(env, rows):
    {MARKS}
    sql = f"{UPSERT} VALUES {{marks}} ON CONFLICT DO UPDATE SET note = ?, value = ?"
    params = [v for row in rows for v in ({VALUES})]{listed}
    await env.DB.prepare(sql).{before}.run()
    return len(rows)
"""
    outcome = rewritten(function)
    assert isinstance(outcome, Rewritten), outcome
    wanted = worker(f"""
async def store(env, rows):
    sql = (
        "{UPSERT} "
        "SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?) WHERE true "
        "ON CONFLICT DO UPDATE SET note = ?, value = ?"
    )
    params = [({VALUES}) for row in rows]
    inserted = 0
    for part in json_parts(params):
        result = await env.DB.prepare(sql).{after}.run()
        inserted += result.meta.changes
    return inserted
""")
    assert outcome.text.replace(f"{FUNCTION}\n\n", "") == wanted
    present = ((ROWS[0]["sensor"], ROWS[0]["taken"], 1.0, "before"),)
    old = await execute(worker(function), ROWS, present=present)
    new = await execute(outcome.text, ROWS, present=present)
    assert old.rows == new.rows
    assert new.rows[0][2:] == (7.0, ROWS[0]["note"])
    assert new.answer == {"inserted": len(ROWS)}


@pytest.mark.parametrize(
    ("tail", "bound", "why"),
    [
        ("note = ?", "bind(*params, rows[0]['note'], 7)", "the call passes on another number of parameters"),
        ("note = ?5", "bind(*params, 7)", "the parameters behind its rows are numbered or named"),
        ("note = ?", "bind(*[*params, str(7)])", "`str(7)` behind the rows may change"),
    ],
)
def test_parameters_that_cannot_be_told_apart_are_refused(tail, bound, why, rewritten):
    outcome = rewritten(f"""
async def store(env, rows):
    {MARKS}
    sql = f"{UPSERT} VALUES {{marks}} ON CONFLICT DO UPDATE SET {tail}"
    params = [v for row in rows for v in ({VALUES})]
    await env.DB.prepare(sql).{bound}.run()
""")
    assert isinstance(outcome, Refused)
    assert outcome.why.startswith(f"store is not rewritten: {why}")


@pytest.mark.parametrize("case", [case for case, (_, why) in REFUSALS.items() if why])
def test_what_is_not_understood_is_refused_with_the_statement_to_use(case, rewritten):
    function, why = REFUSALS[case]
    outcome = rewritten(function.replace("store(env, rows, user)", "store(env, rows, user=1)"))
    assert isinstance(outcome, Refused)
    assert outcome.why == f"store is not rewritten: {why}"
    assert "FROM json_each(?" in outcome.remedy


def test_the_remedy_names_what_an_upsert_with_other_parameters_needs(rewritten):
    function, _ = REFUSALS["other parameters"]
    outcome = rewritten(function.replace("store(env, rows, user)", "store(env, rows, user=1)"))
    assert (
        "FROM json_each(?) WHERE true ON CONFLICT (sensor, taken) DO UPDATE SET note = ?`" in outcome.remedy
    )
    assert "the other parameters behind it as ?2 and so on" in outcome.remedy


def test_a_long_selection_in_a_multi_line_text_leaves_no_blanks_behind(rewritten):
    wide = " " * 40
    outcome = rewritten(f'''
async def store(env, rows):
    {MARKS}
    sql = f"""
{wide}{HEAD}
{wide}VALUES {{marks}}
{wide}ON CONFLICT DO NOTHING
    """
    params = [v for row in rows for v in ({VALUES})]
    await env.DB.prepare(sql).bind(*params).run()
    return len(rows)
''')
    assert isinstance(outcome, Rewritten)
    assert f"value->>3 FROM\n{wide}json_each(?1) WHERE true\n{wide}ON CONFLICT" in outcome.text
    assert not any(line.endswith(" ") for line in outcome.text.splitlines())
    assert 'sql = """\n' in outcome.text


def test_a_taken_name_leads_to_one_text(rewritten):
    outcome = rewritten(REFUSALS["a name that is taken"][0])
    assert isinstance(outcome, Rewritten)
    assert ".bind(json.dumps(params, allow_nan=False)).run()" in outcome.text


def test_text_in_any_script_and_a_byte_order_mark_stay(worker, analysed):
    before, after = SHAPES["a loop that extends"]
    before, after = (text.replace("Keep this.", "Größe 東京 🚀") for text in (before, after))
    text = "\ufeff" + worker(before)
    outcome = rewrite_insert(text, analysed(text).sites[0])
    assert outcome.text == "\ufeff" + worker(after).replace(
        "async def store", f"{FUNCTION}\n\nasync def store"
    )


@pytest.mark.anyio
async def test_tabs_stay(worker, analysed, execute):
    before, _ = SHAPES["a loop that extends"]
    text = worker(before).replace("    ", "\t")
    outcome = rewrite_insert(text, analysed(text).sites[0])
    assert "\tfor part in json_parts(params):\n\t\tresult = await" in outcome.text
    run = await execute(outcome.text, ROWS)
    assert run.rows == expected(ROWS)


def test_windows_line_ends_stay(worker, analysed):
    text = worker(SHAPES["a loop that extends"][0]).replace("\n", "\r\n")
    outcome = rewrite_insert(text, analysed(text).sites[0])
    assert isinstance(outcome, Rewritten)
    assert "\n" not in outcome.text.replace("\r\n", "")


def test_a_second_statement_of_a_module_uses_the_same_function(worker, analysed):
    before, _ = SHAPES["a loop that extends"]
    text = worker(before + "\n\n" + before.replace("store(", "store_more(").strip("\n")).replace(
        "await store(self.env, rows)", "await store(self.env, rows) + await store_more(self.env, rows)"
    )
    first = rewrite_insert(text, analysed(text).sites[0])
    second = rewrite_insert(first.text, analysed(first.text).sites[1])
    assert second.text.count("def json_parts(") == 1
    assert second.text.count("for part in json_parts(params):") == 2
