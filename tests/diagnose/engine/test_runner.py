from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.account import Account, AccountKind, ApiError, Secret, UnreachableError
from diagnose.account.errors import Exchange, MalformedAnswerError, api_error
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.reporting import Thresholds, exit_code
from diagnose.engine.runner import Selection, run_check, run_checks
from diagnose.errors import AccountError, PluginError
from diagnose.exits import ExitCode
from diagnose.model import Confidence, FixInfo, Safety, Severity, Status
from diagnose.plugin import Check, Fix, Need

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from diagnose.engine.registry import Registry
    from diagnose.engine.session import Session
    from diagnose.model import Finding
    from diagnose.plugin import Context

pytestmark = pytest.mark.anyio


class Quiet(Check):
    """Passes."""

    code = "AAA001"
    name = "quiet-check"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        yield self.passed("in order")


class Failing(Quiet):
    """Finds two things."""

    code = "AAB001"
    name = "failing"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        yield self.problem("first")
        yield self.problem("second", severity=Severity.ADVICE, fix=FixInfo(available=False, reason="by hand"))


class Crashing(Quiet):
    """Breaks after its first finding."""

    code = "BBB001"
    name = "crashing"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        yield self.problem("half a truth")
        raise ZeroDivisionError("by zero")


class Refused(Quiet):
    """Meets an error that the product raises on purpose."""

    code = "BBB002"
    name = "refused"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        raise AccountError("the token may not read D1", hint="add D1 Read")
        yield self.passed("never")


def refusing(make: Callable[[], Exception]) -> type[Check]:
    """A check that meets an error behind its first finding."""

    class Meeting(Quiet):
        code = "BBB003"
        name = "meeting"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            yield self.passed("what the token may read")
            raise make()

    return Meeting


def refusal(status: int, code: int, text: str, path: str = "/accounts/0/d1/database") -> ApiError:
    return api_error(Exchange(method="GET", path=path, status=status, code=code, message=text))


class Sleeping(Quiet):
    """Takes too long."""

    code = "CCC001"
    name = "sleeping"
    timeout = 0.05

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        await asyncio.sleep(30)
        yield self.passed("never")


class Waiting(Quiet):
    """Is told by the account to wait for longer than it may take."""

    code = "CCC002"
    name = "waiting"
    timeout = 0.05

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        assert ctx.account is not None
        for told in tuple(ctx.account._transport.on_wait):
            told(30.0, "the API asked to wait")
        await asyncio.sleep(0.1)
        yield self.passed("in the end")


class Needy(Quiet):
    """Needs what is not there; `config` is met, and `account` comes before `runtime`."""

    code = "DDD001"
    name = "needy"
    requires = frozenset({Need.CONFIG, Need.RUNTIME, Need.ACCOUNT})


class Mending(Fix):
    """Belongs to Failing."""

    code = "AAB001"
    safety = Safety.REVIEW


@pytest.fixture
async def ctx(session: Callable[..., Session]) -> AsyncIterator[Context]:
    async with session() as opened:
        yield await opened.context()


def facts(findings: list[Finding] | tuple[Finding, ...]) -> list[tuple[str, Status, str]]:
    return [(finding.code, finding.status, finding.message) for finding in findings]


async def test_findings_come_in_the_order_of_the_registry(registry: Callable[..., Registry], ctx: Context):
    found = await run_checks(registry(Failing, Quiet), ctx)

    assert facts(found) == [
        ("AAB001", Status.FAIL, "first"),
        ("AAB001", Status.WARN, "second"),
        ("AAA001", Status.PASS, "in order"),
    ]


async def test_a_crash_is_an_error_and_ends_nothing_else(registry: Callable[..., Registry], ctx: Context):
    found = await run_checks(registry(Crashing, Refused, Quiet), ctx)

    assert [(f.code, f.status) for f in found] == [
        ("BBB001", Status.ERROR),
        ("BBB002", Status.ERROR),
        ("AAA001", Status.PASS),
    ]
    assert found[0].message.startswith("the check itself broke: ZeroDivisionError: by zero (run, line ")
    assert found[1].message == "the check itself broke: the token may not read D1; add D1 Read"
    assert found[0].confidence is Confidence.HIGH


async def test_a_permission_that_is_missing_is_a_skip_behind_what_was_found(ctx: Context):
    found = await run_check(refusing(lambda: refusal(403, 7403, "not authorized")), ctx)

    assert facts(found) == [
        ("BBB003", Status.PASS, "what the token may read"),
        (
            "BBB003",
            Status.SKIP,
            "the token lacks “D1 Read” for this account (DEP006): not authorized",
        ),
    ]


async def test_a_permission_without_a_name_is_told_by_its_call(ctx: Context):
    found = await run_check(refusing(lambda: refusal(403, 10000, "no", "/radar")), ctx)

    assert found[1].message == "the token lacks what GET /radar needs for this account (DEP006): no"


@pytest.mark.parametrize(
    "make",
    [
        lambda: refusal(401, 10000, "Authentication error"),
        lambda: refusal(429, 10500, "too many"),
        lambda: UnreachableError(Exchange(method="GET", path="/", message="no answer")),
    ],
)
async def test_an_account_that_cannot_be_asked_ends_the_run(
    registry: Callable[..., Registry], ctx: Context, make: Callable[[], ApiError]
):
    with pytest.raises(ApiError) as caught:
        await run_checks(registry(Quiet, refusing(make), Sleeping), ctx)

    assert caught.value.exit_code is ExitCode.UNFINISHED


async def test_what_was_being_found_cleans_up_before_the_run_ends(
    registry: Callable[..., Registry], ctx: Context
):
    told: list[str] = []
    begun = asyncio.Event()

    async def follow() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("cleaned up")

    class Following(Quiet):
        code = "BBB004"
        name = "following"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            await ctx.fact("followed", follow)
            yield self.passed("never")

    class Leaving(Quiet):
        code = "BBB005"
        name = "leaving"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            await begun.wait()
            yield self.passed("before the end")
            raise refusal(429, 10500, "too many")

    with pytest.raises(ApiError):
        await run_checks(registry(Following, Leaving), ctx)

    assert told == ["cleaned up"]


async def test_a_token_that_verification_knows_lacks_a_permission(
    registry: Callable[..., Registry], ctx: Context
):
    with EmbeddedAccount.memory() as embedded:
        ctx.account = Account.over_app(
            embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.REAL
        )
        async with ctx.account:
            found = await run_check(refusing(lambda: refusal(401, 10000, "Authentication error")), ctx)

    assert found[1].message == "the token lacks “D1 Read” for this account (DEP006): Authentication error"


@pytest.mark.parametrize(
    "make",
    [
        lambda: refusal(500, 7500, "internal error"),
        lambda: refusal(503, 0, "upstream connect error"),
        lambda: refusal(404, 7003, "Could not route"),
        lambda: MalformedAnswerError(
            Exchange(method="GET", path="/accounts/0/d1/database", message="<html>")
        ),
    ],
)
async def test_trouble_of_the_service_leaves_its_check_unfinished_and_no_other(
    registry: Callable[..., Registry], ctx: Context, make: Callable[[], ApiError]
):
    (_, found, quiet) = await run_checks(registry(refusing(make), Quiet), ctx)

    assert (found.status, quiet.status) == (Status.ERROR, Status.PASS)
    assert found.message == f"the account gave no usable answer: {make()}"
    assert found.evidence == {"unanswered": "GET /accounts/0/d1/database"}
    assert exit_code([found, quiet], None, Thresholds()) is ExitCode.UNFINISHED


async def test_a_check_that_takes_too_long_is_an_error(ctx: Context):
    (found,) = await run_check(Sleeping, ctx)

    assert found.status is Status.ERROR
    assert found.message == "the check itself broke: gave no answer within 0.05 seconds"
    assert 50 <= found.duration_ms < 10_000


async def test_a_missing_need_is_a_skip_with_its_reason(ctx: Context):
    (found,) = await run_check(Needy, ctx)

    assert (found.status, found.message) == (
        Status.SKIP,
        "needs an account; --offline looks at files only",
    )


async def test_checks_run_side_by_side(registry: Callable[..., Registry], ctx: Context):
    meeting = asyncio.Event()

    class Waiting(Quiet):
        code = "EEE001"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            await meeting.wait()
            yield self.passed("met")

    class Calling(Quiet):
        code = "FFF001"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            meeting.set()
            yield self.passed("called")

    found = await run_checks(registry(Waiting, Calling), ctx)

    assert [finding.message for finding in found] == ["met", "called"]


async def test_problems_say_whether_they_can_be_repaired(registry: Callable[..., Registry], ctx: Context):
    first, second, passed = await run_checks(registry(Failing, Quiet, Mending), ctx)
    (without, _) = await run_checks(registry(Failing), ctx)

    assert first.fix == FixInfo(available=True, safety=Safety.REVIEW)
    assert second.fix == FixInfo(available=False, reason="by hand")
    assert passed.fix is None
    assert without.fix == FixInfo(available=False)


async def test_plug_in_problems_come_first(registry: Callable[..., Registry], ctx: Context):
    broken = PluginError("plug-in `house` cannot be used", hint="uninstall it")

    found = await run_checks(registry(Quiet, problems=(broken,)), ctx)

    assert facts(found) == [
        ("PLUGIN", Status.ERROR, "plug-in `house` cannot be used; uninstall it"),
        ("AAA001", Status.PASS, "in order"),
    ]


async def test_the_observer_hears_of_every_check(
    registry: Callable[..., Registry], ctx: Context, recorder: type
):
    operator = recorder()

    await run_checks(registry(Quiet, Failing), ctx, observer=operator)

    assert operator.seen == ["checking AAA001 1/2", "checking AAB001 2/2"]


@pytest.mark.parametrize(
    ("selection", "codes"),
    [
        (Selection(), ["AAA001", "AAB001", "BBB001"]),
        (Selection(select=("AAA001",)), ["AAA001"]),
        (Selection(select=("aa",)), ["AAA001", "AAB001"]),
        (Selection(select=("quiet-check", "BBB")), ["AAA001", "BBB001"]),
        (Selection(ignore=("AA",)), ["BBB001"]),
        (Selection(select=("AA",), ignore=("failing",)), ["AAA001"]),
        (Selection(select=("quiet",)), []),
        (Selection(select=("",)), []),
    ],
)
async def test_codes_families_and_names_select(selection: Selection, codes: list[str]):
    assert [check.code for check in (Quiet, Failing, Crashing) if selection.wants(check)] == codes


async def test_a_check_without_needs_runs_without_a_config(
    session: Callable[..., Session], folder: Path, registry: Callable[..., Registry]
):
    (folder / "wrangler.toml").write_text("name = \n")
    async with session() as opened:
        found = await run_checks(registry(Quiet, Needy), await opened.context())

    assert facts(found)[0] == ("AAA001", Status.PASS, "in order")
    assert facts(found)[1] == (
        "DDD001",
        Status.SKIP,
        "needs an account; --offline looks at files only",
    )


async def test_a_checks_time_does_not_run_while_the_account_waits(ctx: Context):
    with EmbeddedAccount.memory() as embedded:
        async with Account.over_app(
            embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.REAL
        ) as account:
            (found,) = await run_check(Waiting, replace(ctx, account=account))
            assert account._transport.on_wait == []

    assert (found.status, found.message) == (Status.PASS, "in the end")
