from __future__ import annotations

import pytest

from diagnose.engine.runner import run_check
from diagnose.model import Severity, Status
from diagnose.plugin import Context, Target

pytestmark = pytest.mark.anyio

SETTINGS = '[trigger]\nkind = "fetch"\nreported = "inserted"\n'
SWALLOWED = """\
        try:
            await self.env.DB.prepare("INSERT INTO levels (day, tide) VALUES (1, 2)").run()
        except Exception as error:
            print(error)
        return Response.json({"inserted": 2})
"""
SKIPPED = """\
        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, place, metres) VALUES (?, ?, ?)")
        await insert.bind(1, "north", -0.5).run()
        return Response.json({"inserted": 1})
"""
IDLE = """\
        if request.headers.get("x-import"):
            await self.env.DB.prepare("INSERT INTO levels (day, place) VALUES (1, 'north')").run()
        return Response("nothing to do")
"""


async def test_rows_that_land_are_counted(check, tides):
    (found,) = await check("E2E002", tides())

    assert (found.status, found.message) == (Status.PASS, "2 rows landed in levels")
    assert found.resource == "d1/5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001/levels"
    evidence = dict(found.evidence)
    assert evidence.pop("timeline")
    assert evidence == {"fetched": None, "reported": 2, "landed": 2, "equal": 2, "statements": 2}


async def test_a_refused_statement_is_found_although_the_worker_hides_it(check, tides):
    (found,) = await check("E2E002", tides(SWALLOWED))

    assert found.status is Status.FAIL
    assert found.message.startswith("D1 refused 1 of the worker's statements: D1_ERROR: ")
    assert found.evidence["error"] in found.message
    assert (found.evidence["reported"], found.evidence["landed"]) == (2, 0)
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("worker.py", 7)


LARGE = """\
        text = "x" * 3_000_000
        insert = self.env.DB.prepare("INSERT INTO levels (day, place, metres) VALUES (1, ?, 0.5)")
        await insert.bind(text).run()
        return Response.json({"inserted": 1})
"""


async def test_the_limits_of_a_day_refuse_what_those_of_today_take(check, tides):
    (today,) = await check("E2E002", tides(LARGE))
    (june,) = await check("E2E002", tides(LARGE, settings="limits_on = 2026-06-01\n" + SETTINGS))

    assert (today.status, "limits_on" in today.evidence) == (Status.PASS, False)
    assert (june.status, june.evidence["limits_on"]) == (Status.FAIL, "2026-06-01")
    assert june.evidence["error"] == "D1_ERROR: string or blob too big: SQLITE_TOOBIG"


async def test_a_count_that_is_not_the_tables_is_a_lie(check, tides):
    (found,) = await check("E2E002", tides(SKIPPED))

    assert (found.status, found.message) == (
        Status.FAIL,
        "the worker reports 1 rows, and 0 landed in levels",
    )


async def test_a_worker_without_anything_to_write_is_skipped(check, tides):
    (found,) = await check("E2E002", tides(IDLE, settings='[trigger]\nkind = "fetch"\n'))

    assert found.status is Status.SKIP
    assert "nothing to write" in found.message


async def test_nothing_written_to_the_watched_table_is_advice(check, tides):
    settings = '[trigger]\nkind = "fetch"\n[watch]\ntable = "levels"\n'
    (found,) = await check("E2E002", tides(IDLE, settings=settings))

    assert (found.status, found.severity) == (Status.WARN, Severity.ADVICE)
    assert found.message == "no statement failed, but nothing was written to levels"


async def test_the_constraint_that_or_ignore_hides_is_named(check, tides):
    body = SKIPPED.replace('{"inserted": 1}', '{"inserted": 0}')
    (found,) = await check("E2E002", tides(body))

    assert (found.status, found.severity) == (Status.FAIL, Severity.ERROR)
    assert found.message == (
        "INSERT OR IGNORE passed over every row for levels: CHECK constraint failed: metres >= 0"
    )
    assert (found.location.path, found.location.line) == ("worker.py", 7)


async def test_a_worker_that_fails_before_it_writes_is_not_judged_twice(check, tides):
    settings = '[trigger]\nkind = "fetch"\n[watch]\ntable = "levels"\n'
    body = '        raise KeyError("data")\n' + IDLE
    (found,) = await check("E2E002", tides(body, settings=settings))

    assert found.status is Status.SKIP
    assert found.message == "the worker failed before it wrote anything (E2E001)"


async def test_a_binding_that_is_not_declared_is_the_reason(check, tides):
    body = SKIPPED.replace("self.env.DB", "self.env.TIDES")
    (found,) = await check("E2E002", tides(body))

    assert found.status is Status.SKIP
    assert found.message == (
        "no D1 database of the config stands behind the table that the worker writes (CFG003)"
    )


async def test_without_a_table_there_is_nothing_to_count(check, tides):
    (found,) = await check("E2E002", tides('        return Response("ok")\n'))

    assert found.status is Status.SKIP


async def test_offline_executes_nothing(check, tides):
    (found,) = await check("E2E002", tides(), offline=True)

    assert found.status is Status.SKIP


async def test_a_crash_is_an_error(tides):
    from checks.end_to_end.rows_did_not_land import RowsDidNotLand

    class Unmet(RowsDidNotLand):
        requires = frozenset()

    (found,) = await run_check(Unmet, Context(project=object(), target=Target.OFFLINE))

    assert found.status is Status.ERROR
