from __future__ import annotations

from types import SimpleNamespace

import pytest

from checks.deployment.token_scope import TokenScope
from diagnose.account import AccountKind, CredentialError
from diagnose.demo.account import MAIN
from diagnose.embedded.tokens import Permission
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Status
from diagnose.plugin import Context, Target

pytestmark = pytest.mark.anyio
QUEUED = '\n[[queues.producers]]\nbinding = "RATES"\nqueue = "rates"\n'
BOUND = f'database_name = "rates"\ndatabase_id = "{MAIN.uuid}"\n'


@pytest.fixture
def project(worker, saved_account):
    """A project that uses workers, a database and a queue, beside its account."""

    def make(config=QUEUED):
        folder = worker(("scheduled(self, controller)", "await self.pull()"), config=config)
        with (folder / "wrangler.toml").open("a") as file:
            file.write(BOUND)
        saved_account(folder, {MAIN.uuid: ("rates", "CREATE TABLE rates (day TEXT)")})
        return folder

    return make


async def test_a_token_that_may_read_everything(project, check_over_http):
    (finding,) = await check_over_http("DEP006", project())
    assert finding.status is Status.PASS
    assert finding.message == (
        "the token may read what the selected checks ask; "
        "not probed, since only fixes need it: D1 Edit, Queues Edit, Workers Scripts Edit"
    )
    assert finding.evidence == {
        "missing": [],
        "granted": ["D1 Read", "Queues Read", "Workers Scripts Read"],
        "not_probed": ["D1 Edit", "Queues Edit", "Workers Scripts Edit"],
        "status": "active",
        "owner": "user",
        "expires_on": None,
    }


async def test_one_message_names_everything_that_is_missing(project, check_over_http):
    permissions = frozenset({Permission.WORKERS_READ})
    (finding,) = await check_over_http("DEP006", project(), permissions=permissions)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == "the token lacks “D1 Read” and “Queues Read” for this account"
    database, queues = finding.evidence["missing"]
    assert (database["permission"], database["dashboard"]) == ("D1 Read", "Account · D1 · Read")
    assert {"CFG006", "TBL001", "TBL004"} <= set(database["checks"])
    assert database["error"] == "The given account is not valid or is not authorized to access this service"
    assert queues["permission"] == "Queues Read"
    assert finding.evidence["granted"] == ["Workers Scripts Read"]
    assert {"CFG006", "TBL001", "QUE002"} <= set(finding.explains)
    assert finding.fix is not None
    assert not finding.fix.available


async def test_a_token_that_reaches_nothing_may_be_for_another_account(project, check_over_http):
    (finding,) = await check_over_http("DEP006", project(), permissions=frozenset())
    assert finding.message == (
        "the token lacks “D1 Read”, “Queues Read” and “Workers Scripts Read” for this account, "
        "or CLOUDFLARE_ACCOUNT_ID is the id of another account"
    )


async def test_what_the_project_does_not_use_is_not_asked(project, check_over_http):
    permissions = frozenset({Permission.WORKERS_READ, Permission.D1_READ})
    (finding,) = await check_over_http("DEP006", project(config=""), permissions=permissions)
    assert finding.status is Status.PASS
    assert finding.evidence["granted"] == ["D1 Read", "Workers Scripts Read"]


async def test_the_selected_checks_decide_what_is_asked(project, check_over_http):
    found = await check_over_http("DEP006,QUE002", project(), permissions=frozenset({Permission.QUEUES_READ}))
    scope = next(finding for finding in found if finding.code == "DEP006")
    assert scope.status is Status.PASS
    assert (scope.evidence["granted"], scope.evidence["not_probed"]) == (["Queues Read"], ["Queues Edit"])


async def test_nothing_is_written(project, cloudflare):
    from diagnose.engine.registry import load_registry
    from diagnose.engine.runner import Selection, run_checks

    async with cloudflare(project(), permissions=frozenset()) as session:
        ctx = await session.context()
        await run_checks(load_registry(), ctx, selection=Selection(select=("DEP006",)))
        assert {method for method, _ in ctx.account.requests} == {"GET"}


async def test_what_the_token_may_not_read_is_skipped_elsewhere(project, check_over_http):
    permissions = frozenset({Permission.WORKERS_READ})
    found = await check_over_http("DEP,QUE002,TBL001,CFG006", project(), permissions=permissions)
    skipped = {finding.code: finding.message for finding in found if finding.status is Status.SKIP}
    assert skipped["QUE002"] == (
        "the token lacks “Queues Read” for this account (DEP006): Authentication error"
    )
    assert skipped["TBL001"].startswith("the token lacks “D1 Read” for this account (DEP006): ")
    assert skipped["CFG006"] == skipped["TBL001"]
    assert [finding.code for finding in found if finding.status is Status.ERROR] == []
    assert {finding.code for finding in found if finding.status is Status.FAIL} == {
        "DEP001",
        "DEP004",
        "DEP006",
    }


async def test_an_unusable_token_ends_the_run(project, check_over_http):
    with pytest.raises(CredentialError) as caught:
        await check_over_http("DEP", project(), status="expired")
    assert caught.value.exit_code == 4


async def test_an_embedded_account_has_no_such_question(project, findings):
    (finding,) = await findings("DEP006", project())
    assert (finding.status, finding.message) == (
        Status.SKIP,
        "needs a Cloudflare account: --target cloudflare",
    )


class Eager(TokenScope):
    """Asks for nothing."""

    requires = frozenset()


async def test_a_crash_is_an_error():
    account = SimpleNamespace(kind=AccountKind.REAL)
    (finding,) = await run_check(Eager, Context(project=None, target=Target.CLOUDFLARE, account=account))
    assert finding.status is Status.ERROR
