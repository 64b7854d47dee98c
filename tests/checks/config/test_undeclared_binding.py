from __future__ import annotations

import pytest

from checks.config.undeclared_binding import UndeclaredBinding
from diagnose.model import Status

pytestmark = pytest.mark.anyio

CONFIG = """name = "a"
main = "w.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "HISTORY_DB"
database_name = "history"
database_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"

[env.staging]
name = "b"
"""


def worker(*lines):
    body = "\n".join(f"        {line}" for line in lines)
    return (
        "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
        f"    async def scheduled(self, controller):\n{body}\n"
    )


async def test_a_declared_binding(write_project, found):
    source = worker('await self.env.HISTORY_DB.prepare("DELETE FROM t").run()')
    folder = write_project({"wrangler.toml": CONFIG, "w.py": source})
    assert [each[0] for each in await found("CFG003", folder)] == ["pass"]


async def test_a_d1_method_on_an_undeclared_name(write_project, check):
    source = worker('await self.env.DB.prepare("DELETE FROM t").run()')
    folder = write_project({"wrangler.toml": CONFIG, "w.py": source})
    [finding] = [each for each in await check("CFG003", folder, offline=True) if each.code == "CFG003"]
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == (
        "`Default.scheduled` reads `env.DB` and calls `prepare` on it, "
        "but the config declares no such D1 database; `HISTORY_DB` is declared"
    )
    assert (finding.location.path, finding.location.line) == ("w.py", 6)
    assert finding.evidence == {
        "binding": "DB",
        "method": "prepare",
        "declared": ["HISTORY_DB"],
        "suggestion": "HISTORY_DB",
        "elsewhere": [],
        "guarded": False,
    }


async def test_the_name_in_other_letters_is_meant(write_project, check):
    source = worker('await self.env.DB.prepare("DELETE FROM t").run()')
    other = CONFIG.split("[[")[1].replace("HISTORY_DB", "db").split("\n\n")[0]
    config = CONFIG.replace("[env.staging]", f"[[{other}\n\n[env.staging]")
    folder = write_project({"wrangler.toml": config, "w.py": source})
    [finding] = [each for each in await check("CFG003", folder, offline=True) if each.code == "CFG003"]
    assert finding.evidence["declared"] == ["HISTORY_DB", "db"]
    assert finding.evidence["suggestion"] == "db"


async def test_bindings_are_not_inherited(write_project, check):
    source = worker('await self.env.HISTORY_DB.prepare("DELETE FROM t").run()')
    folder = write_project({"wrangler.toml": CONFIG, "w.py": source})
    findings = await check("CFG003", folder, offline=True, env="staging")
    [finding] = [each for each in findings if each.code == "CFG003"]
    assert finding.status is Status.FAIL
    assert (finding.evidence["suggestion"], finding.evidence["elsewhere"]) == (None, [""])


async def test_a_top_level_that_only_its_environments_deploy(write_project, check):
    database = 'binding = "DB"\ndatabase_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"\n'
    config = 'name = "a"\nmain = "w.py"\n' + "".join(
        f"[[env.{name}.d1_databases]]\n{database}" for name in ("dev", "prod")
    )
    source = worker('await self.env.DB.prepare("DELETE FROM t").run()')
    (finding,) = await check("CFG003", write_project({"wrangler.toml": config, "w.py": source}), offline=True)
    assert finding.status is Status.SKIP
    assert finding.message == (
        "nothing deploys the top level, and `env.DB` is declared in dev, prod: "
        "look at one of them (--env dev)"
    )


async def test_a_queue_that_is_not_declared(write_project, found):
    source = worker('await self.env.CANDLES.send("x")', 'await self.env.HISTORY_DB.exec("SELECT 1")')
    folder = write_project({"wrangler.toml": CONFIG, "w.py": source})
    [(*verdict, message, _)] = await found("CFG003", folder)
    assert verdict == ["fail", "error", "high"]
    assert message == (
        "`Default.scheduled` reads `env.CANDLES` and calls `send` on it, "
        "but the config declares no such queue"
    )


async def test_a_bucket_is_advice(write_project, found):
    folder = write_project({"wrangler.toml": CONFIG, "w.py": worker('await self.env.FILES.put("a", "b")')})
    assert [each[:3] for each in await found("CFG003", folder)] == [("warn", "advice", "medium")]


async def test_a_plain_read_that_resembles_an_unused_binding(write_project, check):
    config = CONFIG + '\n[[r2_buckets]]\nbinding = "FILES"\nbucket_name = "files"\n'
    folder = write_project({"wrangler.toml": config, "w.py": worker("print(self.env.FILE)")})
    [finding] = [each for each in await check("CFG003", folder, offline=True) if each.code == "CFG003"]
    assert (finding.status, finding.severity.value) == (Status.WARN, "advice")
    assert finding.evidence["suggestion"] == "FILES"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(['if hasattr(self.env, "DB"):', '    await self.env.DB.prepare("DELETE FROM t").run()']),
        pytest.param(["if self.env.DB:", '    await self.env.DB.prepare("DELETE FROM t").run()']),
    ],
)
async def test_a_guarded_use_is_advice(write_project, found, lines):
    folder = write_project({"wrangler.toml": CONFIG, "w.py": worker(*lines)})
    assert [each[:3] for each in await found("CFG003", folder)] == [("warn", "advice", "medium")]


@pytest.mark.parametrize(
    "line",
    ["print(self.env.API_KEY)", "print(self.env.API_KEY.strip())", 'headers = {"X": self.env.TOKEN}'],
)
async def test_secrets_never_stand_in_a_config(write_project, found, line):
    folder = write_project({"wrangler.toml": CONFIG, "w.py": worker(line)})
    assert [each[0] for each in await found("CFG003", folder)] == ["pass"]


async def test_skips_without_source(write_project, found):
    folder = write_project({"wrangler.toml": 'name = "a"\n'})
    assert [each[0] for each in await found("CFG003", folder)] == ["skip"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(UndeclaredBinding)
    assert finding.status is Status.ERROR
