from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.source.interpolated_sql import InterpolatedSql
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
CORRECT = sorted((ROOT / "tests" / "fixtures" / "correct").iterdir())
CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
WORKER = """import json
import re
from datetime import date
from urllib.parse import parse_qs, unquote, urlparse

from js import URL
from workers import Response, WorkerEntrypoint, fetch

TABLE = "prices"
COLUMNS = ("symbol", "close")
SYMBOLS = {"BTC", "ETH"}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def condition(column, value):
    return f"{column} = '{value}'"


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        db = self.env.DB
        query = parse_qs(urlparse(request.url).query)
        symbol, limit = query["symbol"][0], int(query["limit"][0])
        rows = (await (await fetch("https://api.example.com/rows")).json())["rows"]
        {line}
        return Response("ok")
"""
LINE = 28


@pytest.fixture
def findings(check, write_project):
    async def find(*lines, worker=WORKER):
        text = worker.replace("{line}", "\n        ".join(lines))
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": text})
        return [each for each in await check("SRC006", folder, offline=True) if each.code == "SRC006"]

    return find


async def test_a_value_of_a_request_between_quotes(findings):
    (finding,) = await findings("await db.prepare(f\"SELECT * FROM prices WHERE symbol = '{symbol}'\").all()")
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "`symbol` of a caller is written into the SELECT of prices in Default.fetch: "
        "a quote in it ends the value"
    )
    assert finding.location == Location("worker.py", LINE, 9)
    assert finding.evidence == {
        "binding": "DB",
        "table": "prices",
        "verb": "SELECT",
        "function": "Default.fetch",
        "values": ["symbol"],
        "origins": ["caller"],
        "quoted": True,
        "statement": "SELECT * FROM prices WHERE symbol = '{…}'",
    }


@pytest.mark.parametrize(
    ("lines", "values", "origins", "confidence"),
    [
        (
            [
                "for row in rows:",
                "    await db.prepare(f\"INSERT INTO t VALUES ({row['a']}, '{row['b']}')\").run()",
            ],
            ["row['a']", "row['b']"],
            ["fetched"],
            Confidence.HIGH,
        ),
        (
            [
                "values = ', '.join(f\"({row['a']}, {row['b']})\" for row in rows)",
                "await db.prepare(f'INSERT INTO t VALUES {values}').run()",
            ],
            ["row['a']", "row['b']"],
            ["fetched"],
            Confidence.MEDIUM,
        ),
        (
            ["await db.prepare(\"SELECT a FROM t WHERE b = '%s'\" % symbol).all()"],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
        (
            ["await db.prepare(\"SELECT a FROM t WHERE b = '{}'\".format(symbol)).all()"],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
        (
            ['await db.prepare("SELECT a FROM t WHERE b = \'" + symbol + "\'").all()'],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
        (
            ["await db.prepare(f\"SELECT a FROM t WHERE b LIKE '%{symbol}%'\").all()"],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
        (
            ["await db.prepare(f\"SELECT a FROM t WHERE b IN ('{symbol}')\").all()"],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
        (
            ["await db.prepare(f'SELECT a FROM t WHERE b BETWEEN {symbol} AND {symbol}').all()"],
            ["symbol"],
            ["caller"],
            Confidence.MEDIUM,
        ),
        (
            [
                "last = await db.prepare('SELECT name FROM t LIMIT 1').first()",
                "await db.prepare(f\"DELETE FROM t WHERE name = '{last.name}'\").run()",
            ],
            ["last.name"],
            ["queried"],
            Confidence.MEDIUM,
        ),
        (
            [
                "last = await db.prepare('SELECT id FROM t LIMIT 1').first()",
                "await db.prepare(f'DELETE FROM t WHERE id = {last.id}').run()",
            ],
            ["last.id"],
            ["queried"],
            Confidence.LOW,
        ),
        (
            ["await db.prepare(f\"INSERT INTO t VALUES ('{json.dumps(rows)}')\").run()"],
            ["json.dumps(rows)"],
            ["fetched"],
            Confidence.HIGH,
        ),
        (
            [
                "where = []",
                "if symbol:",
                "    where.append(f\"symbol = '{symbol}'\")",
                "await db.prepare('SELECT a FROM t WHERE ' + ' AND '.join(where)).all()",
            ],
            ["symbol"],
            ["caller"],
            Confidence.HIGH,
        ),
    ],
)
async def test_a_value_in_the_text(lines, values, origins, confidence, findings):
    found = await findings(*lines)
    (finding,) = [each for each in found if each.status is Status.WARN]
    assert (finding.evidence["values"], finding.evidence["origins"]) == (values, origins)
    assert finding.confidence is confidence


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ('request.headers.get("x-base") or "EUR"', "caller"),
        ('request.headers["x-base"] if "x-base" in request.headers else "EUR"', "caller"),
        ('(request.headers.get("x-base") or "EUR").strip().upper()', "caller"),
        ('query.get("base", ["EUR"])[0]', "caller"),
        ('request.query_params.get("base") or "EUR"', "caller"),
        ('URL.new(request.url).searchParams.get("base") or "EUR"', "caller"),
        ('unquote(urlparse(request.url).path.rsplit("/", 1)[1]) or "EUR"', "caller"),
        ('(await request.json()).to_py().get("base") or "EUR"', "caller"),
        ('(await request.text() or "EUR").lower()', "caller"),
        ('str(rows[0]["base"] or "EUR")', "fetched"),
        ("f\"{request.headers.get('x-base') or 'EUR'}\"", "caller"),
    ],
)
async def test_a_default_does_not_make_a_value_ones_own(value, origin, findings):
    (finding,) = await findings(
        f"base = {value}", "await db.prepare(f\"SELECT a FROM t WHERE b = '{base}'\").all()"
    )
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    assert finding.evidence["origins"] == [origin]


async def test_a_default_that_a_branch_sets(findings):
    (finding,) = await findings(
        'base = request.headers.get("x-base")',
        "if not base:",
        '    base = "EUR"',
        'await db.prepare("SELECT a FROM t WHERE " + condition("b", base)).all()',
    )
    assert (finding.status, finding.evidence["values"]) == (Status.WARN, ["value"])


async def test_a_value_of_a_message(check, write_project):
    worker = """
import json

from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            base = json.loads(message.body).get("base") or "EUR"
            await self.env.DB.prepare(f"DELETE FROM rates WHERE base = '{base}'").run()
"""
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker})
    (finding,) = [each for each in await check("SRC006", folder, offline=True) if each.code == "SRC006"]
    assert (finding.status, finding.evidence["origins"]) == (Status.WARN, ["caller"])


@pytest.mark.parametrize(
    "lines",
    [
        ["await db.prepare('SELECT a FROM t WHERE b = ?').bind(symbol).all()"],
        ["await db.prepare(f'SELECT * FROM {TABLE} WHERE a = ?').bind(symbol).all()"],
        ["await db.prepare(f'SELECT {\", \".join(COLUMNS)} FROM prices').all()"],
        ["await db.prepare(f'SELECT * FROM prices LIMIT {limit}').all()"],
        ["await db.prepare(f'SELECT * FROM prices LIMIT {min(limit, 100)}').all()"],
        ["await db.prepare(f'SELECT * FROM prices WHERE close > {float(symbol)}').all()"],
        ["await db.prepare(f'SELECT * FROM {quoted(symbol)}').all()"],
        ["await db.prepare(f'SELECT * FROM prices ORDER BY {symbol}').all()"],
        ["await db.prepare(f'SELECT \"{symbol}\" FROM prices').all()"],
        [
            "marks = ', '.join('?' for _ in rows)",
            "await db.prepare(f'SELECT a FROM t WHERE a IN ({marks})').bind(*rows).all()",
        ],
        [
            "if symbol not in SYMBOLS:",
            "    return Response('unknown', status=400)",
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{symbol}'\").all()",
        ],
        [
            "if not re.fullmatch('[A-Z]+', symbol):",
            "    return Response('unknown', status=400)",
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{symbol}'\").all()",
        ],
        [
            'safe = symbol.replace("\'", "\'\'")',
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{safe}'\").all()",
        ],
        [
            "require_valid(symbol)",
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{symbol}'\").all()",
        ],
        [
            'count = int(query["n"][0]) if "n" in query else int(query["m"][0])',
            "await db.prepare(f'SELECT a FROM t LIMIT {count}').all()",
        ],
        [
            'count = int(request.headers.get("n") or 0) or 10',
            "await db.prepare(f'SELECT a FROM t LIMIT {count}').all()",
        ],
        [
            'count = int(query["n"][0]) if "n" in query else fallback()',
            "await db.prepare(f'SELECT a FROM t LIMIT {count}').all()",
        ],
        [
            'count = request.headers.get("n") or "10"',
            "try:",
            "    int(count)",
            "except ValueError:",
            "    return Response('no number', status=400)",
            "await db.prepare(f'SELECT a FROM t LIMIT {count}').all()",
        ],
        [
            'day = request.headers.get("day") or "2026-01-01"',
            "date.fromisoformat(day)",
            "await db.prepare(f\"SELECT a FROM t WHERE day = '{day}'\").all()",
        ],
        [
            'base = request.headers.get("x-base") or "EUR"',
            "match base:",
            "    case 'EUR' | 'USD':",
            "        pass",
            "    case _:",
            "        return Response('unknown', status=400)",
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{base}'\").all()",
        ],
        [
            'base = {"euro": "EUR"}.get(request.headers.get("x-base") or "euro", "EUR")',
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{base}'\").all()",
        ],
        [
            'order = "ASC" if (request.headers.get("order") or "up") == "up" else "DESC"',
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{order}'\").all()",
        ],
        [
            'base = request.headers.get("x-base") or "EUR"',
            "if base not in SYMBOLS:",
            "    return Response('unknown', status=400)",
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{base}'\").all()",
        ],
        [
            'base = (request.headers.get("x-base") or "EUR").replace("\'", "\'\'")',
            "await db.prepare(f\"SELECT a FROM t WHERE a = '{base}'\").all()",
        ],
        ["await db.prepare(f\"SELECT a FROM t WHERE a = '{self.env.REGION or 'eu'}'\").all()"],
        ["await db.prepare(f'SELECT a FROM t WHERE a = {symbol.startswith(TABLE)}').all()"],
        ["await db.prepare(f'SELECT a FROM t WHERE a = {symbol.isalpha()}').all()"],
        ["await db.prepare(f'SELECT a FROM t -- {symbol}').all()"],
        ["await db.prepare(f\"SELECT a FROM t WHERE a = '{TABLE}'\").all()"],
        ["await db.prepare(f\"SELECT a FROM t WHERE a = '{self.env.REGION}'\").all()"],
        ["await db.prepare(f\"SELECT a FROM t WHERE a = '{len(rows)}'\").all()"],
        ["await db.prepare(f\"CREATE TABLE t (a DEFAULT '{symbol}')\").run()"],
        ["print(f\"SELECT a FROM t WHERE a = '{symbol}'\")"],
    ],
)
async def test_what_is_no_value_of_somebody_else(lines, findings):
    (finding,) = await findings(*lines)
    assert finding.status is Status.PASS
    assert finding.message == "no data is written into the text of a statement"


@pytest.mark.parametrize("annotation", ["int", "int | None", "Optional[float]", 'Literal["a", "b"]', "UUID"])
async def test_a_value_that_a_framework_converts(annotation, check, write_project):
    worker = f"""
from fastapi import FastAPI, Request

app = FastAPI()

@app.get("/rows")
async def rows(request: Request, number: {annotation}):
    env = request.scope["env"]
    return await env.DB.prepare(f"SELECT a FROM t WHERE b = {{number}}").all()
"""
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker})
    (finding,) = [each for each in await check("SRC006", folder, offline=True) if each.code == "SRC006"]
    assert (finding.status, finding.evidence) == (Status.PASS, {"statements": 1})


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("SRC006", tmp_path / "correct", offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC006"]
    assert finding.status is Status.PASS


async def test_without_source_it_is_skipped(check, write_project):
    found = await check("SRC006", write_project({"wrangler.toml": 'name = "import"\n'}), offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC006"]
    assert finding.status is Status.SKIP


async def test_a_check_that_breaks_is_an_error(crash):
    (finding,) = await crash(InterpolatedSql)
    assert finding.status is Status.ERROR
