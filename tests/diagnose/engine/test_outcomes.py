from __future__ import annotations

import asyncio

import pytest

from diagnose.engine.outcomes import RunOutcomes
from diagnose.engine.registry import Registry
from diagnose.engine.runner import Selection, run_checks
from diagnose.model import Finding, Severity, Status
from diagnose.plugin import Check, Context, Need, Target

pytestmark = pytest.mark.anyio


def check(code: str, *needs: Need) -> type[Check]:
    return type(
        code, (Check,), {"code": code, "name": code.lower(), "requires": frozenset(needs), "run": None}
    )


FILES, ACCOUNT = check("AAA001", Need.CONFIG), check("AAA002", Need.ACCOUNT)
REGISTRY = Registry({"AAA001": FILES, "AAA002": ACCOUNT}, {}, ())


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def outcomes(ran: list[str]):
    def make(*select: str, ignore: tuple[str, ...] = ()) -> RunOutcomes:
        async def run(each: type[Check]) -> list[Finding]:
            ran.append(each.code)
            await asyncio.sleep(0)
            return [
                Finding(code=each.code, name="x", status=Status.PASS, severity=Severity.ERROR, message="fine")
            ]

        return RunOutcomes(REGISTRY, Selection(select, ignore), run)

    return make


async def test_a_check_runs_once_however_many_ask(outcomes, ran: list[str]):
    known = outcomes()

    started, first, second = await asyncio.gather(known.start(FILES), known.of("AAA001"), known.of("AAA001"))

    assert tuple(started) == first == second
    assert [finding.message for finding in first] == ["fine"]
    assert ran == ["AAA001"]


async def test_what_only_reads_files_runs_for_a_check_that_asks(outcomes, ran: list[str]):
    known = outcomes("BBB")

    assert await known.of("AAA002") is None
    assert await known.of("AAA001") is not None
    assert ran == ["AAA001"]


async def test_what_was_taken_away_does_not_run(outcomes, ran: list[str]):
    assert await outcomes(ignore=("AAA001",)).of("AAA001") is None
    assert await outcomes().of("ZZZ999") is None
    assert ran == []


async def test_who_stops_waiting_ends_the_check_for_nobody_else(outcomes):
    known = outcomes()
    impatient = asyncio.ensure_future(known.of("AAA001"))
    await asyncio.sleep(0)
    impatient.cancel()

    assert await known.of("AAA001") is not None


async def test_codes_and_checks_are_known(outcomes):
    known = outcomes()

    assert known.codes() == ("AAA001", "AAA002")
    assert (known.check("AAA001"), known.check("ZZZ999")) == (FILES, None)


async def test_in_a_run_a_check_sees_what_others_yield():
    class Plain(Check):
        code, name = "AAA001", "plain"

        async def run(self, ctx):
            yield self.problem("wrong")

    class Asking(Check):
        code, name = "AAA002", "asking"

        async def run(self, ctx):
            yield self.passed(", ".join(finding.message for finding in await ctx.outcomes.of("AAA001")))

    registry = Registry({"AAA002": Asking, "AAA001": Plain}, {}, ())
    project = type("P", (), {"settings": type("S", (), {"ignores": ()})})
    ctx = Context(project=project, target=Target.OFFLINE)

    first, second = await run_checks(registry, ctx)

    assert (first.message, second.message) == ("wrong", "wrong")


def test_what_was_chosen_and_its_fixes(outcomes):
    known = outcomes("AAA002")

    assert known.selected() == (ACCOUNT,)
    assert known.fix("AAA002") is None


async def test_a_run_that_cannot_be_finished_ends_its_checks():
    async def forever(each: type[Check]) -> list[Finding]:
        await asyncio.sleep(60)
        return []

    known = RunOutcomes(REGISTRY, Selection(), forever)
    started = known.start(FILES)
    await known.stop()

    assert started.cancelled()
