from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.registry import load_registry
from diagnose.engine.session import Session, SessionOptions
from diagnose.engine.settlement import Outcome
from diagnose.model import Finding, Severity, Status

pytestmark = pytest.mark.anyio

UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""\
name = "rates"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "{UUID}"
"""
WORKER = """\
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await fetch("https://api.example.com/rates")
        sql = "INSERT OR IGNORE INTO rates (symbol, time, price) VALUES (?, ?, ?)"
        for one in (await answer.json())["rows"]:
            await self.env.DB.prepare(sql).bind(one["s"], one["t"], one["p"]).run()
        return Response("ok")
"""
SETTINGS = """\
[trigger]
kind = "fetch"

[watch]
table = "rates"
key = ["symbol", "time"]

[[responses]]
url = "https://api.example.com/rates"
body_file = "rates.json"
"""
MAPPING = '\n[rows]\npath = "rows"\ncolumns = { s = "symbol", t = "time", p = "price" }\n'
TABLE = "CREATE TABLE rates (symbol TEXT, time INTEGER, price REAL, UNIQUE (symbol, time));"
NUMBERED = "CREATE TABLE rates (symbol TEXT, time INTEGER PRIMARY KEY, price REAL);"
COMPUTED = TABLE.replace("time INTEGER,", "at INTEGER, time INTEGER AS (at),")
OPEN_TABLE = TABLE.replace(", UNIQUE (symbol, time)", "")
START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = [int((START + timedelta(hours=hour)).timestamp()) for hour in range(24 * 21)]
ABSENT = [*range(200, 203), 300]
PRESENT = [time for place, time in enumerate(HOURS) if place not in ABSENT]
GAP = f"BTC between {HOURS[199]} and {HOURS[203]} (3)"
LATER = f"BTC between {HOURS[299]} and {HOURS[301]} (1)"
FINDING = Finding(
    code="DAT001",
    name="gaps-and-duplicates",
    status=Status.WARN,
    severity=Severity.WARNING,
    message="4 rows were missing",
    evidence={"missing": 4},
)


def brought(*places, symbol="BTC", price=2.5):
    return [{"s": symbol, "t": HOURS[place], "p": price} for place in places]


def insert(times, symbol="BTC", price="1.0"):
    return f"INSERT INTO rates VALUES {', '.join(f'({symbol!r}, {time!r}, {price})' for time in times)};"


@pytest.fixture
def project(write_project, saved_account):
    """A table with two gaps, and a worker whose recorded answer brings these rows."""

    def write(answer, *, sql=None, settings=SETTINGS, worker=WORKER, migration=TABLE):
        folder = write_project(
            {
                "wrangler.toml": CONFIG,
                "worker.py": worker,
                "diagnose.toml": settings,
                "rates.json": json.dumps({"rows": answer}),
                "migrations/0001_rates.sql": migration,
            }
        )
        saved_account(folder, {UUID: ("history", sql or TABLE + insert(PRESENT))})
        return folder

    return write


def stored(folder, columns="symbol, time, price"):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return list(account.database(UUID).run(Statement(f"SELECT {columns} FROM rates ORDER BY rowid")).rows)


def rows(*places, symbol="BTC", price=2.5):
    return [(symbol, HOURS[place], price) for place in places]


BEFORE = [("BTC", time, 1.0) for time in PRESENT]


async def planned(folder, finding=FINDING):
    async with Session(SessionOptions(path=folder)) as session:
        return await load_registry().fixes["DAT001"]().plan(await session.context(), finding)


async def settled(repair, folder):
    (settlement,) = (await repair("DAT001", folder)).settlements
    return settlement


async def test_the_plan_imports_what_is_missing_and_nothing_else(project):
    others = [*brought(0, 199, 203), *brought(200, symbol="ETH")]
    folder = project([*others, *brought(*ABSENT)])
    plan = await planned(folder)
    (step,) = plan.steps
    assert plan.why == "the worker's trigger brings 4 of 4 missing rows"
    assert plan.provable
    assert step.title == "import 4 rows into rates of database history"
    assert (step.key, step.rows.columns) == (("symbol", "time"), ("symbol", "time", "price"))
    assert list(step.rows.values) == rows(*ABSENT)
    assert step.preview().startswith("INSERT OR IGNORE INTO rates (symbol, time, price) SELECT")
    assert stored(folder) == BEFORE


async def test_rows_are_written_once_and_taken_back(project, repair, undo, tree):
    folder = project(brought(*range(190, 310)))
    before = tree(folder)
    settlement = await settled(repair, folder)
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1)
    assert stored(folder) == BEFORE + rows(*ABSENT)
    assert (await repair("DAT001", folder)).settlements == ()
    assert stored(folder) == BEFORE + rows(*ABSENT)
    assert (await undo(folder)).left == ()
    assert stored(folder) == BEFORE
    assert tree(folder) == before


async def test_applied_twice_it_is_the_same_as_once(project):
    folder = project(brought(*ABSENT))
    plan = await planned(folder)
    async with Session(SessionOptions(path=folder, writable=True)) as session:
        workspace = await session.workspace()
        step = await plan.steps[0].prepare(workspace)
        await step.apply(workspace)
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    assert stored(folder) == BEFORE + rows(*ABSENT)
    nothing = await planned(folder)
    assert (nothing.steps, nothing.refusal) == ((), None)
    assert nothing.why == "no rows are missing in rates any more"


async def test_over_http(project, repair_over_http):
    folder = project(brought(*ABSENT))
    (settlement,) = (await repair_over_http("DAT001", folder)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1)
    assert stored(folder) == BEFORE + rows(*ABSENT)
    assert (await repair_over_http("DAT001", folder)).settlements == ()


async def test_a_range_that_the_answers_do_not_hold_is_named_and_stays(project, repair, undo):
    folder = project(brought(200, 202))
    left = f"2 of 4 stay missing: {GAP.replace('(3)', '(1)')}, {LATER}"
    plan = await planned(folder)
    assert plan.why == f"the worker's trigger brings 2 of 4 missing rows; {left}"
    assert not plan.provable
    settlement = await settled(repair, folder)
    assert (settlement.outcome, settlement.detail) == (Outcome.NOT_PROVEN, left)
    assert stored(folder) == BEFORE + rows(200, 202)
    again = await settled(repair, folder)
    assert again.outcome is Outcome.REFUSED
    assert again.detail.startswith("what the worker's trigger brings fills no gap: 2 of 2 stay missing: ")
    assert stored(folder) == BEFORE + rows(200, 202)
    assert (await undo(folder)).left == ()
    assert stored(folder) == BEFORE


async def test_where_nothing_can_be_filled_it_says_what_to_do(project):
    plan = await planned(project(brought(*range(10))))
    assert plan.why == f"what the worker's trigger brings fills no gap: 4 of 4 stay missing: {GAP}, {LATER}"
    assert plan.refusal == (
        "let [trigger] of diagnose.toml ask for that range, keep the answers with `diagnose record`, and run "
        "fix again; what the source does not have stays missing"
    )


async def test_only_five_ranges_are_named(project):
    alone = range(100, 170, 10)
    times = [time for place, time in enumerate(HOURS) if place not in alone]
    plan = await planned(project(brought(0), sql=TABLE + insert(times)))
    assert plan.why.count(" between ") == 5
    assert plan.why.endswith(f"{HOURS[141]} (1), 2 more ranges")


async def test_weekends_stay_empty(project):
    """A row of the answers where the table has none at that hour of any week is not missing."""
    weekdays = [time for place, time in enumerate(HOURS) if place // 24 % 7 < 5 and place != 287]
    folder = project(brought(286, 287, 288, 300), sql=TABLE + insert(weekdays))
    plan = await planned(folder)
    assert plan.why == "the worker's trigger brings 1 of 1 missing rows"
    assert list(plan.steps[0].rows.values) == rows(287)


async def test_a_failing_worker_has_its_rows_under_the_mapping(project, repair):
    worker = WORKER.replace("price) VALUES", "cost) VALUES")
    folder = project(brought(0, *ABSENT), settings=SETTINGS + MAPPING, worker=worker)
    assert (await settled(repair, folder)).outcome is Outcome.FIXED
    assert stored(folder) == BEFORE + rows(*ABSENT)


async def test_columns_of_the_mapping_are_found_in_any_letter_case(project):
    worker = WORKER.replace("price) VALUES", "cost) VALUES")
    settings = SETTINGS + MAPPING.replace('"time"', '"TIME"')
    (step,) = (await planned(project(brought(200), settings=settings, worker=worker))).steps
    assert step.rows.columns == ("symbol", "time", "price")


async def test_rows_that_differ_are_nobodys_to_choose(project):
    """Fetched twice with equal values a row is one; with other values it stays missing."""
    worker = WORKER.replace("price) VALUES", "cost) VALUES")
    answer = [*brought(200, 200, 201), *brought(201, price=9.0)]
    plan = await planned(project(answer, settings=SETTINGS + MAPPING, worker=worker))
    (step,) = plan.steps
    assert list(step.rows.values) == rows(200)
    assert plan.why.endswith(", of 1 the source has rows that differ")


async def test_a_number_in_text_counts_as_the_table_stores_it(project, repair):
    answer = [{**one, "t": str(one["t"])} for one in brought(*ABSENT)]
    folder = project(answer)
    assert (await settled(repair, folder)).outcome is Outcome.FIXED
    assert stored(folder) == BEFORE + rows(*ABSENT)


@pytest.mark.parametrize(
    "written", [lambda time: time * 1000, lambda time: datetime.fromtimestamp(time, UTC).isoformat()]
)
async def test_a_time_in_another_form_is_not_taken(project, written):
    answer = [{**one, "t": written(one["t"])} for one in brought(*ABSENT)]
    plan = await planned(project(answer))
    assert plan.steps == ()
    assert plan.why.startswith("what the worker's trigger brings fills no gap: ")


async def test_columns_that_stay_empty_are_named(project):
    table = TABLE.replace("price REAL,", "price REAL, source TEXT DEFAULT 'api', id INTEGER PRIMARY KEY,")
    sql = table + insert(PRESENT).replace("rates VALUES", "rates (symbol, time, price) VALUES")
    plan = await planned(project(brought(*ABSENT), sql=sql))
    assert plan.why == ("the worker's trigger brings 4 of 4 missing rows (left at their defaults: source)")


FAILING = WORKER.replace("price) VALUES", "cost) VALUES")
NO_ANSWER = (
    "no recorded answer for https://api.example.com/rates: add it to [[responses]] of diagnose.toml "
    "(`diagnose init`)"
)
REFUSALS = {
    "no unique key": (
        {"sql": OPEN_TABLE + insert(PRESENT)},
        "rates has no unique key over (symbol, time)",
        "add it first (TBL003), so that repeating the import cannot double rows",
    ),
    "the worker fails": (
        {"worker": FAILING},
        "the worker's import fails: D1_ERROR: table rates has no column named cost: SQLITE_ERROR",
        "repair that first, or say under [rows] of diagnose.toml where the rows stand in the answers",
    ),
    "no answer": (
        {"settings": SETTINGS.replace("/rates", "/other")},
        NO_ANSWER,
        "the rows have to come in a rehearsal: see [trigger] of diagnose.toml, and `diagnose record`",
    ),
    "no rows": (
        {"worker": WORKER.replace("in (await answer.json())", "in () and (await answer.json())")},
        "the worker's trigger brings no rows of rates",
        "repair that first, or say under [rows] of diagnose.toml where the rows stand in the answers",
    ),
    "no key in the mapping": (
        {"worker": FAILING, "settings": SETTINGS + MAPPING.replace('t = "time", ', "")},
        "the rows that the worker's trigger brings have no time",
        "name the columns under [rows] of diagnose.toml",
    ),
    "no key, which is the row's number": (
        {
            "worker": FAILING,
            "settings": (SETTINGS + MAPPING.replace('t = "time", ', "")).replace(
                '"symbol", "time"', '"time"'
            ),
            "sql": NUMBERED + insert(PRESENT),
        },
        "the rows that the worker's trigger brings have no time",
        "name the columns under [rows] of diagnose.toml",
    ),
    "a key that is computed": (
        {
            "worker": FAILING,
            "settings": SETTINGS + MAPPING.replace('"time", p', '"at", p'),
            "sql": COMPUTED + insert(PRESENT).replace("VALUES", "(symbol, at, price) VALUES"),
        },
        "the rows that the worker's trigger brings have no time",
        "name the columns under [rows] of diagnose.toml",
    ),
    "unknown column": (
        {"worker": FAILING, "settings": SETTINGS + MAPPING.replace('"price"', '"cost"')},
        "rates has no column cost",
        "name the columns under [rows] of diagnose.toml",
    ),
    "a column that must be filled": (
        {
            "worker": FAILING,
            "settings": SETTINGS + MAPPING.replace(', p = "price"', ""),
            "sql": TABLE.replace("REAL", "REAL NOT NULL") + insert(PRESENT),
        },
        "the rows that the worker's trigger brings have no price",
        "name the columns under [rows] of diagnose.toml",
    ),
    "emptied meanwhile": (
        {"sql": TABLE},
        "rates is empty",
        "see that `diagnose run --select DAT001` can look at the table",
    ),
}


@pytest.mark.parametrize(("given", "why", "remedy"), REFUSALS.values(), ids=REFUSALS)
async def test_it_is_refused(project, given, why, remedy):
    folder = project(brought(*ABSENT), **given)
    before = stored(folder)
    plan = await planned(folder)
    assert (plan.steps, plan.why, plan.refusal) == ((), why, remedy)
    assert stored(folder) == before


async def test_rows_that_are_there_twice_are_their_owners(project, repair):
    folder = project(brought(*ABSENT), sql=OPEN_TABLE + insert([*HOURS, HOURS[5]]))
    settlement = await settled(repair, folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == (
        "which of several rows with one key is right only their owner can say: delete the others, then add "
        "the unique key (TBL003)"
    )
    assert len(stored(folder)) == len(HOURS) + 1


async def test_a_row_that_another_key_keeps_out_undoes_the_import(project, repair):
    """`INSERT OR IGNORE` passes over it without a word; the comparison does not."""
    table = TABLE.replace("UNIQUE (", "UNIQUE (price), UNIQUE (")
    sql = table + "".join(insert([time], price=str(place)) for place, time in enumerate(PRESENT))
    folder = project(brought(*ABSENT, price=7.0), sql=sql)
    before = stored(folder)
    settlement = await settled(repair, folder)
    assert settlement.outcome is Outcome.NOT_FIXED
    assert stored(folder) == before
