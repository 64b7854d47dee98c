from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checks.source.unsupported_bind import UnsupportedBind
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
CORRECT = sorted((ROOT / "tests" / "fixtures" / "correct").iterdir())
RAW, WRAPPED = "2025-11-10", "2026-05-20"
CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "{date}"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
WORKER = """import json
import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from workers import WorkerEntrypoint, fetch


async def store(env, row, note=None):
    await env.DB.prepare("INSERT INTO notes VALUES (?, ?)").bind(row["time"], note).run()


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        insert = self.env.DB.prepare("INSERT INTO prices VALUES (?, ?)")
        rows = (await (await fetch("https://api.example.com/rows")).json())["rows"]
        row = rows[0]
        {line}
"""
LINE = 18
SETTINGS = """
[[responses]]
url = "https://api.example.com/rows"
body_file = "rows.json"
"""
UNDEFINED = "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'"
OBJECT = "D1_TYPE_ERROR: Type 'object' not supported for value '…'"


@pytest.fixture
def findings(check, write_project):
    async def find(*lines, date=RAW, **files):
        worker = WORKER.replace("{line}", "\n        ".join(lines))
        folder = write_project(
            {"wrangler.toml": CONFIG.replace("{date}", date), "worker.py": worker, **files}
        )
        return [each for each in await check("SRC004", folder, offline=True) if each.code == "SRC004"]

    return find


async def test_none_is_undefined(findings):
    (finding,) = await findings('await insert.bind(row["time"], None).run()')
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "`None` is bound in Default.scheduled and arrives as undefined "
        "at compatibility date 2025-11-10 (Pyodide 0.28.2)"
    )
    assert finding.location == Location("worker.py", LINE, 26)
    assert finding.explains == ("E2E001", "E2E002")
    assert finding.evidence == {
        "binding": "DB",
        "table": "prices",
        "function": "Default.scheduled",
        "values": [{"expression": "None", "kind": "None", "arrives": "undefined"}],
        "error": UNDEFINED,
        "recorded": {},
        "compatibility_date": "2025-11-10",
        "pyodide": "0.28.2",
        "sdk": "built in",
    }


@pytest.mark.parametrize(
    ("argument", "kind", "confidence", "error"),
    [
        ("row['close'] or None", "None or else", Confidence.MEDIUM, UNDEFINED),
        ("row['close'] if row else None", "None or else", Confidence.MEDIUM, UNDEFINED),
        ("row.get('close')", "get", Confidence.LOW, UNDEFINED),
        ("row.get('close', None)", "get", Confidence.LOW, UNDEFINED),
        ("{'a': 1}", "dict", Confidence.HIGH, OBJECT),
        ("{name: 1 for name in row}", "dict", Confidence.HIGH, OBJECT),
        ("[1, 2]", "list", Confidence.HIGH, OBJECT),
        ("[one for one in rows]", "list", Confidence.HIGH, OBJECT),
        ("row['tags'].split(',')", "list", Confidence.HIGH, OBJECT),
        ("(1, 2)", "tuple", Confidence.HIGH, OBJECT),
        ("{1, 2}", "set", Confidence.HIGH, OBJECT),
        ("b'x'", "bytes", Confidence.HIGH, OBJECT),
        ("row['name'].encode()", "bytes", Confidence.HIGH, OBJECT),
        ("datetime.now()", "datetime", Confidence.HIGH, OBJECT),
        ("datetime.now() - timedelta(days=1)", "datetime", Confidence.HIGH, OBJECT),
        ("datetime.now().replace(hour=0)", "datetime", Confidence.HIGH, OBJECT),
        ("Decimal('1.5')", "Decimal", Confidence.HIGH, OBJECT),
        ("uuid.uuid4()", "UUID", Confidence.HIGH, OBJECT),
        (
            "9007199254740992",
            "bigint",
            Confidence.HIGH,
            "D1_TYPE_ERROR: Type 'bigint' not supported for value '9007199254740992'",
        ),
    ],
)
async def test_types_that_do_not_arrive_unwrapped(argument, kind, confidence, error, findings):
    (finding,) = await findings(f"await insert.bind(row['time'], {argument}).run()")
    (value,) = finding.evidence["values"]
    assert (value["expression"], value["kind"]) == (argument, kind)
    assert (finding.confidence, finding.evidence["error"]) == (confidence, error)


@pytest.mark.parametrize(
    "lines",
    [
        ["tags = [1, 2]", "await insert.bind(row['time'], tags).run()"],
        ["await insert.bind(*[row['time'], [1, 2]]).run()"],
        ["values = [row['time'], [1, 2]]", "await insert.bind(*values).run()"],
        ["await self.env.DB.batch([insert.bind(one['time'], [1, 2]) for one in rows])"],
        ["values = []", "values += [row['time'], [1, 2]]", "await insert.bind(*values).run()"],
        ["values = []", "values.extend([row['time'], [1, 2]])", "await insert.bind(*values).run()"],
    ],
)
async def test_through_a_variable_and_in_a_batch(lines, findings):
    (finding,) = await findings(*lines)
    assert [value["kind"] for value in finding.evidence["values"]] == ["list"]


HELPER = """import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workers import WorkerEntrypoint, fetch
{imports}

@dataclass(frozen=True)
class Candle:
    close: float


class Label(str):
    pass


{helper}


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        row = (await (await fetch("https://api.example.com/rows")).json())["rows"][0]
        {line}
"""
EXECUTE = """async def execute(database, sql, values=(), *, log=False):
    if log:
        print(sql, values)
    return await database.prepare(sql).bind(*values).run()"""
INSERT = "'INSERT INTO prices VALUES (?, ?)'"


@pytest.fixture
def handed(check, write_project):
    async def find(*lines, helper=EXECUTE, date=RAW, imports="", **files):
        worker = HELPER.replace("{line}", "\n        ".join(lines)).replace("{helper}", helper)
        worker = worker.replace("{imports}", imports)
        files = {f"{name}.py": text for name, text in files.items()}
        config = CONFIG.replace("{date}", date)
        folder = write_project({"wrangler.toml": config, "worker.py": worker, **files})
        found = [each for each in await check("SRC004", folder, offline=True) if each.code == "SRC004"]
        at = [number for number, line in enumerate(worker.splitlines(), 1) if "execute(self" in line]
        return found, at

    return find


@pytest.mark.parametrize(
    ("argument", "kind"),
    [
        ("None", "None"),
        ("{'a': 1}", "dict"),
        ("[1, 2]", "list"),
        ("datetime.now()", "datetime"),
        ("Decimal('1.5')", "Decimal"),
        ("Candle(1.5)", "dataclass"),
    ],
)
@pytest.mark.parametrize("given", ["[row['time'], {}]", "values=[row['time'], {}]", "(row['time'], {})"])
async def test_what_a_helper_binds_as_it_came(argument, kind, given, handed):
    call = f"await execute(self.env.DB, {INSERT}, {given.replace('{}', argument)})"
    (finding,), (line,) = await handed(call)
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    assert finding.location == Location("worker.py", line, 22)
    assert finding.evidence["function"] == "Default.scheduled"
    assert [(one["expression"], one["kind"]) for one in finding.evidence["values"]] == [(argument, kind)]


@pytest.mark.parametrize(
    ("helper", "call"),
    [
        (
            "async def execute(database, sql, *values):\n    await database.prepare(sql).bind(*values).run()",
            "await execute(self.env.DB, {sql}, row['time'], [1, 2])",
        ),
        (
            "async def execute(database, sql, a, b):\n    await database.prepare(sql).bind(a, b).run()",
            "await execute(self.env.DB, {sql}, row['time'], [1, 2])",
        ),
        (
            EXECUTE.replace(
                "return await database.prepare(sql).bind(*values).run()",
                "statement = database.prepare(sql)\n"
                "    if values:\n        statement = statement.bind(*values)\n"
                "    return await statement.run()",
            ),
            "both = [row['time'], [1, 2]]; await execute(self.env.DB, {sql}, both)",
        ),
    ],
)
async def test_each_form_of_handing_on(helper, call, handed):
    (finding,), (line,) = await handed(*call.replace("{sql}", INSERT).split("; "), helper=helper)
    assert [one["kind"] for one in finding.evidence["values"]] == ["list"]
    assert finding.location.line == line


async def test_each_call_of_a_helper_in_another_module(handed):
    calls = [
        f"await execute(self.env.DB, {INSERT}, [1, None])",
        f"await execute(self.env.DB, {INSERT}, [1, row['close']])",
        "await execute(self.env.DB, 'UPDATE prices SET close = ?', [Tick(1)])",
    ]
    tick = "from dataclasses import dataclass\n\n\n@dataclass\nclass Tick:\n    size: int\n"
    findings, (first, _, third) = await handed(
        *calls,
        helper="",
        imports="from store import execute\nfrom ticks import Tick\n",
        store=EXECUTE,
        ticks=tick,
    )
    assert [finding.location.line for finding in findings] == [first, third]
    assert [finding.evidence["values"][0]["kind"] for finding in findings] == ["None", "dataclass"]


async def test_each_call_with_the_same_text(handed):
    findings, (first, _, third) = await handed(
        f"sql = {INSERT}",
        "await execute(self.env.DB, sql, [1, None])",
        "await execute(self.env.DB, sql, [1, row['close']])",
        "await execute(self.env.DB, sql, [1, {1, 2}])",
    )
    assert [finding.location.line for finding in findings] == [first, third]
    assert [finding.evidence["values"][0]["kind"] for finding in findings] == ["None", "set"]


@pytest.mark.parametrize(
    ("argument", "helper"),
    [
        ("row['close']", EXECUTE),
        ("json.dumps({'a': 1})", EXECUTE),
        ("Candle(1.5).close", EXECUTE),
        ("Label('a')", EXECUTE),
        ("None", EXECUTE.replace("*values)", "*[convert(one) for one in values])")),
        ("None", EXECUTE.replace("*values)", "*convert(values))")),
        ("None", EXECUTE.replace("if log:", "values = convert(values)\n    if log:")),
        ("None", EXECUTE.replace("if log:", "convert(values)\n    if log:")),
        ("None", EXECUTE.replace("if log:", "if None in values:\n        return None\n    if log:")),
        ("None", "def converting(function):\n    return function\n\n\n@converting\n" + EXECUTE),
    ],
)
async def test_what_a_helper_converts_or_what_arrives(argument, helper, handed):
    (finding,), _ = await handed(f"await execute(self.env.DB, {INSERT}, [1, {argument}])", helper=helper)
    assert finding.status is Status.PASS


async def test_what_the_wrapper_converts_passes_through_a_helper(handed):
    call = f"await execute(self.env.DB, {INSERT}, [{{}}, 1])"
    (finding,), _ = await handed(call.format("None"), date=WRAPPED)
    assert finding.status is Status.PASS
    (finding,), _ = await handed(call.format("Candle(1)"), date=WRAPPED)
    assert finding.evidence["values"][0]["arrives"] == "a proxy of the Python dataclass"


async def test_a_dataclass_that_is_bound_directly(handed):
    (finding,), _ = await handed(f"await self.env.DB.prepare({INSERT}).bind(1, Candle(1.5)).run()")
    assert (finding.confidence, finding.evidence["values"][0]["kind"]) == (Confidence.HIGH, "dataclass")


async def test_a_parameter_that_a_call_leaves_out(findings):
    (finding,) = await findings("await store(self.env, row)")
    assert finding.message == (
        "`note` is bound in store and may be None, which arrives as undefined "
        "at compatibility date 2025-11-10 (Pyodide 0.28.2)"
    )
    assert finding.confidence is Confidence.MEDIUM
    (finding,) = await findings("await store(self.env, row, 'x')", "await store(self.env, row, note='y')")
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("rows", "status", "confidence"),
    [
        ([{"time": 1, "close": 2}, {"time": 2}, {"time": 3, "close": None}], Status.WARN, Confidence.HIGH),
        ([{"time": 1, "close": 2}, {"time": 2, "close": 3}], Status.PASS, Confidence.HIGH),
        ([{"date": 1}], Status.WARN, Confidence.LOW),
    ],
)
async def test_recorded_answers_settle_whether_a_key_is_there(rows, status, confidence, findings):
    (finding,) = await findings(
        "await insert.bind(row['time'], row.get('close')).run()",
        **{"diagnose.toml": SETTINGS, "rows.json": json.dumps({"rows": rows})},
    )
    assert (finding.status, finding.confidence) == (status, confidence)
    if confidence is Confidence.HIGH and status is Status.WARN:
        assert finding.message == (
            "`row.get('close')` is bound in Default.scheduled and is None for 2 of 3 recorded rows, "
            "which arrives as undefined at compatibility date 2025-11-10 (Pyodide 0.28.2)"
        )
        assert finding.evidence["recorded"] == {"close": "2 of 3"}


@pytest.mark.parametrize(
    ("argument", "arrives"),
    [
        ("{'a': 1}", "an object"),
        ("(1, 2)", "nothing: the SDK refuses a tuple"),
        ("{1, 2}", "a Set"),
        ("datetime.now()", "a Date"),
        ("Decimal('1.5')", "a proxy of the Python Decimal"),
        ("9007199254740992", "a BigInt"),
    ],
)
async def test_types_that_do_not_arrive_with_the_wrapper(argument, arrives, findings):
    (finding,) = await findings(f"await insert.bind(row['time'], {argument}).run()", date=WRAPPED)
    assert finding.confidence is Confidence.HIGH
    assert finding.evidence["values"][0]["arrives"] == arrives


async def test_a_list_with_the_wrapper_may_become_bytes(findings):
    (finding,) = await findings("await insert.bind(row['time'], [1, 2]).run()", date=WRAPPED)
    assert (finding.confidence, finding.evidence["error"]) == (Confidence.MEDIUM, None)


@pytest.mark.parametrize("argument", ["None", "row.get('close')", "b'x'"])
async def test_what_the_wrapper_converts_passes(argument, findings):
    (finding,) = await findings(f"await insert.bind(row['time'], {argument}).run()", date=WRAPPED)
    assert finding.status is Status.PASS


async def test_an_older_sdk_may_convert_none(findings):
    (finding,) = await findings(
        "await insert.bind(row['time'], None).run()",
        date=WRAPPED,
        **{
            "pyproject.toml": '[dependency-groups]\ndev = ["workers-runtime-sdk"]\n',
            "uv.lock": '[[package]]\nname = "workers-runtime-sdk"\nversion = "1.0.0"\n',
        },
    )
    assert finding.confidence is Confidence.LOW


@pytest.mark.parametrize(
    "lines",
    [
        ["await insert.bind(row['time'], row['close']).run()"],
        ["await insert.bind(json.dumps(rows), 1).run()"],
        ["await insert.bind(datetime.now().isoformat(), str(uuid.uuid4())).run()"],
        ["await insert.bind(row.get('close', 0), float(Decimal('1.5'))).run()"],
        ["await insert.bind(9007199254740991, True).run()"],
        [
            "close = row.get('close')",
            "if close is None:",
            "    close = 0",
            "await insert.bind(1, close).run()",
        ],
        ["if 'close' in row:", "    await insert.bind(1, row.get('close')).run()"],
        ["await insert.bind(1, row['tags'].split(',')[0]).run()"],
        [
            "values = []",
            "for one in rows:",
            "    values.append(one['close'])",
            "await insert.bind(*values).run()",
        ],
        ["from pyodide.ffi import to_js", "await insert.bind(1, to_js(b'x')).run()"],
        ["await insert.bind(1, when(row)).run()"],
        ["await insert.bind(1, date(row)).run()"],
    ],
)
async def test_what_arrives(lines, findings):
    (finding,) = await findings(*lines)
    assert finding.status is Status.PASS
    assert finding.message == "what is bound is of a type that D1 takes"


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("SRC004", tmp_path / "correct", offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC004"]
    assert finding.status is Status.PASS


async def test_without_source_it_is_skipped(check, write_project):
    found = await check("SRC004", write_project({"wrangler.toml": 'name = "import"\n'}), offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC004"]
    assert finding.status is Status.SKIP


async def test_a_check_that_breaks_is_an_error(crash):
    (finding,) = await crash(UnsupportedBind)
    assert finding.status is Status.ERROR
