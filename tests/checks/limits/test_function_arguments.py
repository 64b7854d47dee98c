from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.function_arguments import FunctionArguments
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])
CONFIG = """
name = "import"
main = "worker.py"
compatibility_flags = ["python_workers"]
[[d1_databases]]
binding = "DB"
database_name = "history"
"""
WORKER = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("{sql}").run()
        return Response("ok")
"""


def array(arguments):
    return f"SELECT json_array({', '.join(['1'] * arguments)})"


@pytest.fixture
def files(write_project):
    def write(sql="SELECT 1", **more):
        worker = WORKER.replace("{sql}", sql)
        return write_project({"wrangler.toml": CONFIG, "worker.py": worker, **more})

    return write


async def test_the_documented_number_passes(findings, files):
    (finding,) = await findings("LIM008", files(array(32)))
    assert (finding.status, finding.evidence) == (Status.PASS, {"calls": 1})


@pytest.mark.parametrize(
    ("arguments", "status", "severity", "explains"),
    [
        (33, Status.WARN, Severity.WARNING, ()),
        (127, Status.WARN, Severity.WARNING, ()),
        (128, Status.FAIL, Severity.ERROR, ("TBL001", "E2E001", "E2E002")),
    ],
)
async def test_more_is_a_warning_and_what_the_runtime_refuses_an_error(
    findings, files, arguments, status, severity, explains
):
    (finding,) = await findings("LIM008", files(array(arguments)))

    assert (finding.status, finding.severity, finding.confidence) == (status, severity, Confidence.HIGH)
    assert finding.explains == explains
    assert finding.location == Location("worker.py", 6, 9)
    error = "D1_ERROR: too many arguments on function json_array at offset N: SQLITE_ERROR"
    assert finding.evidence == {
        "function": "json_array",
        "arguments": arguments,
        "documented": 32,
        "enforced": 127,
        "error": error if status is Status.FAIL else None,
    }


async def test_a_quoted_name_is_a_function_too(findings, files):
    (finding,) = await findings("LIM008", files(array(128).replace("json_array", "[json_array]")))
    assert (finding.status, finding.evidence["function"]) == (Status.FAIL, "[json_array]")
    assert finding.evidence["error"] == (
        "D1_ERROR: too many arguments on function [json_array] at offset N: SQLITE_ERROR"
    )


async def test_migrations_are_looked_at_line_by_line(findings, files):
    view = f"CREATE TABLE t (a);\n\nCREATE VIEW wide AS\n{array(40)};\n"
    (finding,) = await findings("LIM008", files(**{"migrations/0001_view.sql": view}))

    assert (finding.status, finding.location) == (Status.WARN, Location("migrations/0001_view.sql", 4))
    assert finding.message == (
        "json_array is given 40 arguments; D1 documents 32 (the runtime takes them, up to 127)"
    )


@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO t VALUES ({', '.join(['1'] * 60)})",
        f"SELECT a FROM t WHERE a IN ({', '.join(['1'] * 60)})",
        f"SELECT 'json_array({', '.join(['1'] * 60)})' AS text",
    ],
)
async def test_what_looks_like_a_call(findings, files, sql):
    (finding,) = await findings("LIM008", files(sql))
    assert finding.status is Status.PASS


async def test_without_a_config_that_parses_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM008", write_project({"wrangler.toml": "name ="}))
    assert (finding.status, "CFG001" in finding.message) == (Status.SKIP, True)


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_correct_projects_pass(findings, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    found = await findings("LIM008", copy)
    assert {finding.status for finding in found} <= {Status.PASS, Status.SKIP}


async def test_a_file_that_cannot_be_read_is_skipped(findings, files):
    folder = files(**{"migrations/0001_view.sql": b"CREATE VIEW v AS SELECT '\xff'"})
    skipped, passed = await findings("LIM008", folder)
    assert (skipped.status, skipped.message) == (Status.SKIP, "migrations/0001_view.sql is not UTF-8")
    assert (passed.status, passed.evidence) == (Status.PASS, {"calls": 0})


class Broken(FunctionArguments):
    async def run(self, ctx):
        raise RuntimeError("boom")
        yield


async def test_a_crash_is_an_error(files, context):
    async with context(files()) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR
