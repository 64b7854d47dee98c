from __future__ import annotations

import pytest

from checks.config.unknown_or_misplaced_key import UnknownOrMisplacedKey
from diagnose.model import Status

pytestmark = pytest.mark.anyio

WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.DB.prepare("DELETE FROM t").run()
"""
HEAD = (
    'name = "a"\nmain = "w.py"\ncompatibility_date = "2025-11-10"\ncompatibility_flags = ["python_workers"]\n'
)


async def test_known_keys(write_project, found):
    folder = write_project({"wrangler.toml": HEAD, "w.py": WORKER})
    assert await found("CFG002", folder) == [
        ("pass", "warning", "high", "wrangler knows every key", "wrangler.toml")
    ]


async def test_name_of_a_database(write_project, check):
    config = HEAD + '\n[[d1_databases]]\nbinding = "DB"\nname = "history"\n'
    folder = write_project({"wrangler.toml": config, "w.py": WORKER})
    [finding] = [each for each in await check("CFG002", folder, offline=True) if each.code == "CFG002"]
    assert (finding.status, finding.severity.value, finding.confidence.value) == (
        Status.WARN,
        "warning",
        "high",
    )
    assert finding.message == (
        "`name` in `d1_databases[0]` is no key that wrangler knows, so it is ignored; "
        "`database_name` is meant"
    )
    assert str(finding.location) == "wrangler.toml:8:1"
    assert finding.evidence == {
        "keys": ["d1_databases", 0, "name"],
        "suggestion": "database_name",
        "move_to": None,
        "would_miss": None,
    }
    assert finding.fix.safety.value == "safe"


@pytest.mark.parametrize(
    ("config", "severity"),
    [
        pytest.param(HEAD + '\n[[d1_database]]\nbinding = "DB"\n', "error", id="a binding the code uses"),
        pytest.param(HEAD + '\n[[d1_database]]\nbinding = "LOG"\n', "warning", id="one it does not use"),
        pytest.param(HEAD.replace("main =", "entrypoint ="), "error", id="main"),
    ],
)
async def test_what_a_deploy_would_miss_decides(write_project, found, config, severity):
    folder = write_project({"wrangler.toml": config, "w.py": WORKER})
    assert [each[1] for each in await found("CFG002", folder)] == [severity]


async def test_a_key_that_resembles_none_is_of_low_confidence(write_project, check):
    folder = write_project({"wrangler.jsonc": '{"name": "a",\n  "quantum_bindings": []}'})
    [finding] = [each for each in await check("CFG002", folder, offline=True) if each.code == "CFG002"]
    assert finding.confidence.value == "low"
    assert str(finding.location) == "wrangler.jsonc:2:3"
    assert not finding.fix.available


async def test_swallowed_keys_are_those_of_another_check(write_project, found):
    folder = write_project({"wrangler.toml": '[observability]\nenabled = true\nmain = "w.py"\n'})
    assert [each[0] for each in await found("CFG002", folder)] == ["pass"]


async def test_skips_without_a_config(write_project, found):
    folder = write_project({"wrangler.toml": "name = \n"})
    assert [each[0] for each in await found("CFG002", folder)] == ["skip"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(UnknownOrMisplacedKey)
    assert finding.status is Status.ERROR
