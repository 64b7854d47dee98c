from __future__ import annotations

import pytest

from checks.source.python_object_crossing import PythonObjectCrossing
from diagnose.model import Status

pytestmark = pytest.mark.anyio

RAW, RAW_314, WRAPPED = "2025-11-10", "2025-11-10+python_workers_20260610", "2026-05-20"
PYPROJECT = '[dependency-groups]\ndev = ["workers-py>=1.17", "workers-runtime-sdk"]\n'


def project(date, *lines, **files):
    day, _, flag = date.partition("+")
    flags = ", ".join(f'"{name}"' for name in ("python_workers", flag) if name)
    body = "\n".join(f"        {line}" for line in lines)
    return {
        "wrangler.toml": (
            f'name = "a"\nmain = "w.py"\ncompatibility_date = "{day}"\ncompatibility_flags = [{flags}]\n\n'
            '[[queues.producers]]\nbinding = "Q"\nqueue = "q"\n'
        ),
        "w.py": (
            "import json\n\nfrom js import Object\nfrom pyodide.ffi import to_js\n"
            "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
            "    async def scheduled(self, controller):\n"
            f'        rows = [{{"a": 1}}]\n{body}\n'
        ),
        **files,
    }


@pytest.fixture
def crossing(write_project, check):
    async def run(files):
        findings = await check("SRC005", write_project(files), offline=True)
        return [each for each in findings if each.code == "SRC005"]

    return run


async def test_a_dict_into_a_raw_queue(crossing):
    [finding] = await crossing(project(RAW, 'await self.env.Q.send({"rows": rows})'))
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == (
        "`Q.send` in `Default.scheduled` gets a proxy of the Python dict "
        "at compatibility date 2025-11-10 (Pyodide 0.28.2)"
    )
    assert (finding.location.path, finding.location.line) == ("w.py", 11)
    assert finding.evidence == {
        "binding": "Q",
        "method": "send",
        "function": "Default.scheduled",
        "payload": "dict",
        "arrives": "a proxy of the Python dict",
        "compatibility_date": "2025-11-10",
        "pyodide": "0.28.2",
        "sdk": "built in",
    }


@pytest.mark.parametrize(
    "line",
    [
        "await self.env.Q.send(rows)",
        'await self.env.Q.sendBatch([{"body": row} for row in rows])',
        'await self.env.Q.sendBatch([{"body": json.dumps(row)} for row in rows])',
    ],
)
async def test_lists_into_a_raw_queue(crossing, line):
    [finding] = await crossing(project(RAW, line))
    assert finding.status is Status.FAIL
    assert finding.evidence["arrives"] == "a proxy of the Python list"


async def test_a_flat_dict_may_arrive_on_newer_pyodide(crossing):
    [finding] = await crossing(project(RAW_314, 'await self.env.Q.send({"rows": 1})'))
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "medium")
    assert finding.evidence["pyodide"] == "314.0.4"


async def test_a_map_becomes_an_empty_object(crossing):
    [finding] = await crossing(project(RAW, 'await self.env.Q.send(to_js({"rows": rows}))'))
    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.evidence["arrives"] == "a Map, which becomes `{}` in the message"


async def test_what_bare_to_js_converts_is_not_known(crossing):
    [finding] = await crossing(project(RAW, "await self.env.Q.send(to_js(rows))"))
    assert (finding.status, finding.severity.value, finding.confidence.value) == (
        Status.WARN,
        "warning",
        "low",
    )


@pytest.mark.parametrize(
    ("date", "line"),
    [
        (RAW, "await self.env.Q.send(json.dumps(rows))"),
        (RAW, 'await self.env.Q.send("now", contentType="text")'),
        (RAW, "await self.env.Q.send(to_js(rows, dict_converter=Object.fromEntries))"),
        (RAW_314, 'await self.env.Q.send(to_js({"rows": rows}))'),
        (WRAPPED, 'await self.env.Q.send({"rows": rows})'),
        (WRAPPED, 'await self.env.Q.sendBatch([{"body": row} for row in rows])'),
        (RAW, "print(rows)"),
    ],
)
async def test_what_crosses(crossing, date, line):
    [finding] = await crossing(project(date, line, **{"pyproject.toml": PYPROJECT}))
    assert finding.status is Status.PASS


async def test_a_vendored_sdk_tells_by_itself(crossing):
    line = 'await self.env.Q.send({"rows": rows})'
    new = {"python_modules/workers/_queues.py": "class WorkerQueue: ...\n"}
    old = {"python_modules/workers/__init__.py": "class WorkerEntrypoint: ...\n"}
    assert [each.status for each in await crossing(project(WRAPPED, line, **new))] == [Status.PASS]
    (new_file,) = new
    [finding] = await crossing(project(WRAPPED, line, **old, **{new_file: ""}))
    assert (finding.status, finding.evidence["sdk"]) == (Status.FAIL, "vendored")


async def test_a_locked_older_sdk_may_or_may_not_convert(crossing):
    lock = '[[package]]\nname = "workers-runtime-sdk"\nversion = "1.2.0"\n'
    files = {"pyproject.toml": PYPROJECT, "uv.lock": lock}
    [finding] = await crossing(project(WRAPPED, 'await self.env.Q.send({"rows": rows})', **files))
    assert (finding.status, finding.severity.value, finding.confidence.value) == (
        Status.WARN,
        "warning",
        "low",
    )


async def test_what_the_source_does_not_tell_is_skipped(crossing):
    [finding] = await crossing(project(RAW, "await self.env.Q.send(load())"))
    assert (finding.status, finding.message) == (
        Status.SKIP,
        "what `Default.scheduled` sends to `Q` cannot be told from the source",
    )


async def test_skips_without_source(crossing):
    assert [each.status for each in await crossing({"wrangler.toml": 'name = "a"\n'})] == [Status.SKIP]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(PythonObjectCrossing)
    assert finding.status is Status.ERROR
