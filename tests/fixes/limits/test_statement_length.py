from __future__ import annotations

import pytest

from diagnose.d1 import Database, Statement
from diagnose.d1.splitting import statements_in
from diagnose.engine.fixing import Outcome
from diagnose.rewriting.helper import FUNCTION

pytestmark = pytest.mark.anyio
CONFIG = """
name = "import"
[[d1_databases]]
binding = "DB"
database_name = "history"
"""
SCHEMA = "CREATE TABLE prices (symbol TEXT PRIMARY KEY, price REAL);\n"
TAIL = " ON CONFLICT (symbol) DO NOTHING"


def row(number):
    return f"('{number:06d}-{'x' * 986}', 1)"  # 1,000 bytes


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


async def test_a_migration_is_split_and_restored(write_project, repair, undo, tree):
    head = "INSERT INTO prices (symbol, price) VALUES"
    rows = [row(number) for number in range(150)]
    rows[120] = "-- the rest; (of May)\n  " + rows[120]
    before = f"{SCHEMA}-- all of them\n{head}\n  " + ",\n  ".join(rows) + f"{TAIL};\n-- end\n"
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": before})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "the rows are written by several statements, each short enough for D1"
    first, second = rows[:99], rows[99:]
    after = f"{SCHEMA}-- all of them\n{head}\n  " + ",\n  ".join(first) + f"{TAIL};\n{head}\n  "
    after += ",\n  ".join(second) + f"{TAIL};\n-- end\n"
    assert tree(folder) == original | {"migrations/1.sql": after.encode()}
    with Database.memory() as database:
        for _, statement in statements_in(after):
            database.run(Statement(statement))
        assert database.run(Statement("SELECT count(*) FROM prices")).rows == ((150,),)
    again = await repair("LIM002", folder, offline=True)
    assert (again.run_id, of("LIM002", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


async def test_line_ends_and_mark_stay(write_project, repair, undo, tree):
    rows = ",\r\n".join(row(number) for number in range(101))
    before = b"\xef\xbb\xbf" + f"INSERT OR IGNORE INTO prices VALUES\r\n{rows};\r\n".encode()
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": before})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    after = (folder / "migrations/1.sql").read_bytes()
    split = f"{row(98)};\r\nINSERT OR IGNORE INTO prices VALUES\r\n{row(99)},".encode()
    assert after.count(split) == 1
    assert after.replace(b";\r\nINSERT OR IGNORE INTO prices VALUES", b",") == before
    await undo(folder, offline=True)
    assert tree(folder) == original


@pytest.mark.parametrize(
    ("statement", "obstacle"),
    [
        (f"INSERT INTO prices VALUES ('{'x' * 100_000}', 1);", "it has one row only"),
        (f"INSERT INTO prices VALUES ('a', 1), ('{'x' * 100_000}', 2);", "row 2 alone is longer"),
        (f"INSERT INTO prices SELECT '{'x' * 100_000}', 1;", "its rows are not written out behind VALUES"),
        (f"UPDATE prices SET symbol = '{'x' * 100_000}';", "it is no INSERT"),
    ],
)
async def test_what_cannot_be_split_is_left_alone(statement, obstacle, write_project, repair, tree):
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": SCHEMA + statement})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith(f"migrations/1.sql is left alone: {obstacle}")
    assert "can only be bound" in settlement.detail
    assert tree(folder) == original


WRITTEN = """
values = ", ".join(f"('{r['a']}', 'one-minute-candles-in-united-states-dollar', {r['b']})" for r in rows)
result = await db.prepare(f"INSERT INTO prices (name, kind, price) VALUES {values}").run()
print(f"{result.meta.changes} rows")
"""
BOUND = """
values = [[str(r['a']), r['b']] for r in rows]
inserted = 0
for part in json_parts(values):
    result = await db.prepare(
        "INSERT INTO prices (name, kind, price) "
        "SELECT value->>0, 'one-minute-candles-in-united-states-dollar', value->>1 FROM "
        "json_each(?1)"
    ).bind(part).run()
    inserted += result.meta.changes
print(f"{inserted} rows")
"""


async def test_rows_in_the_text_of_a_statement_are_bound(project, repair, undo, tree):
    folder = project(BOUND)
    wanted = (folder / "worker.py").read_text().replace("class Default", FUNCTION + "\n\nclass Default")
    project(WRITTEN)
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder) == original | {"worker.py": wanted.encode()}
    again = await repair("LIM002", folder, offline=True)
    assert (again.run_id, of("LIM002", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


async def test_source_of_another_shape_is_left_alone(project, repair, tree):
    folder = project("""
values = []
for row in rows:
    values.append(f"('binance-spot', 'one-minute-candles', 'usd', {row['a']})")
await db.prepare("INSERT INTO prices (source, kind, unit, price) VALUES " + ", ".join(values)).run()
""")
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert "FROM json_each(?1)" in settlement.detail
    assert tree(folder) == original
