from __future__ import annotations

import pytest

from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
NAME = "price-history-import"


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    write_demo(folder)
    return folder


def scripts(folder):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return dict(account.state.scripts)


async def test_the_worker_is_deployed_and_taken_back(demo, repair, undo, tree):
    before = tree(demo)
    (settlement,) = (await repair("DEP001", demo)).settlements
    assert settlement.outcome is Outcome.FIXED
    script = scripts(demo)[NAME]
    source = demo / "pyswarm" / "Data_Import" / "historical_worker.py"
    modules = script.versions[-1].modules
    assert {name: module.content for name, module in modules.items()} == {
        "historical_worker.py": source.read_bytes()
    }
    assert (await repair("DEP001", demo)).settlements == ()
    assert len(scripts(demo)[NAME].versions) == 1
    await undo(demo)
    assert scripts(demo) == {}
    assert tree(demo) == before


async def test_a_worker_that_must_be_bundled_is_refused(demo, repair):
    config = demo / "pyswarm" / "wrangler_historical_import.toml"
    config.write_text(config.read_text().replace("historical_worker.py", "worker.ts"))
    (demo / "pyswarm" / "Data_Import" / "worker.ts").write_text("export default {}")
    (settlement,) = (await repair("DEP001", demo)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == "worker.ts must be bundled first: run `wrangler deploy`"


async def test_without_an_entry_there_is_nothing_to_deploy(demo, repair):
    config = demo / "pyswarm" / "wrangler_historical_import.toml"
    config.write_text(config.read_text().replace("historical_worker.py", "missing.py"))
    (settlement,) = (await repair("DEP001", demo)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("there is nothing to deploy")
    assert scripts(demo) == {}
