from __future__ import annotations

import pytest

from diagnose.d1 import Database, Statement
from diagnose.engine.settlement import Outcome
from diagnose.model import Status
from diagnose.project import D1Binding
from diagnose.project.migrations import find_migrations
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


HEAD = "INSERT INTO prices (symbol, price) VALUES"
SPLIT = "the rows are written by several statements, each short enough for D1"


def applied(*files):
    """How many rows the migrations leave, each sent as one text with its entry."""
    with Database.memory() as database:
        for text in files:
            assert len(text) + 300 < 100_000
            database.migrate(text)
        return database.run(Statement("SELECT count(*) FROM prices")).rows


async def test_a_migration_is_split_and_restored(write_project, repair, undo, tree):
    rows = [row(number) for number in range(150)]
    rows[120] = "-- the rest; (of May)\n  " + rows[120]
    before = f"{SCHEMA}-- all of them\n{HEAD}\n  " + ",\n  ".join(rows) + f"{TAIL};\n-- end\n"
    later = {"migrations/2.sql": "DELETE FROM prices;\n"}
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": before, **later})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == f"{SPLIT}, and by 2 migrations"
    first = f"{SCHEMA}-- all of them\n{HEAD}\n  " + ",\n  ".join(rows[:98]) + f"{TAIL};\n"
    second = f"{HEAD}\n  " + ",\n  ".join(rows[98:]) + f"{TAIL};\n-- end\n"
    assert tree(folder) == original | {
        "migrations/1.sql": first.encode(),
        "migrations/1_2.sql": second.encode(),
    }
    names = [one.name for one in find_migrations(folder, D1Binding(binding="DB"), "")]
    assert names == ["1.sql", "1_2.sql", "2.sql"]
    assert applied(first, second) == ((150,),)
    again = await repair("LIM002", folder, offline=True)
    assert (again.run_id, of("LIM002", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


async def test_what_stands_behind_the_rows_goes_into_the_last_file(write_project, repair, tree):
    rows = ",\n".join(row(number) for number in range(250))
    index = "CREATE INDEX by_price ON prices (price);\n"
    text = f"{SCHEMA}{HEAD}\n{rows};\n{index}"
    folder = write_project({"wrangler.toml": CONFIG, "migrations/0002_seed.sql": text})
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.detail == f"{SPLIT}, and by 3 migrations"
    files = {name: text.decode() for name, text in tree(folder).items() if name.startswith("migrations/")}
    assert list(files) == [
        "migrations/0002_seed.sql",
        "migrations/0002_seed_2.sql",
        "migrations/0002_seed_3.sql",
    ]
    assert applied(*files.values()) == ((250,),)
    assert files["migrations/0002_seed_3.sql"].endswith(f"{row(249)};\n{index}")


@pytest.mark.parametrize(
    ("before", "others"),
    [
        ("PRAGMA defer_foreign_keys = on;\n", {}),
        ("", {"migrations/0002_seed_2.sql": "SELECT 1;\n"}),
        ("", {"migrations/0002_seed_1b.sql": "SELECT 1;\n"}),
    ],
    ids=["a pragma", "the name is taken", "another stands between"],
)
async def test_a_migration_that_stays_one_file(before, others, write_project, repair, tree):
    rows = ",\n".join(row(number) for number in range(150))
    text = f"{before}{HEAD}\n{rows};\n"
    folder = write_project({"wrangler.toml": CONFIG, "migrations/0002_seed.sql": text, **others})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert (settlement.outcome, settlement.detail) == (Outcome.FIXED, SPLIT)
    after = tree(folder)
    assert after.keys() == original.keys()
    first, _, second = after["migrations/0002_seed.sql"].decode().rpartition(f";\n{HEAD}")
    assert f"{first},{second}" == text


async def test_a_file_that_is_imported_stays_one(write_project, repair, tree):
    text = f"{HEAD}\n" + ",\n".join(row(number) for number in range(150)) + ";\n"
    makefile = "seed:\n\tnpx wrangler d1 execute history --remote --file seed.sql\n"
    folder = write_project({"wrangler.toml": CONFIG, "seed.sql": text, "Makefile": makefile})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.detail == SPLIT
    assert tree(folder).keys() == original.keys()


async def test_the_project_derives_behind_it(write_project, repair, check, undo):
    """Its migrations are applied to the account that is derived from it, so that the rehearsal begins."""
    rows = ",\n".join(row(number) for number in range(150))
    worker = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("INSERT INTO prices VALUES ('new', 1)").run()
        return Response("stored")
"""
    folder = write_project(
        {
            "wrangler.toml": CONFIG.replace("[[", 'main = "worker.py"\ncompatibility_date = "2026-06-01"\n[[')
            + 'database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"\n',
            "worker.py": worker,
            "migrations/0001_prices.sql": SCHEMA,
            "migrations/0002_seed.sql": f"{HEAD}\n{rows};\n",
        }
    )
    (before,) = [one for one in await check("E2E002", folder) if one.code == "E2E002"]
    assert (before.status, "statement too long" in before.message) == (Status.SKIP, True)
    (settlement,) = of("LIM002", await repair("LIM002", folder))
    assert settlement.outcome is Outcome.FIXED
    (after,) = [one for one in await check("E2E002", folder) if one.code == "E2E002"]
    assert (after.status, after.evidence["landed"]) == (Status.PASS, 1)
    await undo(folder)
    assert not (folder / "migrations/0002_seed_2.sql").exists()


@pytest.mark.parametrize("is_applied", [True, False])
async def test_a_migration_that_the_account_has(is_applied, write_project, repair, saved_account, tree):
    rows = ",\n".join(row(number) for number in range(150))
    config = CONFIG + 'database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"\n'
    folder = write_project({"wrangler.toml": config, "migrations/0001_prices.sql": f"{HEAD}\n{rows};\n"})
    original = tree(folder)
    entries = f"INSERT INTO d1_migrations VALUES (1, '{'0001_prices' if is_applied else '0000_none'}.sql')"
    sql = f"{SCHEMA}CREATE TABLE d1_migrations (id INTEGER, name TEXT); {entries}"
    saved_account(folder, {"0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11": ("history", sql)})
    (settlement,) = of("LIM002", await repair("LIM002", folder))
    if is_applied:
        assert settlement.outcome is Outcome.REFUSED
        assert settlement.detail.startswith("migrations/0001_prices.sql is applied already")
        assert tree(folder) == original
    else:
        assert settlement.outcome is Outcome.FIXED
        assert "migrations/0001_prices_2.sql" in tree(folder)


async def test_line_ends_and_mark_stay(write_project, repair, undo, tree):
    rows = ",\r\n".join(row(number) for number in range(101))
    before = b"\xef\xbb\xbf" + f"INSERT OR IGNORE INTO prices VALUES\r\n{rows};\r\n".encode()
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": before})
    original = tree(folder)
    (settlement,) = of("LIM002", await repair("LIM002", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    first, second = (folder / "migrations/1.sql").read_bytes(), (folder / "migrations/1_2.sql").read_bytes()
    assert first.endswith(f"{row(97)};\r\n".encode())
    assert second.startswith(f"INSERT OR IGNORE INTO prices VALUES\r\n{row(98)},".encode())
    assert (first + second).replace(b";\r\nINSERT OR IGNORE INTO prices VALUES", b",") == before
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
