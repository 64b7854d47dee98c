from __future__ import annotations

import pytest

from diagnose.schemas import GapKind, Judge

RATES = "CREATE TABLE rates (day TEXT, currency TEXT, rate REAL, PRIMARY KEY (day, currency))"


def gap(site, *definitions, own=()):
    with Judge(definitions or (RATES,), own) as judge:
        found = judge.gap(site)
    return None if found is None else (found.kind, found.table, found.name)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO rates (day, currency, rate) VALUES (?, ?, ?)", None),
        ("SELECT max(day) FROM RATES", None),
        ("SELECT max(day) FROM prices", (GapKind.TABLE, "prices", "prices")),
        ("WITH prices AS (SELECT 1 AS n) SELECT n FROM prices", None),
        ("SELECT value FROM json_each(?)", None),
        ("SELECT name FROM sqlite_master", None),
        ("SELECT 1 FROM pragma_table_info('rates')", None),
        ("INSERT INTO rates (day, open) VALUES (?, ?)", (GapKind.COLUMN, "rates", "open")),
        ("SELECT r.open FROM rates AS r", (GapKind.COLUMN, "rates", "open")),
        ("UPDATE rates SET open = 1", (GapKind.COLUMN, "rates", "open")),
        ("INSERT INTO rates (day) VALUES (?) ON CONFLICT (day) DO NOTHING", (GapKind.KEY, "rates", "")),
        ("INSERT INTO rates (day) VALUES (?) ON CONFLICT (currency, day) DO NOTHING", None),
        ("SELEC 1", None),
    ],
)
def test_what_the_engine_misses(sites, sql, expected):
    (site,) = sites(sql)
    assert gap(site) == expected


def test_the_error_is_that_of_d1(sites):
    (site,) = sites("SELECT 1 FROM prices")
    with Judge((RATES,)) as judge:
        assert judge.gap(site).error.text == "D1_ERROR: no such table: prices: SQLITE_ERROR"


def test_views_virtual_tables_and_partial_indexes_are_what_they_are(sites):
    definitions = (
        "CREATE VIRTUAL TABLE words USING fts5 (text)",
        "CREATE TABLE 'words_data' (id INTEGER PRIMARY KEY, block BLOB)",
        RATES,
        "CREATE UNIQUE INDEX known ON rates (day) WHERE rate IS NOT NULL",
        "CREATE VIEW latest AS SELECT * FROM rates",
    )
    for site in sites(
        "SELECT rate FROM latest",
        "SELECT text, rank FROM words WHERE words MATCH ?",
        "INSERT INTO rates (day, rate) VALUES (?, ?) ON CONFLICT (day) WHERE rate IS NOT NULL DO NOTHING",
    ):
        assert gap(site, *definitions) is None


def test_tables_and_columns_that_the_worker_makes_itself_are_there(sites):
    found = sites(
        "CREATE TABLE IF NOT EXISTS progress (symbol TEXT PRIMARY KEY)",
        "ALTER TABLE rates ADD COLUMN source TEXT",
        "INSERT INTO progress (symbol) VALUES (?)",
        "INSERT INTO rates (day, source) VALUES (?, ?)",
        "INSERT INTO progress (day) VALUES (?)",
    )
    assert [gap(site, RATES, own=found) for site in found] == [
        None,
        None,
        None,
        None,
        (GapKind.COLUMN, "progress", "day"),
    ]


def test_a_rename_at_run_time_hides_no_table(sites):
    found = sites(
        "CREATE TABLE rates_new (day TEXT)",
        "INSERT INTO rates_new (day) VALUES (?)",
        "DROP TABLE rates",
        "ALTER TABLE rates_new RENAME TO rates",
        "SELECT day FROM rates",
    )
    assert [gap(site, RATES, own=found) for site in found] == [None] * 5


def test_a_table_that_is_made_with_unknown_columns_is_not_judged(project):
    found = project(
        'await self.env.DB.prepare(f"CREATE TABLE prices ({controller.columns})").run()',
        'await self.env.DB.prepare("INSERT INTO prices (open) VALUES (1)").run()',
    ).source.sites
    assert [gap(site, RATES, own=found) for site in found] == [None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('f"SELECT day FROM prices WHERE {controller.where}"', (GapKind.TABLE, "prices", "prices")),
        ('f"SELECT {controller.columns} FROM rates ORDER BY open"', (GapKind.COLUMN, "rates", "open")),
        ('f"SELECT day FROM {controller.table}"', None),
        ('f"SELECT day FROM {controller.prefix}_rates"', None),
        ('f"SELECT rate_{controller.kind} FROM rates"', None),
        ('f"{controller.sql}"', None),
    ],
)
def test_only_what_is_fixed_in_the_text_is_judged(project, text, expected):
    (site,) = project(f"await self.env.DB.prepare({text}).run()").source.sites
    assert gap(site) == expected


def test_a_statement_of_many_rows_is_judged_by_one(project):
    (site,) = project(
        "rows = await (await fetch('https://rates.example.com')).json()",
        "sql = 'INSERT INTO prices (day, rate) VALUES ' + ', '.join(['(?, ?)'] * len(rows))",
        "await self.env.DB.prepare(sql).bind(*[v for row in rows for v in row]).run()",
    ).source.sites
    assert gap(site) == (GapKind.TABLE, "prices", "prices")


def test_the_table_of_a_statement(sites):
    first, second = sites("INSERT INTO rates (day) VALUES (1)", "INSERT INTO prices (day) VALUES (1)")
    with Judge((RATES,)) as judge:
        assert [column.name for column in judge.table(first).columns] == ["day", "currency", "rate"]
        assert judge.table(second) is None


def test_a_definition_that_d1_refuses_is_reported():
    with Judge((RATES,)) as judge:
        assert judge.add("CREATE TABLE prices (day TEXT)") is None
        assert judge.add(RATES).text.startswith("D1_ERROR: table rates already exists")
        assert {table.name for table in judge.schema.tables} == {"rates", "prices"}
