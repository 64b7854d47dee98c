"""Repairs of statements that a helper of another module executes."""

from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.helper import FUNCTION

pytestmark = pytest.mark.anyio

CONFIG = """
name = "readings"
main = "worker.py"
compatibility_date = "2025-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
migrations_dir = "migrations"
"""
SCHEMA = """CREATE TABLE readings (day TEXT, kind TEXT, value REAL, PRIMARY KEY (day, kind));
CREATE TABLE days (day TEXT PRIMARY KEY, kind TEXT);
"""
SETTINGS = """{plan}[trigger]
kind = "fetch"
method = "POST"
reported = "written"

[watch]
table = "readings"
key = ["day", "kind"]

[[responses]]
url = "https://readings.example.com/all?*"
body_file = "all.json"
"""
DATABASE = '''"""Statements of D1."""


async def execute(database, sql, values=(), *, log=False):
    """Run one statement; the number of rows that it changed."""
    result = await database.prepare(sql).bind(*values).run()
    if log:
        print(f"{result.meta.changes} rows changed")
    return result.meta.changes
'''
WORKER = '''"""Imports readings into D1."""

import json
from workers import Response, fetch as http_fetch

from numbers_of import SIZE
from statements import execute as run_statement


async def read():
    answer = await http_fetch("https://readings.example.com/all?limit=120")
    return await answer.json()
{helper}

async def store(env, rows):
    """Stores them; the number of new ones."""
    changes = 0
    {body}
    return changes


async def on_fetch(request, env):
    rows = await read()
    days = [row["day"] for row in rows]
    known = ", ".join("?" * len(days[:90]))
    await run_statement(env.DB, f"DELETE FROM days WHERE day IN ({{known}})", days[:90])
    return Response.json({{"written": await store(env, rows)}})


async def on_scheduled(controller, env, ctx):
    await store(env, await read())
'''
SLICES = """for start in range(0, len(rows), SIZE):
        part = rows[start : start + SIZE]
        # every slice of the rows
        marks = ", ".join(["(?, ?, ?)"] * len(part))
        values = []
        for row in part:
            values.extend((row["day"], row["kind"], row["value"]))
        changes += await run_statement(
            env.DB,
            f\"\"\"
            INSERT OR IGNORE INTO readings (day, kind, value)
            VALUES {marks}
            \"\"\",
            values,
            log=True,  # how many
        )"""
SLICES_AFTER = """for start in range(0, len(rows), SIZE):
        part = rows[start : start + SIZE]
        # every slice of the rows
        values = []
        for row in part:
            values.append((row["day"], row["kind"], row["value"]))
        for rows_part in json_parts(values):
            changes += await run_statement(
                env.DB,
                \"\"\"
            INSERT OR IGNORE INTO readings (day, kind, value)
            SELECT value->>0, value->>1, value->>2 FROM json_each(?1)
            \"\"\",
                [rows_part],
                log=True,  # how many
            )"""
ROWS = """for row in rows:
        changes += await run_statement(
            env.DB, "INSERT INTO readings VALUES (?, ?, ?)", [row["day"], row["kind"], row["value"]]
        )"""
ROWS_AFTER = """new_rows = []
    for row in rows:
        new_rows.append([row["day"], row["kind"], row["value"]])
    for part in json_parts(new_rows):
        changes += await run_statement(
            env.DB, "INSERT INTO readings SELECT value->>0, value->>1, value->>2 FROM json_each(?1)", [part]
        )"""
FOUND = ", ".join(
    f'{{"day": "2026-01-{n % 28 + 1:02}", "kind": "k{n // 28}", "value": {n}.5}}' for n in range(120)
)


@pytest.fixture
def project(write_project):
    def write(body, helper="", plan="", size=40):
        return write_project(
            {
                "wrangler.toml": CONFIG,
                "worker.py": WORKER.format(body=body, helper=helper),
                "statements.py": DATABASE,
                "numbers_of.py": f"SIZE = {size}\n",
                "migrations/0001_readings.sql": SCHEMA,
                "diagnose.toml": SETTINGS.format(plan=plan),
                "all.json": f"[{FOUND}]",
            }
        )

    return write


def worker_after(body):
    return WORKER.format(body=body, helper=f"\n\n{FUNCTION}")


@pytest.mark.parametrize(
    ("code", "before", "after", "plan"),
    [("LIM001", SLICES, SLICES_AFTER, ""), ("LIM003", ROWS, ROWS_AFTER, 'plan = "free"\n\n')],
)
async def test_the_caller_changes_and_the_rows_land(
    code, before, after, plan, project, check, repair, undo, tree
):
    folder = project(before, plan=plan)
    written = tree(folder)
    (problem,) = [finding for finding in await check(code, folder) if finding.is_problem]
    assert (problem.location.path, problem.location.line) == ("statements.py", 6)
    result = await repair(code, folder, offline=True)
    assert [one.outcome for one in result.settlements] == [Outcome.FIXED]
    assert tree(folder) == written | {"worker.py": worker_after(after).encode()}
    landed = [finding for finding in await check("E2E002", folder) if finding.code == "E2E002"]
    assert [finding.evidence["landed"] for finding in landed] == [120]
    assert (await repair(code, folder, offline=True)).run_id is None
    await undo(folder, offline=True)
    assert tree(folder) == written


async def test_what_another_caller_cannot_hand_over_stays(project, repair, tree):
    extra = """

async def mark(env, rows, **options):
    marks = ", ".join(["(?, ?)"] * len(rows))
    sql = f"INSERT OR IGNORE INTO days VALUES {marks}"
    await run_statement(env.DB, sql, **{"values": [v for row in rows for v in (row["day"], row["kind"])]})
"""
    body = f"await mark(env, rows)\n    {SLICES}"
    folder = project(body, helper=extra)
    written = tree(folder)
    result = await repair("LIM001", folder, offline=True)
    told = {one.finding.evidence["table"]: (one.outcome, one.detail) for one in result.settlements}
    assert told["readings"][0] is Outcome.FIXED
    assert told["days"][0] is Outcome.REFUSED
    assert told["days"][1].startswith(
        "execute is not rewritten: the arguments of `execute` are passed on as `**`: make `rows` a list"
    )
    text = (folder / "worker.py").read_text()
    assert 'f"INSERT OR IGNORE INTO days VALUES {marks}"' in text
    assert "json_parts(values)" in text
    assert {path: data for path, data in tree(folder).items() if path != "worker.py"} == {
        path: data for path, data in written.items() if path != "worker.py"
    }
