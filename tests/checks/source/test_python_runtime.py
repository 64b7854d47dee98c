from __future__ import annotations

import pytest

from checks.source.python_runtime import PythonRuntime
from diagnose.model import Status

pytestmark = pytest.mark.anyio

CLASS = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("stored")
"""
GLOBAL = """from js import Response


async def on_fetch(request, env):
    return Response.new("stored")
"""


def project(source, *, date="2025-11-10", flags='["python_workers"]', main="w.py", **files):
    config = f'name = "a"\nmain = "{main}"\ncompatibility_date = "{date}"\n'
    return {
        "wrangler.toml": config + (f"compatibility_flags = {flags}\n" if flags else ""),
        main: source,
        **files,
    }


@pytest.fixture
def runtime(write_project, check):
    async def run(files):
        findings = await check("SRC008", write_project(files), offline=True)
        return [each for each in findings if each.code == "SRC008"]

    return run


async def test_a_worker_that_fits(runtime):
    [finding] = await runtime(project(CLASS))
    assert (finding.status, finding.message) == (
        Status.PASS,
        "the worker fits compatibility date 2025-11-10 (Pyodide 0.28.2)",
    )


async def test_the_flag_is_missing(runtime):
    [finding] = await runtime(project(CLASS, flags=None))
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == (
        "`compatibility_flags` lacks `python_workers`, without which an upload is refused"
    )
    assert str(finding.location) == "wrangler.toml:2:1"
    assert finding.evidence == {
        "problem": "flag",
        "compatibility_date": "2025-11-10",
        "pyodide": "0.28.2",
        "sdk": "built in",
    }
    assert finding.fix.safety.value == "safe"


@pytest.mark.parametrize(
    ("date", "flags", "problems"),
    [
        ("2025-08-13", '["python_workers"]', []),
        ("2025-08-14", '["python_workers"]', ["handlers"]),
        ("2025-11-10", '["python_workers", "disable_python_no_global_handlers"]', []),
        ("2025-01-01", '["python_workers", "python_no_global_handlers"]', ["handlers"]),
    ],
)
async def test_module_level_handlers_by_date_and_flag(runtime, date, flags, problems):
    findings = await runtime(project(GLOBAL, date=date, flags=flags))
    assert [each.evidence.get("problem") for each in findings if each.is_problem] == problems


async def test_module_level_handlers(runtime):
    source = GLOBAL + "\n\nasync def on_scheduled(controller, env):\n    pass\n"
    [finding] = await runtime(project(source))
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == (
        "`on_fetch`, `on_scheduled` are not called from 2025-08-14 on: "
        "a class `Default(WorkerEntrypoint)` is needed"
    )
    assert (finding.location.path, finding.location.line) == ("w.py", 4)
    assert finding.evidence["handlers"] == ["on_fetch", "on_scheduled"]


async def test_a_class_that_calls_its_functions_is_enough(runtime):
    source = GLOBAL + CLASS.replace('Response("stored")', "await on_fetch(request, self.env)")
    assert [each.status for each in await runtime(project(source))] == [Status.PASS]


@pytest.mark.parametrize(
    ("date", "flags", "method", "asked"),
    [
        ("2025-06-03", '["python_workers"]', "fetch", "on_fetch"),
        ("2025-06-03", '["python_workers"]', "on_fetch", None),
        ("2025-06-03", '["python_workers"]', "scheduled", None),
        ("2025-06-03", '["python_workers"]', "on_queue", "queue"),
        ("2025-06-03", '["python_workers", "python_no_global_handlers"]', "fetch", None),
        ("2025-08-14", '["python_workers"]', "fetch", None),
        ("2025-08-14", '["python_workers"]', "on_fetch", "fetch"),
        ("2025-08-14", '["python_workers"]', "on_failure", None),
    ],
)
async def test_what_a_class_is_asked_for(runtime, date, flags, method, asked):
    findings = await runtime(project(CLASS.replace("fetch", method), date=date, flags=flags))
    problems = [each.message for each in findings if each.is_problem]
    assert len(problems) == (asked is not None)
    for problem in problems:
        assert problem.startswith(f"`Default.{method}` is not called: the class is asked for `{asked}` at ")


async def test_imports_that_name_the_folder_of_main(runtime):
    source = "from src.feed import rows\n" + CLASS
    files = {"src/feed.py": "from src import store\nrows = []\n", "src/store.py": "X = 1\n"}
    findings = await runtime(project(source, main="src/entry.py", **files))
    meaning = "names the folder of `main`, which is no package there"
    assert [(each.message, str(each.location)) for each in findings] == [
        (f"`from src.feed import rows` in src/entry.py {meaning}", "src/entry.py:1:1"),
        (f"`from src import store` in src/feed.py {meaning}", "src/feed.py:1:1"),
    ]
    assert {each.status for each in findings} == {Status.FAIL}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"src/feed.py": "", "src/src/feed.py": ""}, id="a package of that name in the folder"),
        pytest.param({"src/feed.py": "", "python_modules/src/feed.py": ""}, id="a vendored package"),
        pytest.param({}, id="no module of the project"),
    ],
)
async def test_imports_that_mean_something_else(runtime, files):
    source = "from src.feed import rows\n" + CLASS
    findings = await runtime(project(source, main="src/entry.py", **files))
    assert [each.status for each in findings] == [Status.PASS]


async def test_a_parameter_that_is_not_passed(runtime):
    source = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        await env.DB.exec("DELETE FROM t")
"""
    [finding] = await runtime(project(source))
    assert (finding.status, finding.severity.value) == (Status.WARN, "warning")
    assert finding.message == (
        "`Default.scheduled` reads its parameter `env`, which is None: "
        "only the event is passed; use `self.env`"
    )
    assert str(finding.location) == "w.py:6:15"


@pytest.mark.parametrize(
    "line",
    [
        "pass",
        "await self.env.DB.exec(x)",
        "env = self.env; print(env)",
        "print((env or self.env).DB)",
        "print(self.env if env is None else env)",
        "print((lambda env: env.DB)(self.env))",
        "print([env for env in self.names()])",
    ],
)
async def test_a_parameter_that_is_not_read_does_no_harm(runtime, line):
    source = (
        "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
        f"    async def scheduled(self, controller, env, ctx):\n        {line}\n"
    )
    assert [each.status for each in await runtime(project(source))] == [Status.PASS]


@pytest.mark.parametrize(
    ("date", "files", "skipped"),
    [
        ("2026-04-21", {}, 1),
        ("2026-04-20", {}, 0),
        ("2026-04-21", {"pyproject.toml": '[dependency-groups]\ndev = ["workers-py>=1.9"]\n'}, 0),
        ("2026-04-21", {"pyproject.toml": '[project]\ndependencies = ["workers-pyramid"]\n'}, 1),
        ("2026-04-21", {"python_modules/workers/__init__.py": "class WorkerEntrypoint: ...\n"}, 0),
    ],
)
async def test_whether_the_sdk_is_vendored_is_left_open(runtime, date, files, skipped):
    statuses = [each.status for each in await runtime(project(CLASS, date=date, **files))]
    assert statuses == [Status.SKIP] * skipped + [Status.PASS]


async def test_skips_without_source(runtime):
    assert [each.status for each in await runtime({"wrangler.toml": 'name = "a"\n'})] == [Status.SKIP]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(PythonRuntime)
    assert finding.status is Status.ERROR
