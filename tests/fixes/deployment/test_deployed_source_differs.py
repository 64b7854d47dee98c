from __future__ import annotations

import pytest

from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.engine.fixing import Fixer
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection
from diagnose.engine.settlement import Outcome
from diagnose.model import Severity, Status
from tests.conftest import Confirming, open_session

pytestmark = pytest.mark.anyio
NAME = "price-history-import"
WORKER = "pyswarm/Data_Import/historical_worker.py"
ANSWERS = {"option": "direct", "trigger": "cron:0 3 * * *"}


def deploy(folder, *bindings, text=None, module="historical_worker.py"):
    """Let the demo's worker be deployed as it is, or with another text."""
    content = (folder / WORKER).read_bytes() if text is None else text.encode()
    upload = Upload(
        main_module=module,
        modules={module: Module(content=content, content_type="text/x-python")},
        bindings=bindings,
        compatibility_date="2025-11-10",
        compatibility_flags=("python_workers",),
    )
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.put_script(upload_and_deploy(account.state, NAME, upload))


def script(folder):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return account.scripts[NAME]


def code(folder):
    return script(folder).active.modules["historical_worker.py"].content


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    write_demo(folder)
    return folder


@pytest.fixture
def old(demo):
    """The text of an earlier state of the worker."""
    return (demo / WORKER).read_text().replace("Not found", "Nothing here")


async def test_it_is_deployed_and_taken_back(demo, old, repair, undo, tree):
    deploy(demo, text=old)
    before = tree(demo)
    (settlement,) = (await repair("DEP002", demo)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1)
    assert code(demo) == (demo / WORKER).read_bytes()
    assert (await repair("DEP002", demo)).settlements == ()
    assert len(script(demo).versions) == 2
    await undo(demo)
    assert code(demo) == old.encode()
    assert tree(demo) == before


EXTRA = {"type": "plain_text", "name": "EXTRA", "text": "set in the dashboard"}


async def test_what_only_the_account_has_is_not_taken_away(demo, old, repair):
    deploy(demo, EXTRA, text=old)
    (settlement,) = (await repair("DEP002", demo)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == (
        "a deploy would take away what the config has not: variable EXTRA is deployed and not in the config: "
        "decide CFG008 first (--option drift=pull or drift=deploy)"
    )
    assert code(demo) == old.encode()


async def test_the_user_may_say_that_the_config_is_right(demo, old, repair):
    deploy(demo, EXTRA, text=old)
    (settlement,) = (await repair("DEP002", demo, options={"drift": "deploy"})).settlements
    assert settlement.outcome is Outcome.FIXED
    assert "EXTRA" not in {binding["name"] for binding in script(demo).active.bindings}


async def test_variables_that_the_config_keeps_stay(demo, old, repair):
    config = demo / "pyswarm" / "wrangler_historical_import.toml"
    config.write_text("keep_vars = true\n" + config.read_text())
    deploy(demo, EXTRA, text=old)
    (settlement,) = (await repair("DEP002", demo)).settlements
    assert settlement.outcome is Outcome.FIXED
    assert EXTRA in script(demo).active.bindings


async def test_another_language_is_deployed_by_wrangler(write_project, saved_account, repair):
    config = 'name = "rates"\nmain = "worker.js"\nno_bundle = true\ncompatibility_date = "2025-11-10"\n'
    text = "export default { async fetch() { return new Response('ok') } }\n"
    folder = write_project({"wrangler.toml": config, "worker.js": text})
    module = Module(content=b"// old\n" + text.encode(), content_type="application/javascript+module")
    with EmbeddedAccount.open(saved_account(folder, {})) as account:
        upload = Upload(main_module="worker.js", modules={"worker.js": module})
        account.put_script(upload_and_deploy(account.state, "rates", upload))
    (settlement,) = (await repair("DEP002", folder)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == "worker.js must be bundled first: run `npx wrangler deploy`"


@pytest.fixture
def repair_all():
    """Repair everything, as `diagnose fix --yes` does."""

    async def fix(folder, **choices):
        async with open_session(folder, writable=True, **choices) as session:
            fixer = Fixer(session, load_registry(), Confirming(), session.journal_folder)
            return await fixer.fix(Selection())

    return fix


@pytest.mark.parametrize("state", ["as it is", "an old text", "another module"])
async def test_one_run_of_fix_ends_with_the_repaired_code_deployed(demo, old, repair_all, state):
    """Some repairs come before a deploy, and the deploy of another repair before some of them."""
    texts = {
        "as it is": {},
        "an old text": {"text": old},
        "another module": {"text": old, "module": "old.py"},
    }
    deploy(demo, **texts[state])
    result = await repair_all(demo, options=dict(ANSWERS))
    assert code(demo) == (demo / WORKER).read_bytes()
    assert b"json_each" in code(demo)
    assert [entry.cron for entry in script(demo).schedules] == ["0 3 * * *"]
    left = [
        one for one in result.findings if one.status is Status.WARN and one.severity is not Severity.ADVICE
    ]
    assert [(one.code, one.message) for one in left] == []
    assert [one.code for one in result.findings if one.status in {Status.FAIL, Status.ERROR}] == []
    assert {one.finding.code: one.outcome for one in result.settlements if not one.outcome.is_good} == {}
    assert (await repair_all(demo, options=dict(ANSWERS))).run_id is None


async def test_one_run_of_fix_keeps_what_the_dashboard_added(demo, old, repair_all):
    deploy(demo, EXTRA, text=old)
    result = await repair_all(demo, options={**ANSWERS, "drift": "pull"})
    assert code(demo) == (demo / WORKER).read_bytes()
    assert {"EXTRA", "DB"} <= {binding["name"] for binding in script(demo).active.bindings}
    assert {one.finding.code: one.outcome for one in result.settlements if not one.outcome.is_good} == {}


async def test_over_http_one_run_ends_with_the_repaired_code_deployed_as_well(demo, old, repair_over_http):
    deploy(demo, text=old)
    result = await repair_over_http("CFG,TBL,DEP,LIM,SRC,QUE", demo, options=dict(ANSWERS))
    assert code(demo) == (demo / WORKER).read_bytes()
    assert b"json_each" in code(demo)
    assert {one.finding.code: one.outcome for one in result.settlements if not one.outcome.is_good} == {}
    assert [one.code for one in result.findings if one.status in {Status.FAIL, Status.ERROR}] == []
