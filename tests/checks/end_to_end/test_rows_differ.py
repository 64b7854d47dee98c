from __future__ import annotations

import pytest

from diagnose.engine.runner import run_check
from diagnose.model import Status
from diagnose.plugin import Context, Target

pytestmark = pytest.mark.anyio

INSERT = """\
        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, place, metres) VALUES (?, ?, ?)")
"""
FETCHED = """\
        from workers import fetch

        answer = await fetch("https://tides.example/levels")
        for level in (await answer.json())["levels"]:
            await self.env.DB.prepare("INSERT INTO levels (day, place, metres) VALUES (?, ?, ?)").bind(
                level["d"], "north", level["m"] {change}
            ).run()
        return Response("ok")
"""
RESPONSES = """\
[trigger]
kind = "fetch"

[[responses]]
url = "https://tides.example/levels"
body_file = "levels.json"

[rows]
path = "levels"
columns = { d = "day", m = "metres" }
"""
LEVELS = '{"levels": [{"d": 1, "m": 0.5}, {"d": 2, "m": 0.7}]}'


async def test_rows_that_land_as_they_were_bound(check, tides):
    (found,) = await check("E2E004", tides())

    assert (found.status, found.message) == (Status.PASS, "all 2 bound rows landed equal")
    assert found.evidence == {"fetched": None, "bound": 2, "landed": 2, "equal": 2}


async def test_a_row_that_is_ignored_is_missed(check, tides):
    body = INSERT + (
        '        await insert.bind(1, "north", 0.5).run()\n'
        '        await insert.bind(2, "north", -1).run()\n'
        '        return Response("ok")\n'
    )

    (found,) = await check("E2E004", tides(body))

    assert found.status is Status.FAIL
    assert found.message == (
        "1 of 2 rows bound for levels did not land as they were bound: "
        "INSERT OR IGNORE passed over them, CHECK constraint failed: metres >= 0"
    )
    assert (found.location.path, found.location.line) == ("worker.py", 7)
    assert found.evidence["examples"] == [
        {"bound": {"day": 2, "place": "north", "metres": -1.0}, "landed": None}
    ]


async def test_a_number_in_a_text_column_is_another_value(check, tides):
    body = INSERT + '        await insert.bind(1, 7, 0.5).run()\n        return Response("ok")\n'

    (found,) = await check("E2E004", tides(body))

    assert found.status is Status.FAIL
    ((example),) = found.evidence["examples"]
    assert (example["bound"]["place"], example["landed"]["place"]) == (7.0, "7.0")
    assert found.message.endswith("did not land as they were bound: place is '7.0' where 7.0 was bound")


async def test_a_number_in_text_for_a_numeric_column_is_not(check, tides):
    body = INSERT + '        await insert.bind("1", "north", "0.5").run()\n        return Response("ok")\n'

    (found,) = await check("E2E004", tides(body))

    assert (found.status, found.message) == (Status.PASS, "all 1 bound rows landed equal")


async def test_a_row_that_is_there_twice_by_its_key_is_not_lost(check, tides):
    body = INSERT + (
        '        await insert.bind(1, "north", 0.5).run()\n'
        '        await insert.bind(1, "north", 0.5).run()\n'
        '        return Response("ok")\n'
    )

    (found,) = await check("E2E004", tides(body))

    assert found.status is Status.PASS


@pytest.mark.parametrize(("change", "status", "equal"), [("", Status.PASS, 2), ("* 2", Status.FAIL, 0)])
async def test_fetched_rows_are_compared_under_a_mapping(check, tides, change, status, equal):
    folder = tides(FETCHED.format(change=change), settings=RESPONSES, **{"levels.json": LEVELS})

    (found,) = await check("E2E004", folder)

    assert found.status is status
    assert (found.evidence["fetched"], found.evidence["landed"], found.evidence["equal"]) == (2, 2, equal)
    if change:
        assert found.message == (
            "2 rows were fetched, and 0 of them are in the table with equal values: "
            "metres is 1.0 where 0.5 was fetched"
        )


async def test_what_the_database_changed_is_said_once(check, tides):
    body = FETCHED.format(change="").replace('"north"', "7")
    folder = tides(body, settings=RESPONSES.replace('m = "metres"', 'm = "place"'), **{"levels.json": LEVELS})

    (found,) = await check("E2E004", folder)

    assert "bound for levels" in found.message
    assert found.evidence["fetched"] == 2


async def test_nothing_bound_is_nothing_to_compare(check, tides):
    (found,) = await check("E2E004", tides('        return Response("ok")\n'))

    assert found.status is Status.SKIP


async def test_a_crash_is_an_error():
    from checks.end_to_end.rows_differ import RowsDiffer

    class Unmet(RowsDiffer):
        requires = frozenset()

    (found,) = await run_check(Unmet, Context(project=object(), target=Target.OFFLINE))

    assert found.status is Status.ERROR
