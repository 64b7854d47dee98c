from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.data.gaps_and_duplicates import GapsAndDuplicates
from diagnose.model import Confidence, Severity, Status

pytestmark = pytest.mark.anyio

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "{UUID}"
"""
WATCH = '[watch]\ntable = "rates"\n'
TABLE = "CREATE TABLE rates (symbol TEXT, time INTEGER, price REAL, UNIQUE (symbol, time));"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = [MONDAY + timedelta(hours=hour) for hour in range(24 * 21)]


def rows(moments, symbol="BTC", stored=lambda moment: int(moment.timestamp())):
    values = ", ".join(f"('{symbol}', {stored(moment)!r}, 1.0)" for moment in moments)
    return f"INSERT INTO rates VALUES {values};"


@pytest.fixture
def findings(write_project, saved_account, check):
    """What the check finds in a saved account with these tables."""

    async def find(sql, settings=WATCH):
        folder = write_project(
            {
                "wrangler.toml": CONFIG,
                "worker.py": "async def on_fetch(request): ...\n",
                "diagnose.toml": settings,
            }
        )
        saved_account(folder, {UUID: ("history", sql)})
        return [finding for finding in await check("DAT001", folder) if finding.code == "DAT001"]

    return find


async def test_missing_rows_are_named_by_the_rows_around_them(findings):
    present = [moment for moment in HOURS if moment not in HOURS[200:203] and moment != HOURS[300]]
    (finding,) = await findings(TABLE + rows(present) + rows(HOURS, "ETH"))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.MEDIUM
    after, before = int(HOURS[199].timestamp()), int(HOURS[203].timestamp())
    assert finding.message == (
        f"4 rows are missing in rates, which is even otherwise: the first of BTC between {after} and {before}"
    )
    assert (finding.location.path, finding.resource) == ("wrangler.toml", f"d1/{UUID}/rates")
    last = int(HOURS[300].timestamp())
    assert finding.evidence == {
        "table": "rates",
        "key": ["symbol", "time"],
        "rows": 2 * len(HOURS) - 4,
        "missing": 4,
        "ranges": [
            {"series": ["BTC"], "after": after, "before": before, "seconds": 3600, "missing": 3},
            {"series": ["BTC"], "after": last - 3600, "before": last + 3600, "seconds": 3600, "missing": 1},
        ],
    }


async def test_rows_that_are_there_twice(findings):
    table = TABLE.replace(", UNIQUE (symbol, time)", "")
    settings = WATCH + 'key = ["symbol", "time"]\n'
    (finding,) = await findings(table + rows(HOURS) + rows(HOURS[5:7]) + rows(HOURS[6:7]), settings)
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    times = {one["key"][1]: one["times"] for one in finding.evidence["examples"]}
    assert times == {int(HOURS[5].timestamp()): 2, int(HOURS[6].timestamp()): 3}
    assert (finding.evidence["duplicates"], finding.evidence["rows"]) == (2, len(HOURS) + 3)
    assert finding.message.startswith("2 keys of rates are there more than once; BTC, ")


async def test_gaps_and_duplicates_are_two_findings(findings):
    table = TABLE.replace(", UNIQUE (symbol, time)", "")
    settings = WATCH + 'key = ["symbol", "time"]\n'
    found = await findings(table + rows(HOURS[:200] + HOURS[199:200] + HOURS[201:]), settings)
    assert [sorted(set(finding.evidence) & {"missing", "duplicates"}) for finding in found] == [
        ["missing"],
        ["duplicates"],
    ]


@pytest.mark.parametrize(
    "stored",
    [
        lambda moment: int(moment.timestamp()),
        lambda moment: int(moment.timestamp()) * 1000,
        lambda moment: moment.isoformat(),
        lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"),
        lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    ],
)
async def test_every_form_of_time_is_understood(findings, stored):
    table = TABLE.replace("time INTEGER", "time")
    present = HOURS[:250] + HOURS[251:]
    (finding,) = await findings(table + rows(present, stored=stored))
    assert finding.evidence["ranges"] == [
        {
            "series": ["BTC"],
            "after": stored(HOURS[249]),
            "before": stored(HOURS[251]),
            "seconds": 3600,
            "missing": 1,
        }
    ]


NIGHTS = [moment for moment in HOURS if 9 <= moment.hour < 17]
WEEKDAYS = [moment for moment in HOURS if moment.weekday() < 5]
MARKET = [moment for moment in HOURS if moment.weekday() < 4 or (moment.weekday() == 4 and moment.hour < 22)]
DAYS = [MONDAY + timedelta(days=day) for day in range(90)]
MONTHS = [datetime(2020 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(60)]


@pytest.mark.parametrize(
    "moments",
    [
        HOURS,
        NIGHTS,
        WEEKDAYS,
        MARKET,
        WEEKDAYS[:140],
        DAYS,
        [day for day in DAYS if day.weekday() < 5],
        MONTHS,
        HOURS[::7],
        HOURS[:10] + HOURS[15:20],
        [HOURS[0] + timedelta(seconds=place * place * 37) for place in range(300)],
    ],
    ids=[
        "even", "nights", "weekends", "market", "one weekend", "days", "work days", "months", "sevens", "few",
        "uneven",
    ],
)  # fmt: skip
async def test_a_rhythm_is_no_gap(findings, moments):
    (finding,) = await findings(TABLE + rows(moments))
    assert (finding.status, finding.message) == (Status.PASS, "rates has no gaps and no duplicates")
    assert finding.evidence == {"table": "rates", "key": ["symbol", "time"], "rows": len(moments)}


async def test_a_day_that_is_missing_in_a_daily_series(findings):
    (finding,) = await findings(TABLE + rows(DAYS[:40] + DAYS[41:]))
    assert (finding.evidence["missing"], finding.evidence["ranges"][0]["seconds"]) == (1, 86_400)


@pytest.mark.parametrize(
    ("sql", "settings", "reason"),
    [
        (TABLE, "", "no table is watched: name it under [watch], as `diagnose init` does"),
        (TABLE, WATCH + 'database = "other"\n', "[watch] names no database of the config"),
        ("CREATE TABLE u (a)", WATCH, "rates is not in the database"),
        (
            "CREATE TABLE rates (time INTEGER)",
            WATCH,
            "rates has no key to tell its rows apart: name it under [watch]",
        ),
        (TABLE, WATCH, "rates is empty"),
        (
            "CREATE TABLE rates (id INTEGER PRIMARY KEY); INSERT INTO rates VALUES (1), (2), (9)",
            WATCH,
            "no column of the key of rates holds a time",
        ),
        (
            TABLE.replace("symbol TEXT", "symbol BLOB") + rows(HOURS).replace("'BTC'", "x'b7c0'"),
            WATCH,
            "the key of rates holds BLOBs, which name no series",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_judged_is_skipped(findings, sql, settings, reason):
    (finding,) = await findings(sql, settings)
    assert (finding.status, finding.message) == (Status.SKIP, reason)


async def test_without_an_account_it_is_skipped(write_project, check):
    files = {
        "wrangler.toml": CONFIG,
        "worker.py": "async def on_fetch(request): ...\n",
        "diagnose.toml": WATCH,
    }
    found = await check("DAT001", write_project(files))
    assert {finding.status for finding in found if finding.code == "DAT001"} == {Status.SKIP}


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(GapsAndDuplicates)
    assert finding.status is Status.ERROR


@pytest.mark.parametrize("source", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_have_no_finding(source, tmp_path, check):
    folder = shutil.copytree(source, tmp_path / source.name)
    found = [finding for finding in await check("DAT001", folder) if finding.code == "DAT001"]
    assert {finding.status for finding in found} <= {Status.PASS, Status.SKIP}
