from __future__ import annotations

import textwrap

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.settlement import Outcome

UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""
name = "prices"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "{UUID}"

[[queues.consumers]]
queue = "prices"
"""
HEAD = """import json

from workers import WorkerEntrypoint


async def store(db, rows, row):
"""
TAIL = """

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            await store(self.env.DB, message.body["rows"], message.body["rows"][0])
"""
ONE = (
    'await db.prepare("INSERT INTO prices (symbol, day) VALUES (?, ?)").bind(row["symbol"], row["day"]).run()'
)
CLAUSE = " ON CONFLICT (symbol, day) DO NOTHING"
KEYED = "CREATE TABLE prices (symbol TEXT, day INTEGER, UNIQUE (symbol, day))"
UNKEYED = "CREATE TABLE prices (id INTEGER PRIMARY KEY, symbol TEXT, day INTEGER)"
INDEX = "CREATE UNIQUE INDEX prices_symbol_day ON prices (symbol, day);\n"
FILE = "migrations/0001_unique_prices.sql"
WATCH = '[watch]\ntable = "prices"\nkey = ["symbol", "day"]\n'
pytestmark = pytest.mark.anyio


def worker(*lines: str) -> str:
    return HEAD + textwrap.indent("\n".join(lines), " " * 4) + "\n" + TAIL


@pytest.fixture
def project(write_project, saved_account):
    def make(*lines, sql, **files):
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker(*lines), **files})
        saved_account(folder, {UUID: ("history", sql)})
        return folder

    return make


@pytest.fixture
def proven(repair, undo, tree):
    """Repair, compare all files, repair again (nothing changes), and undo everything."""

    async def run(folder, expected, **choices):
        before = tree(folder)
        (settlement,) = (await repair("SRC007", folder, **choices)).settlements
        assert settlement.outcome is Outcome.FIXED, settlement
        after = {**before, **{path: text.encode() for path, text in expected.items()}}
        assert tree(folder) == after
        assert (await repair("SRC007", folder, **choices)).settlements == ()
        assert tree(folder) == after
        await undo(folder)
        assert tree(folder) == before

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ONE.replace('await db.prepare("', 'sql = "').partition('").')[0] + '"', CLAUSE),
        (ONE.replace('await db.prepare("', 'sql = "').partition('").')[0] + ';"', CLAUSE),
    ],
)
async def test_the_clause_at_the_end_of_the_text(project, proven, before, after):
    execution = 'await db.prepare(sql).bind(row["symbol"], row["day"]).run()'
    repaired = before.replace("(?, ?)", f"(?, ?){after}")
    await proven(project(before, execution, sql=KEYED), {"worker.py": worker(repaired, execution)})


async def test_a_line_that_would_get_too_long(project, proven):
    repaired = (
        "await db.prepare(\n"
        '    "INSERT INTO prices (symbol, day) VALUES (?, ?) "\n'
        '    "ON CONFLICT (symbol, day) DO NOTHING"\n'
        ').bind(row["symbol"], row["day"]).run()'
    )
    text = worker(repaired)
    folder = project(ONE, sql=KEYED)
    await proven(folder, {"worker.py": text})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'sql = """\n    INSERT INTO prices (symbol, day)\n    VALUES (?, ?)\n"""',
            (
                'sql = """\n    INSERT INTO prices (symbol, day)\n    VALUES (?, ?)\n'
                '    ON CONFLICT (symbol, day) DO NOTHING\n"""'
            ),
        ),
        (
            'table = "prices"\nsql = f"INSERT INTO {table} (symbol, day) VALUES (?, ?)"',
            (
                'table = "prices"\nsql = f"INSERT INTO {table} (symbol, day) VALUES (?, ?)'
                ' ON CONFLICT (symbol, day) DO NOTHING"'
            ),
        ),
        (
            'sql = "INSERT INTO prices (symbol, day) " + "VALUES (?, ?)"',
            (
                'sql = "INSERT INTO prices (symbol, day) " + "VALUES (?, ?)'
                ' ON CONFLICT (symbol, day) DO NOTHING"'
            ),
        ),
        (
            'sql = "INSERT INTO prices (symbol, day) VALUES " + ", ".join(["(?, ?)"])',
            'sql = "INSERT OR IGNORE INTO prices (symbol, day) VALUES " + ", ".join(["(?, ?)"])',
        ),
        (
            'sql = "insert into prices (symbol, day)"\nsql += " values (?, ?)"',
            'sql = "insert or ignore into prices (symbol, day)"\nsql += " values (?, ?)"',
        ),
    ],
)
async def test_texts_written_in_several_ways(project, proven, before, after):
    execution = 'await db.prepare(sql).bind(row["symbol"], row["day"]).run()'
    await proven(project(before, execution, sql=KEYED), {"worker.py": worker(after, execution)})


async def test_rows_of_a_json_text(project, proven):
    sql = 'sql = "INSERT INTO prices (symbol, day) SELECT value->>0, value->>1 FROM json_each(?)"'
    repaired = (
        "sql = (\n"
        '    "INSERT INTO prices (symbol, day) SELECT value->>0, value->>1 FROM json_each(?) "\n'
        '    "WHERE true ON CONFLICT (symbol, day) DO NOTHING"\n'
        ")"
    )
    execution = "await db.prepare(sql).bind(json.dumps(rows)).run()"
    await proven(project(sql, execution, sql=KEYED), {"worker.py": worker(repaired, execution)})


async def test_without_a_key_the_index_comes_first(project, proven):
    short = 'sql = "INSERT INTO prices (symbol, day) VALUES (?, ?)"'
    execution = 'await db.prepare(sql).bind(row["symbol"], row["day"]).run()'
    folder = project(short, execution, sql=UNKEYED, **{"diagnose.toml": WATCH})
    repaired = short.replace("(?, ?)", f"(?, ?){CLAUSE}")
    await proven(folder, {"worker.py": worker(repaired, execution), FILE: INDEX})


async def test_nobody_knows_the_key_so_it_is_asked_for(project, proven, repair, tree):
    short = 'sql = "INSERT INTO prices (symbol, day) VALUES (?, ?)"'
    execution = 'await db.prepare(sql).bind(row["symbol"], row["day"]).run()'
    folder = project(short, execution, sql=UNKEYED)
    before = tree(folder)
    (settlement,) = (await repair("SRC007", folder)).settlements
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail == (
        "Which columns tell one row of prices from another? "
        "--option key='COLUMN,COLUMN' (these columns together, of symbol, day)"
    )
    assert tree(folder) == before
    repaired = short.replace("(?, ?)", f"(?, ?){CLAUSE}")
    expected = {"worker.py": worker(repaired, execution), FILE: INDEX}
    await proven(folder, expected, options={"key": "symbol, day"})


async def test_duplicates_are_reported_and_left(project, repair, tree):
    rows = "INSERT INTO prices (symbol, day) VALUES ('a', 1), ('a', 1), ('b', 1)"
    folder = project(ONE, sql=f"{UNKEYED}; {rows}", **{"diagnose.toml": WATCH})
    before = tree(folder)
    (settlement,) = (await repair("SRC007", folder)).settlements
    assert settlement.outcome is Outcome.REFUSED
    query = (
        "SELECT symbol, day, count(*) AS copies FROM prices WHERE symbol IS NOT NULL AND day IS NOT NULL "
        "GROUP BY symbol, day HAVING count(*) > 1"
    )
    assert settlement.detail == (
        "prices holds 1 keys more than once, and a unique index refuses them: "
        f"decide which rows to keep; this shows them: {query}"
    )
    assert tree(folder) == before
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as embedded:
        assert embedded.database(UUID).run(Statement(query)).rows == (("a", 1, 2),)


async def test_what_is_not_understood_is_left_alone(project, repair, tree):
    lines = [
        'verb = "INSERT"',
        'sql = " ".join([verb, "INTO prices (symbol, day) VALUES (?, ?)"])',
        'await db.prepare(sql).bind(row["symbol"], row["day"]).run()',
    ]
    folder = project(*lines, sql=KEYED)
    before = tree(folder)
    (settlement,) = (await repair("SRC007", folder)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.endswith("end the statement with ON CONFLICT (symbol, day) DO NOTHING")
    assert tree(folder) == before
