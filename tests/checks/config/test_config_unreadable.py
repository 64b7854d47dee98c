from __future__ import annotations

import pytest

from checks.config.config_unreadable import ConfigUnreadable
from diagnose.model import Confidence, Status

pytestmark = pytest.mark.anyio


async def test_a_config_that_can_be_read(write_project, found):
    folder = write_project({"wrangler.toml": 'name = "a"\n\n[observability]\nenabled = true\n'})
    assert await found("CFG001", folder) == [
        ("pass", "error", "high", "wrangler.toml can be read", "wrangler.toml")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [("wrangler.toml", 'name = "a"\nmain = \n'), ("wrangler.jsonc", '{"name": "a",\n "main" "b"}')],
)
async def test_broken_syntax_has_a_place_and_no_repair(write_project, check, name, text):
    folder = write_project({name: text})
    [finding] = [each for each in await check("CFG001", folder, offline=True) if each.code == "CFG001"]
    assert finding.status is Status.FAIL
    assert finding.message.startswith("the config does not parse: ")
    assert str(finding.location).startswith(f"{name}:2")
    assert finding.evidence["problem"] == "syntax"
    assert not finding.fix.available


async def test_documents_divided_by_dashes(write_project, check):
    folder = write_project({"wrangler.toml": 'name = "a"\n---\nname = "b"\n'})
    [finding] = [each for each in await check("CFG001", folder, offline=True) if each.code == "CFG001"]
    assert finding.message == "holds 2 documents divided by `---`"
    assert str(finding.location) == "wrangler.toml:2:1"
    assert finding.evidence == {"problem": "documents", "documents": 2}
    assert finding.fix.available


async def test_swallowed_keys(write_project, check):
    folder = write_project(
        {"wrangler.toml": '[observability.logs]\nenabled = true\nname = "a"\nmain = "w.py"\n'}
    )
    [finding] = [each for each in await check("CFG001", folder, offline=True) if each.code == "CFG001"]
    assert finding.status is Status.FAIL
    assert finding.message == (
        "`name`, `main` below the header of `observability.logs` belong to that table, "
        "and wrangler does not see them"
    )
    assert str(finding.location) == "wrangler.toml:3:1"
    assert finding.evidence == {
        "problem": "swallowed",
        "table": "observability.logs",
        "keys": ["name", "main"],
    }


async def test_a_table_of_variables_may_hold_any_key(write_project, found):
    config = 'name = "a"\nmain = "w.py"\n\n[vars]\nmain = "x"\nname = "y"\n'
    folder = write_project({"w.py": "", "wrangler.toml": config})
    assert [each[0] for each in await found("CFG001", folder)] == ["pass"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(ConfigUnreadable)
    assert finding.status is Status.ERROR


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "w.py"),
        ({"w.py": b"# \xff"}, "UTF-8"),
        ({"w.py": "def broken(:\n"}, "w.py"),
    ],
    ids=["missing", "not UTF-8", "broken syntax"],
)
async def test_an_entry_module_that_cannot_be_read(write_project, check, files, text):
    folder = write_project({"wrangler.toml": 'name = "a"\nmain = "w.py"\n', **files})
    [finding] = await check("CFG001", folder, offline=True)
    assert finding.status is Status.FAIL
    assert str(finding.location) == "wrangler.toml:2:1"
    assert text in finding.message
    assert finding.evidence["problem"] == "main"


async def test_an_entry_module_that_a_build_makes_may_be_missing(write_project, check):
    folder = write_project({"wrangler.toml": 'name = "a"\nmain = "dist/w.py"\n'})
    [finding] = await check("CFG001", folder, offline=True)
    assert finding.confidence is Confidence.LOW


async def test_a_typescript_worker_is_no_defect(write_project, check):
    folder = write_project({"wrangler.toml": 'name = "a"\nmain = "w.ts"\n', "w.ts": "export default {}\n"})
    [finding] = await check("CFG001", folder, offline=True)
    assert finding.status is Status.PASS
