# ruff: noqa: E501
"""The statement shapes that workers really use, each resolved to exact figures."""

from __future__ import annotations

import pytest

from diagnose.project.source import AtMost, Exactly, FromData, UnknownCount, parameter_count

TUPLE = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = "(a, b, c, d, e, f, g, h, i, j)"
CHUNKED = f"""
async def store(env, rows):
    {{setup}}
    for {{loop}}:
        {{batch}}
        sql = "INSERT INTO prices {COLUMNS} VALUES " + ", ".join(["{TUPLE}"] * len(batch))
        params = []
        for row in batch:
            params += [row["a"], 2, 3, 4, 5, 6, 7, 8, 9, 10]
        await env.DB.prepare(sql).bind(*params).run()
"""


def test_the_whole_list_in_one_insert(stored):
    site = stored(f"""
async def store(env, rows):
    sql = (
        "INSERT OR IGNORE INTO prices "
        "{COLUMNS} VALUES "
        + ", ".join(["{TUPLE}"] * len(rows))
    )
    params = []
    for row in rows:
        params.extend([row["a"], 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await env.DB.prepare(sql).bind(*params).run()
""")
    assert (site.binding, site.method, site.verb, site.table) == ("DB", "run", "INSERT", "prices")
    assert site.columns == tuple("abcdefghij")
    assert isinstance(site.rows, FromData)
    assert (site.rows.expression, site.rows.asked) == ("rows", 2000)
    assert (site.rows.location.path, site.rows.location.line) == ("worker.py", 7)
    assert (site.parameters.per_row, site.parameters.fixed, site.parameters.known) == (10, 0, True)
    assert site.parameters.total(11) == 110
    assert parameter_count(site.sql.render(rows=2000)) == 20_000
    assert (site.location.line, site.location.column) == (20, 5)
    assert (site.sql_location.line, site.sql_location.column) == (13, 9)
    assert (site.bind_location.line, site.bind_location.column) == (20, 35)
    assert site.chunk is None
    assert site.loops == ()
    assert site.handlers == {"scheduled"}
    assert site.row.variable == "row"
    assert site.row.iterable == "rows"
    assert site.row.values == ('row["a"]', "2", "3", "4", "5", "6", "7", "8", "9", "10")


@pytest.mark.parametrize(
    ("loop", "batch", "setup", "size"),
    [
        ("i in range(0, len(rows), 100)", "batch = rows[i:i+100]", "pass", 100),
        ("i in range(0, len(rows), size)", "batch = rows[i:i + size]", "size = 10", 10),
        ("i in range(0, len(rows), size)", "batch = rows[i:min(i + size, len(rows))]", "size = 10", 10),
        ("i in range(0, len(rows), size)", "batch = rows[i:i + size]", "size = 900 // len(NAMES)", 90),
        (
            "i in range(0, len(rows), size)",
            "batch = rows[i:i + size]",
            "size = max(1, 100 // len(NAMES))",
            10,
        ),
        ("n in range(20)", "batch = rows[n * 100:(n + 1) * 100]", "pass", 100),
        ("batch in itertools.batched(rows, 50)", "pass", "import itertools", 50),
        ("batch in batched(rows, n=50)", "pass", "from itertools import batched", 50),
        ("batch in chunks(rows, 25)", "pass", "pass", 25),
        ("batch in chunks(rows)", "pass", "pass", 30),
        ("batch in listed(rows, 25)", "pass", "pass", 25),
        ("_ in range(40)", "batch = list(islice(it, 5))", "from itertools import islice; it = iter(rows)", 5),
        ("_ in range(40)", "batch = rows[:7]", "pass", 7),
    ],
)
def test_slices_have_their_bound(stored, loop, batch, setup, size):
    helpers = """
NAMES = "a b c d e f g h i j".split()

def chunks(rows, size=30):
    for start in range(0, len(rows), size):
        yield rows[start:start + size]

def listed(rows, size):
    return [rows[i:i + size] for i in range(0, len(rows), size)]
"""
    site = stored(helpers + CHUNKED.format(loop=loop, batch=batch, setup=setup))
    assert site.rows.upper == site.chunk == size
    assert isinstance(site.rows, AtMost)
    assert site.parameters.per_row == 10
    assert site.parameters.total(2000) == 10 * size
    assert parameter_count(site.sql.render(rows=2000)) == 10 * size
    assert len(site.loops) == 1


def test_the_number_of_slices_follows_from_the_rows_asked_for(stored):
    site = stored(
        CHUNKED.format(loop="i in range(0, len(rows), 100)", batch="batch = rows[i:i+100]", setup="pass")
    )
    (loop,) = site.loops
    assert isinstance(loop.count, FromData)
    assert (loop.count.asked, loop.count.per, loop.count.within(950)) == (20, 100, 10)
    assert loop.location.line == 13


def test_a_slice_size_from_another_module(stored):
    site = stored(
        "from settings.limits import ROWS as SIZE\n"
        + CHUNKED.format(loop="i in range(0, len(rows), SIZE)", batch="batch = rows[i:i+SIZE]", setup="pass"),
        **{"settings/limits": "MAX_PARAMETERS = 100\nROWS = MAX_PARAMETERS // 10\n"},
    )
    assert (site.chunk, site.parameters.total(2000)) == (10, 100)


def test_a_slice_size_that_nobody_knows_is_unknown(stored):
    site = stored(
        CHUNKED.format(
            loop="i in range(0, len(rows), SIZE)", batch="batch = rows[i:i+SIZE]", setup="from x import SIZE"
        )
    )
    assert site.chunk is None
    assert not isinstance(site.rows, AtMost)


@pytest.mark.parametrize(("rows", "columns"), [(10, 10), (50, 2), (20, 5)])
def test_exactly_one_hundred_parameters(stored, rows, columns):
    unit = "(" + ", ".join("?" * columns) + ")"
    site = stored(f"""
async def store(env, rows):
    for i in range(0, len(rows), {rows}):
        batch = rows[i:i + {rows}]
        marks = ",".join("{unit}" for _ in batch)
        values = [value for row in batch for value in ({", ".join("row" for _ in range(columns))})]
        await env.DB.prepare(f"INSERT INTO t VALUES {{marks}}").bind(*values).run()
""")
    assert (site.chunk, site.parameters.per_row, site.parameters.total(5000)) == (rows, columns, 100)


def test_a_buffer_that_is_flushed_at_its_limit(read):
    source = read("""
from js import fetch
from workers import WorkerEntrypoint

async def flush(db, buffer):
    marks = ", ".join(["(?, ?)"] * len(buffer))
    await db.prepare("INSERT INTO t (a, b) VALUES " + marks).bind(*[v for pair in buffer for v in pair]).run()

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = await (await fetch("https://api.example.com/?limit=2000")).json()
        buffer = []
        for row in rows:
            buffer.append((row["a"], row["b"]))
            if len(buffer) >= 50:
                await flush(self.env.DB, buffer)
                buffer = []
        if buffer:
            await flush(self.env.DB, buffer)
""")
    (site,) = source.sites
    assert (site.rows.upper, site.parameters.total(2000)) == (50, 100)


def test_a_batch_of_single_rows(stored):
    site = stored("""
async def store(env, rows):
    sql = "INSERT INTO t (a, b) VALUES (?, ?)"
    await env.DB.batch([env.DB.prepare(sql).bind(row["a"], row["b"]) for row in rows])
""")
    assert (site.method, site.batched, site.rows, site.loops) == ("batch", True, Exactly(1), ())
    assert (site.parameters.fixed, site.parameters.per_row, site.parameters.known) == (2, 0, True)
    assert site.batch_count.asked == 2000
    assert (site.location.line, site.bind_location.line) == (13, 13)


def test_a_batch_in_slices_through_to_js(stored):
    site = stored("""
from pyodide.ffi import to_js

async def store(env, rows):
    statement = env.DB.prepare("INSERT INTO t (a, b) VALUES (?, ?)")
    for i in range(0, len(rows), 90):
        statements = []
        for row in rows[i:i + 90]:
            statements.append(statement.bind(row["a"], row["b"]))
        await env.DB.batch(to_js(statements))
""")
    assert (site.batched, site.rows, site.batch_count.upper, site.parameters.fixed) == (
        True,
        Exactly(1),
        90,
        2,
    )
    assert [loop.count.asked for loop in site.loops] == [23]


def test_one_json_parameter(stored):
    site = stored("""
import json

async def store(env, rows):
    sql = "INSERT INTO t (a, b) SELECT value->>0, value->>1 FROM json_each(?1)"
    await env.DB.prepare(sql).bind(json.dumps([[row["a"], row["b"]] for row in rows])).run()
""")
    assert (site.parameters.fixed, site.parameters.per_row, site.parameters.total(2000)) == (1, 0, 1)
    assert site.rows.asked == 2000
    assert site.json_parameter == '[[row["a"], row["b"]] for row in rows]'
    assert site.columns == ("a", "b")


def test_json_in_slices(stored):
    site = stored("""
import json

async def store(env, rows):
    for i in range(0, len(rows), 500):
        text = json.dumps(rows[i:i + 500])
        await env.DB.prepare("INSERT INTO t SELECT value->>0 FROM json_each(?)").bind(text).run()
""")
    assert (site.parameters.total(2000), site.chunk) == (1, 500)


@pytest.mark.parametrize(
    "marks",
    [
        "','.join('?' * len(rows))",
        "','.join(['?'] * len(rows))",
        "','.join('?' for _ in rows)",
        "','.join(map(lambda _: '?', rows))",
        "','.join(['?' for row in rows])",
        "('?,' * len(rows))[:-1]",
        "('?, ' * len(rows)).rstrip(', ')",
        "','.join(f'?{n + 1}' for n in range(len(rows)))",
        "','.join(f'?{n}' for n, _ in enumerate(rows, 1))",
        "','.join(itertools.repeat('?', len(rows)))",
    ],
)
def test_in_lists(stored, marks):
    site = stored(f"""
import itertools

async def store(env, rows):
    marks = {marks}
    await env.DB.prepare(f"SELECT a FROM t WHERE a IN ({{marks}})").bind(*rows).all()
""")
    assert (site.verb, site.method, site.parameters.per_row, site.parameters.fixed) == ("SELECT", "all", 1, 0)
    assert site.rows.asked == 2000
    assert parameter_count(site.sql.render(rows=101)) == 101
    assert site.sql.is_complete


def test_an_in_list_with_a_fixed_parameter(stored):
    site = stored("""
async def store(env, rows):
    for i in range(0, len(rows), 100):
        ids = [row["id"] for row in rows[i:i+100]]
        marks = ", ".join(["?"] * len(ids))
        await env.DB.prepare("UPDATE t SET seen = ? WHERE id IN (" + marks + ")").bind(1, *ids).run()
""")
    assert (site.parameters.fixed, site.parameters.per_row, site.parameters.total(2000)) == (1, 1, 101)
    assert (site.verb, site.columns, site.chunk) == ("UPDATE", ("seen",), 100)


def test_two_lists_in_one_statement(stored):
    site = stored("""
async def store(env, rows):
    ids = [row["id"] for row in rows]
    names = rows[:60]
    sql = "DELETE FROM t WHERE id IN ({}) OR name IN ({})".format(",".join("?" * len(ids)), ",".join("?" for n in names))
    await env.DB.prepare(sql).bind(*ids, *names).run()
""")
    assert [(group.per_row, group.count.upper) for group in site.parameters.groups] == [(1, None), (1, 60)]
    assert site.parameters.total(50) == 100
    assert site.parameters.total(70) == 130


def test_one_row_at_a_time(stored):
    site = stored("""
SQL = '''
    INSERT INTO t (a, b)
    VALUES (?, ?)
'''

async def store(env, rows):
    for row in rows:
        await env.DB.prepare(SQL).bind(row["a"], row["b"]).run()
""")
    assert (site.rows, site.parameters.fixed, site.batched) == (Exactly(1), 2, False)
    assert [loop.count.asked for loop in site.loops] == [2000]
    assert (site.sql_location.line, site.location.line) == (11, 18)


def test_an_upsert_binds_its_columns_twice(stored):
    site = stored("""
async def store(env, rows):
    for row in rows:
        await env.DB.prepare(
            "INSERT INTO t (a, b) VALUES (?, ?) "
            "ON CONFLICT (a) DO UPDATE SET b = ?"
        ).bind(row["a"], row["b"], row["b"]).run()
""")
    assert site.parameters.fixed == 3
    assert site.columns == ("a", "b")
    assert site.rows == Exactly(1)


def test_sql_for_another_database_is_no_site(read):
    source = read("""
import sqlite3
import psycopg
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = await request.json()
        conn = sqlite3.connect(":memory:")
        conn.execute("INSERT INTO t VALUES " + ",".join(["(?)"] * len(rows)), rows)
        cursor = psycopg.connect("dsn").cursor()
        cursor.execute("INSERT INTO t VALUES (%s)", rows)
        pool = await asyncpg.create_pool()
        await pool.prepare("SELECT 1")
        return await self.env.DB.prepare("SELECT 1").first()
""")
    assert [site.sql.render() for site in source.sites] == ["SELECT 1"]


def test_literal_rows_without_binds(stored):
    site = stored("""
async def store(env, rows):
    await env.DB.prepare("INSERT INTO t (a, b) VALUES (1, 'a?'), (2, 'b'), (3, '(')").run()
""")
    assert (site.rows, site.parameters.fixed, site.bound) == (Exactly(3), 0, None)


def test_exec_of_several_lines(stored):
    site = stored('''
async def store(env, rows):
    await env.DB.exec("""
        CREATE TABLE IF NOT EXISTS t (
            a INTEGER
        )
    """)
''')
    assert (site.method, site.verb, site.table) == ("exec", "CREATE", "t")
    assert site.sql.render().count("\n") == 4


def test_a_statement_over_three_lines_stands_at_its_first(stored):
    site = stored("""
async def store(env, rows):
    await (
        env.DB.prepare("DELETE FROM t WHERE a = ?")
        .bind(1)
        .run()
    )
""")
    assert (site.location.line, site.span.end_line, site.sql_location.line) == (12, 16, 13)


def test_dead_code_is_not_reachable(read):
    source = read("""
from workers import Response, WorkerEntrypoint

async def old(env, rows):
    await env.DB.prepare("INSERT INTO t VALUES " + ",".join(["(?)"] * len(rows))).bind(*rows).run()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
""")
    (site,) = source.sites
    assert (site.reachable, site.handlers, site.function) == (False, frozenset(), "old")
    assert isinstance(site.rows, UnknownCount)
    assert site.parameters.known is False


@pytest.mark.parametrize(
    "build",
    [
        'sql = "INSERT INTO t VALUES "\n    for row in rows:\n        sql += "(?, ?),"\n    sql = sql[:-1]',
        'sql = "INSERT INTO t VALUES "\n    for row in rows:\n        sql = sql + "(?, ?)" + ", "\n    sql = sql.rstrip(", ")',
        'sql = "INSERT INTO t VALUES %s" % ", ".join("(?, ?)" for _ in rows)',
        'sql = "INSERT INTO t VALUES {marks}".format(marks=", ".join(["(?, ?)"] * len(rows)))',
        'sql = "INSERT INTO t VALUES :marks".replace(":marks", ", ".join(["(?, ?)"] * len(rows)))',
        'tuples = []\n    for row in rows:\n        tuples.append("(?, ?)")\n    sql = "INSERT INTO t VALUES " + ", ".join(tuples)',
        'from textwrap import dedent\n    sql = dedent(f"""\\\n        INSERT INTO t\n        VALUES {", ".join(["(?, ?)"] * len(rows))}""")',
        'one = "(" + ", ".join("?" for _ in ("a", "b")) + ")"\n    sql = " ".join(["INSERT INTO t VALUES", ", ".join([one] * len(rows))])',
        'def head(table="t"):\n        return f"INSERT INTO {table} VALUES "\n    sql = head() + ", ".join("(?, ?)" for r in rows)',
    ],
)
def test_ways_of_building_the_text(stored, build):
    site = stored(f"""
async def store(env, rows):
    {build}
    values = []
    for row in rows:
        values.append(row["a"])
        values.append(row["b"])
    await env.DB.prepare(sql).bind(*values).run()
""")
    assert site.sql.is_complete
    assert (site.table, site.parameters.per_row, site.bound.per_row) == ("t", 2, 2)
    text = site.sql.render(rows=2)
    assert text.replace(",(", ", (").replace("\n", " ").endswith("INSERT INTO t VALUES (?, ?), (?, ?)")


@pytest.mark.parametrize(
    "guard",
    [
        "if len(rows) > 100:\n        raise ValueError",
        "if not rows or len(rows) >= 101:\n        return None",
        "assert len(rows) <= 100",
        "rows = rows[:100]",
        "if 100 < len(rows):\n        return",
    ],
)
def test_a_guard_bounds_what_follows(stored, guard):
    site = stored(f"""
async def store(env, rows):
    {guard}
    await env.DB.prepare(f"SELECT 1 WHERE 1 IN ({{','.join('?' * len(rows))}})").bind(*rows).all()
""")
    assert (site.chunk, site.parameters.total(2000)) == (100, 100)


def test_a_selection_of_the_rows_loses_the_number_asked_for(stored):
    site = stored("""
async def store(env, rows):
    new = [row for row in rows if row["new"]]
    await env.DB.prepare(f"SELECT 1 WHERE 1 IN ({','.join('?' * len(new))})").bind(*new).all()
""")
    assert isinstance(site.rows, FromData)
    assert (site.rows.asked, site.rows.filtered, site.rows.expression) == (None, True, "new")


def test_rows_of_a_query_are_bounded_by_its_limit(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        for limit in ("", " LIMIT 40"):
            pass
        few = (await self.env.DB.prepare("SELECT id FROM t LIMIT 40").all()).results
        await self.env.DB.prepare(f"DELETE FROM t WHERE id IN ({','.join('?' * len(few))})").bind(*few).run()
        all_ = (await self.env.DB.prepare("SELECT id FROM t").all()).results
        await self.env.DB.prepare(f"DELETE FROM t WHERE id IN ({','.join('?' * len(all_))})").bind(*all_).run()
""")
    few, everything = (site for site in source.sites if site.verb == "DELETE")
    assert few.chunk == 40
    assert isinstance(everything.rows, FromData)
    assert everything.rows.asked is None


def test_one_helper_with_several_statements_is_one_site_each(read):
    source = read("""
from workers import WorkerEntrypoint

async def execute(db, sql, *params):
    return await db.prepare(sql).bind(*params).run()

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await execute(self.env.DB, "DELETE FROM t WHERE a = ?", 1)
        await execute(self.env.DB, "INSERT INTO t VALUES (?, ?)", 1, 2)
""")
    assert [
        (site.verb, site.bound.fixed, site.location.line, site.sql_location.line) for site in source.sites
    ] == [
        ("DELETE", 1, 5, 9),
        ("INSERT", 2, 5, 10),
    ]


def test_a_table_name_that_is_not_known_is_a_hole(stored):
    site = stored("""
async def store(env, rows):
    table = env.TABLE
    await env.DB.prepare(f"INSERT INTO {table} (a, b) VALUES (?, ?)").bind(1, 2).run()
""")
    assert site.table is None
    assert site.sql.is_complete is False
    assert [hole.expression for hole in site.sql.holes()] == ["table"]
    assert (site.parameters.known, site.parameters.fixed) == (True, 2)


FLUSHING = """
from js import fetch
from workers import WorkerEntrypoint

async def flush(db, buffer):
    marks = ", ".join(["(?)"] * len(buffer))
    await db.prepare("INSERT INTO t (a) VALUES " + marks).bind(*buffer).run()
    buffer.clear()

class Writer:
    def __init__(self, db):
        self.db = db
        self.rows = []

    async def add(self, row):
        self.rows.append(row)
        if len(self.rows) >= 90:
            await flush(self.db, self.rows)

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = await (await fetch("https://api.example.com/?limit=2000")).json()
        buffer = []
        writer = Writer(self.env.DB)
        for index, row in enumerate(rows):
            {body}
"""


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("buffer.append(row)\n            if len(buffer) >= 50: await flush(self.env.DB, buffer)", 50),
        ("buffer.append(row)\n            if len(buffer) > 50: await flush(self.env.DB, buffer)", 51),
        (
            "buffer.append(row)\n            if index % 50 == 49:\n                await flush(self.env.DB, buffer)\n                buffer = []",
            None,
        ),
        ("buffer.append(row)\n            await flush(self.env.DB, buffer)\n            buffer = []", 1),
        ("await writer.add(row)", None),
    ],
)
def test_a_buffer_never_counts_as_the_whole_list(read, body, rows):
    sites = [site for site in read(FLUSHING.format(body=body)).sites if site.reachable]
    assert [site.rows.upper for site in sites] == [rows]
    assert not any(isinstance(site.rows, FromData) for site in sites)


def test_a_bound_that_an_inner_loop_moves_is_no_width(stored):
    site = stored("""
        async def store(env, rows):
            start = 0
            while start < len(rows):
                end = start + 1
                while end < len(rows) and fits(rows[start:end]):
                    end += 1
                part = rows[start:end]
                sql = "INSERT INTO t (a) VALUES " + ", ".join(["(?)"] * len(part))
                await env.DB.prepare(sql).bind(*[row["a"] for row in part]).run()
                start = end
    """)
    assert isinstance(site.rows, UnknownCount)
    assert site.rows.sliced
