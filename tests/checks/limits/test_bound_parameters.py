from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.bound_parameters import BoundParameters
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "diagnose" / "demo" / "project"
OPTION_2 = ROOT / "tests" / "fixtures" / "broken" / "option2"
CORRECT = sorted((ROOT / "tests" / "fixtures" / "correct").iterdir())

INSERT = """
sql = "INSERT INTO prices (a, b, c, d, e) VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
await db.prepare(sql).bind(*[value for row in rows for value in row]).run()
"""
IN_LIST = """
marks = ",".join("?" * len(rows))
await db.prepare(f"DELETE FROM prices WHERE id IN ({marks}) AND user = ?").bind(*rows, 1).run()
"""


@pytest.mark.anyio
async def test_the_demo_breaks_at_row_11(findings, tmp_path):
    shutil.copytree(DEMO, tmp_path / "demo")
    (finding,) = await findings("LIM001", tmp_path / "demo")
    assert finding.status is Status.FAIL
    assert finding.severity is Severity.ERROR
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "one INSERT in insert_candles_to_d1 binds 20,000 parameters for the 2,000 rows that the code asks "
        "for; D1 allows 100, so it breaks at row 11"
    )
    assert finding.location == Location("pyswarm/Data_Import/historical_worker.py", 70, 5)
    assert finding.explains == ("E2E001", "E2E002", "E2E004")
    assert finding.evidence == {
        "binding": "DB",
        "table": "price_data",
        "verb": "INSERT",
        "columns": 10,
        "parameters": {"1": 10, "10": 100, "100": 1_000, "2000": 20_000},
        "rows_asked": 2_000,
        "parameters_asked": 20_000,
        "rows_break_at": 11,
        "error": "D1_ERROR: too many SQL variables at offset 448: SQLITE_ERROR",
        "offset": 448,
        "statement": (
            "INSERT OR IGNORE INTO price_data "
            "(symbol, timestamp, timeframe, open, high, low, close, volume_from, volume_to, source) VALUES"
        ),
        "function": "insert_candles_to_d1",
    }


@pytest.mark.anyio
async def test_a_repair_that_still_breaks_is_reported(findings, tmp_path):
    shutil.copytree(OPTION_2, tmp_path / "option2")
    (finding,) = await findings("LIM001", tmp_path / "option2")
    assert finding.status is Status.FAIL
    assert finding.evidence["rows_asked"] == 100
    assert finding.evidence["parameters_asked"] == 1_000
    assert finding.evidence["rows_break_at"] == 11
    assert finding.message.endswith(
        "binds 1,000 parameters for the 100 rows that one slice takes; D1 allows 100, so it breaks at row 11"
    )


@pytest.mark.anyio
@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    (finding,) = await findings("LIM001", tmp_path / "correct")
    assert finding.status is Status.PASS
    assert finding.message == "no statement binds more than 100 parameters"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("rows", "status", "severity", "confidence"),
    [
        ("fetched", Status.FAIL, Severity.ERROR, Confidence.HIGH),
        ("unbounded", Status.FAIL, Severity.ERROR, Confidence.HIGH),
        ("[row for row in fetched if row]", Status.FAIL, Severity.ERROR, Confidence.MEDIUM),
        ("fetched[:21]", Status.FAIL, Severity.ERROR, Confidence.HIGH),
        ("posted", Status.WARN, Severity.WARNING, Confidence.HIGH),
        ("fetched[:20]", Status.PASS, Severity.ERROR, Confidence.HIGH),
        ("posted[:20]", Status.PASS, Severity.ERROR, Confidence.HIGH),
    ],
)
async def test_the_weight_follows_from_who_decides_the_length(
    rows, status, severity, confidence, project, findings
):
    (finding,) = await findings("LIM001", project(INSERT, rows))
    assert (finding.status, finding.severity, finding.confidence) == (status, severity, confidence)


@pytest.mark.anyio
async def test_a_caller_s_rows_are_named(project, findings):
    (finding,) = await findings("LIM001", project(INSERT, "posted"))
    assert "and nothing sets a bound; D1 allows 100, so it breaks at row 21" in finding.message
    assert finding.evidence["rows_asked"] is None
    assert finding.evidence["parameters_asked"] is None
    assert finding.evidence["rows_break_at"] == 21


@pytest.mark.anyio
async def test_one_hundred_ids_and_a_user_are_one_too_many(project, findings):
    (finding,) = await findings("LIM001", project(IN_LIST, "fetched[:100]"))
    assert finding.evidence["parameters_asked"] == 101
    assert finding.evidence["rows_break_at"] == 100
    assert finding.message == (
        "one DELETE in Default.store binds 101 parameters for the 100 elements that one slice takes; "
        "D1 allows 100, so it breaks at element 100"
    )
    (finding,) = await findings("LIM001", project(IN_LIST, "fetched[:99]"))
    assert finding.status is Status.PASS


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        'one = db.prepare("INSERT INTO t (a) VALUES (?)")\nawait db.batch([one.bind(row) for row in rows])',
        "await db.prepare(\"INSERT INTO prices (a, b) VALUES (1, 'a'), (2, 'b')\").run()",
        'await db.prepare("INSERT INTO t (a) SELECT value FROM json_each(?)").bind(json.dumps(rows)).run()',
        'await db.prepare("DELETE FROM prices WHERE id IN (SELECT id FROM old LIMIT 500)").run()',
        'marks = ",".join("?" * len(rows))\nsqlite.execute(f"INSERT INTO prices VALUES ({marks})", rows)',
    ],
)
async def test_look_alikes_pass(body, project, findings):
    (finding,) = await findings("LIM001", project(body))
    assert finding.status is Status.PASS


@pytest.mark.anyio
async def test_code_that_no_handler_reaches_is_advice(project, findings):
    folder = project("pass")
    text = (folder / "worker.py").read_text()
    (folder / "worker.py").write_text(
        text
        + "\n\nasync def never(env, rows):\n"
        + '    sql = "INSERT INTO prices (a, b) VALUES " + ", ".join(["(?, ?)"] * len(rows))\n'
        + "    await env.DB.prepare(sql).bind(*[v for row in rows for v in row]).run()\n"
    )
    found = await findings("LIM001", folder)
    assert all(finding.status is Status.PASS or finding.severity is Severity.ADVICE for finding in found)


@pytest.mark.anyio
async def test_without_source_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM001", write_project({"wrangler.toml": 'name = "import"\n'}))
    assert finding.status is Status.SKIP
    assert finding.message == "there is no worker source: the config names no `main`"


class Broken(BoundParameters):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


@pytest.mark.anyio
async def test_a_crash_is_an_error(project, context):
    async with context(project(INSERT)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR


QUERIED = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        found = await self.env.DB.prepare({query!r}).all()
        ids = [row["id"] for row in found.results.to_py()]
        marks = ",".join(["?"] * len(ids))
        await self.env.DB.prepare(f"DELETE FROM prices WHERE id IN ({{marks}})").bind(*ids).run()
"""


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "severity"),
    [
        ("SELECT id FROM prices", "error"),
        ("SELECT id FROM prices WHERE symbol = 'BTC'", "warning"),
        ("SELECT id FROM prices WHERE symbol = 'BTC' LIMIT 90", None),
        ("SELECT max(id) AS id FROM prices", None),
    ],
)
async def test_a_list_that_a_query_answers(write_project, check, query, severity):
    config = 'name = "a"\nmain = "w.py"\n[[d1_databases]]\nbinding = "DB"\n'
    folder = write_project({"wrangler.toml": config, "w.py": QUERIED.format(query=query)})
    found = await check("LIM001", folder, offline=True)
    assert [f.severity.value for f in found if f.is_problem] == ([severity] if severity else [])


CONSUMER = 'name = "a"\nmain = "w.py"\n[[queues.consumers]]\nqueue = "prices"\n'
ONE_AND_MORE = """
from itertools import batched

from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for part in batched(await request.json(), {width}):
            marks = "?" + ", ?" * (len(part) - 1)
            await self.env.DB.prepare("DELETE FROM prices WHERE id IN (" + marks + ")").bind(*part).run()
"""


@pytest.mark.anyio
@pytest.mark.parametrize(("width", "parameters"), [(100, None), (101, 101)])
async def test_one_mark_and_the_others_behind_it(write_project, check, width, parameters):
    folder = write_project({"wrangler.toml": CONSUMER, "w.py": ONE_AND_MORE.format(width=width)})
    (finding,) = await check("LIM001", folder, offline=True)
    assert finding.is_problem is (parameters is not None)
    assert finding.evidence.get("parameters_asked") == parameters


BATCH_INSERT = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        values = []
        for message in batch.messages:
            values += [message.id, message.body["at"], message.body["price"], message.body["volume"]]
        rows = ", ".join(["(?, ?, ?, ?)"] * len(batch.messages))
        await self.env.DB.prepare(f"INSERT INTO prices VALUES {rows}").bind(*values).run()
"""


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("size", "problem"),
    [
        ("", None),
        ("max_batch_size = 25\n", None),
        (
            "max_batch_size = 30\n",
            "binds 120 parameters for the 30 rows that one batch or slice takes",
        ),
    ],
    ids=["the platform's ten", "as many as fit", "too many"],
)
async def test_a_queue_hands_over_as_many_messages_as_its_consumer_takes(write_project, check, size, problem):
    folder = write_project({"wrangler.toml": CONSUMER + size, "w.py": BATCH_INSERT})
    (finding,) = await check("LIM001", folder, offline=True)
    assert finding.is_problem is (problem is not None)
    assert problem is None or finding.message == (
        f"one INSERT in Default.queue {problem}; D1 allows 100, so it breaks at row 26"
    )


BY_ID = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        newest = {}
        for message in batch.messages:
            if message.body:
                newest[message.body["id"]] = [message.body["id"], message.body["price"]]
        rows = list(newest.values())
        marks = ", ".join(["(?, ?)"] * len(rows))
        sql = f"INSERT INTO prices VALUES {marks}"
        await self.env.DB.prepare(sql).bind(*[value for row in rows for value in row]).run()
"""


@pytest.mark.anyio
@pytest.mark.parametrize(("size", "parameters"), [(50, None), (60, 120)])
async def test_a_dictionary_holds_no_more_than_the_messages(write_project, check, size, parameters):
    files = {"wrangler.toml": f"{CONSUMER}max_batch_size = {size}\n", "w.py": BY_ID}
    (finding,) = await check("LIM001", write_project(files), offline=True)
    assert finding.is_problem is (parameters is not None), finding.message
    assert finding.evidence.get("parameters_asked") == parameters
