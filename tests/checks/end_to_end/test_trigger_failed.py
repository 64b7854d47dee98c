from __future__ import annotations

import pytest

from diagnose.model import Location, Status

pytestmark = pytest.mark.anyio


async def test_a_worker_that_answers_passes(check, tides):
    (found,) = await check("E2E001", tides())

    assert found.status is Status.PASS
    assert found.message.startswith("the trigger answered with status 200 in ")
    assert (found.evidence["outcome"], found.evidence["status"]) == ("ok", 200)
    kinds = [event["kind"] for event in found.evidence["timeline"]]
    assert (kinds[0], kinds[-1]) == ("trigger", "rows")


async def test_an_exception_is_found_at_its_line(check, tides):
    (found,) = await check("E2E001", tides('        raise ValueError("no tide today")\n'))

    assert found.status is Status.FAIL
    assert found.message == "the worker raised ValueError: no tide today"
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("worker.py", 6)
    assert found.evidence["error"] == "no tide today"
    assert found.explains == ("E2E002", "E2E004")


async def test_an_error_of_d1_that_escapes_is_the_exception(check, tides):
    body = '        await self.env.DB.prepare("INSERT INTO nowhere VALUES (1)").run()\n'

    (found,) = await check("E2E001", tides(body))

    assert found.status is Status.FAIL
    assert "no such table: nowhere" in found.evidence["error"]


@pytest.mark.parametrize("status", [400, 503])
async def test_an_error_status_is_a_failure(check, tides, status):
    (found,) = await check("E2E001", tides(f'        return Response("no", status={status})\n'))

    assert (found.status, found.message) == (
        Status.FAIL,
        f"GET / was answered with status {status}",
    )


@pytest.mark.parametrize("status", [202, 304])
async def test_other_statuses_are_none(check, tides, status):
    (found,) = await check("E2E001", tides(f"        return Response(None, status={status})\n"))

    assert found.status is Status.PASS


async def test_a_fetch_without_a_recorded_answer_is_a_skip_that_names_it(check, tides):
    body = (
        "        from workers import fetch\n\n"
        '        await fetch("https://tides.example/levels")\n        return Response("ok")\n'
    )

    (found,) = await check("E2E001", tides(body))

    assert found.status is Status.SKIP
    assert "no recorded answer for https://tides.example/levels" in found.message


async def test_offline_executes_nothing(check, tides):
    (found,) = await check("E2E001", tides(), offline=True)

    assert (found.status, found.message) == (Status.SKIP, "--offline never executes project code")


async def test_a_recorded_answer_that_is_missing_is_a_skip(check, tides):
    settings = '[trigger]\nkind = "fetch"\n[[responses]]\nurl = "*"\nbody_file = "missing.json"\n'
    body = (
        "        from workers import fetch\n\n"
        '        await fetch("https://tides.example/levels")\n        return Response("ok")\n'
    )

    (found,) = await check("E2E001", tides(body, settings=settings))

    assert found.status is Status.SKIP
    assert "recorded response cannot be read" in found.message
    assert found.location != Location("worker.py")
