from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

CONFIG = """name = "a"
main = "w.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "{}"  # prices
database_name = "history"
"""
STAGING = """
[[env.staging.d1_databases]]
binding = "HISTORY_DB"
database_name = "history-staging"
"""
WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.{}.prepare("DELETE FROM t").run()  # DB
        await clear(self.env)


async def clear(env):
    await env.{}.exec("DELETE FROM u")
"""


async def test_the_config_takes_the_name_of_the_source(write_project, proven):
    folder = write_project({"wrangler.toml": CONFIG.format("HISTORY_DB"), "w.py": WORKER.format("DB", "DB")})
    await proven("CFG003", folder, {"wrangler.toml": CONFIG.format("DB")})


async def test_the_source_takes_a_name_that_environments_share(write_project, proven):
    folder = write_project(
        {
            "wrangler.toml": CONFIG.format("HISTORY_DB") + STAGING,
            "w.py": WORKER.format("DB", "DB"),
        }
    )
    await proven("CFG003", folder, {"w.py": WORKER.format("HISTORY_DB", "HISTORY_DB")})


async def test_the_source_takes_a_name_that_it_uses_elsewhere(write_project, proven):
    folder = write_project({"wrangler.toml": CONFIG.format("DB"), "w.py": WORKER.format("DB", "DBB")})
    await proven("CFG003", folder, {"w.py": WORKER.format("DB", "DB")})


async def test_a_binding_is_not_invented(write_project, refused):
    config = CONFIG.format("DB").partition("[[")[0]
    folder = write_project({"wrangler.toml": config, "w.py": WORKER.format("DB", "DB")})
    assert 'declare [[d1_databases]] with binding = "DB"' in await refused("CFG003", folder)


async def test_two_names_for_one_binding_are_undecided(write_project, refused):
    folder = write_project(
        {
            "wrangler.toml": CONFIG.format("HISTORY_DB"),
            "w.py": WORKER.format("DB", "OTHER"),
        }
    )
    assert "no single declared binding can be meant" in await refused("CFG003", folder)


async def test_an_environment_that_lacks_it(write_project, refused, repair):
    config = CONFIG.format("DB").partition("[[")[0] + STAGING
    folder = write_project({"wrangler.toml": config, "w.py": WORKER.format("HISTORY_DB", "HISTORY_DB")})
    assert "env.staging declares `HISTORY_DB`" in await refused("CFG003", folder)


DEAD = """

async def first_version(env, rows):
    await env.OLD_DB.prepare("DELETE FROM t").run()
"""


async def test_what_nothing_calls_is_no_rival(write_project, repair, undo, tree):
    worker = WORKER.format("DB", "DB") + DEAD
    folder = write_project({"wrangler.toml": CONFIG.format("HISTORY_DB"), "w.py": worker})
    before = tree(folder)
    result = await repair("CFG003", folder, offline=True)
    settled = {one.finding.evidence["binding"]: one for one in result.settlements}
    assert settled["DB"].outcome is Outcome.FIXED
    assert settled["OLD_DB"].outcome is Outcome.REFUSED
    assert settled["OLD_DB"].detail == (
        "no handler leads to `first_version`, so that it is not known what its `env.OLD_DB` means: "
        'remove the code, or declare [[d1_databases]] with binding = "OLD_DB", database_name and database_id'
    )
    assert tree(folder) == before | {"wrangler.toml": CONFIG.format("DB").encode()}
    await undo(folder, offline=True)
    assert tree(folder) == before


async def test_what_only_dead_code_reads_may_be_meant(write_project, proven):
    worker = WORKER.format("DB", "DB") + DEAD
    folder = write_project({"wrangler.toml": CONFIG.format("OLD_DB"), "w.py": worker})
    await proven("CFG003", folder, {"w.py": WORKER.format("OLD_DB", "OLD_DB") + DEAD})
