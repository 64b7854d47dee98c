from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.api_budget import ApiBudget
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Severity, Status

pytestmark = pytest.mark.anyio

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
ROOT = "https://api.cloudflare.com/client/v4"
ROW_BY_ROW = f"""
for row in rows:
    await fetch(f"{ROOT}/accounts/{{self.env.ACCOUNT}}/d1/database/x/query", method="POST", body=row)
"""


async def test_one_request_per_row_is_too_many(project, findings):
    (finding,) = await findings("LIM007", project(ROW_BY_ROW))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "one invocation makes 2,000 requests to Cloudflare's API in Default.store; a token may make 1,200 in "
        "5 minutes, so they take 5 minutes at least, and the first refusal blocks the token for five"
    )
    assert finding.location.path == "worker.py"
    assert finding.evidence == {
        "call": "/accounts/{self.env.ACCOUNT}/d1/database/x/query",
        "function": "Default.store",
        "requests": 2_000,
        "limit": 1_200,
        "minutes": 5,
    }


@pytest.mark.parametrize(
    ("rows", "requests", "unknown"),
    [("fetched[:1200]", 1_200, 0), ("fetched[:7]", 7, 0), ("unbounded", 0, 1), ("posted", 0, 1)],
)
async def test_few_requests_or_an_unknown_number_are_no_problem(project, findings, rows, requests, unknown):
    (finding,) = await findings("LIM007", project(ROW_BY_ROW, rows))
    assert finding.status is Status.PASS
    assert finding.evidence == {"requests": requests, "unknown": unknown}


async def test_a_bound_of_the_source_is_less_certain(project, findings):
    (finding,) = await findings("LIM007", project(ROW_BY_ROW, "fetched[:1201]"))
    assert (finding.status, finding.evidence["requests"]) == (Status.WARN, 1_201)
    assert finding.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/client/v4/zones",
        "https://api.cloudflare.com.example.com/client/v4/zones",
        "https://cloudflare.com/",
        "https://example.com/?to=api.cloudflare.com/client/v4",
    ],
)
async def test_requests_to_others_do_not_count(project, findings, url):
    (finding,) = await findings("LIM007", project(f'for row in rows:\n    await fetch("{url}", body=row)'))
    assert finding.status is Status.PASS
    assert finding.evidence == {"requests": 0, "unknown": 0}


async def test_one_request_for_all_rows_is_right(project, findings):
    (finding,) = await findings("LIM007", project(f'await fetch("{ROOT}/x", body=json.dumps(rows))'))
    assert (finding.status, finding.evidence["requests"]) == (Status.PASS, 1)


async def test_loops_multiply(project, findings):
    body = f'for row in rows:\n    for part in range(3):\n        await fetch("{ROOT}/x", body=row)'
    (finding,) = await findings("LIM007", project(body))
    assert (finding.evidence["requests"], finding.evidence["minutes"]) == (6_000, 20)


async def test_nothing_leads_to_the_request(write_project, findings):
    worker = (
        "from workers import Response, WorkerEntrypoint, fetch\n\n\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        return Response('ok')\n\n\n"
        f"async def seed():\n    for row in range(5000):\n        await fetch('{ROOT}/x', body=row)\n"
    )
    config = 'name = "import"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
    folder = write_project({"wrangler.toml": config, "worker.py": worker})
    (finding,) = await findings("LIM007", folder)
    assert (finding.severity, finding.confidence) == (Severity.ADVICE, Confidence.LOW)


async def test_without_source_it_is_skipped(write_project, findings):
    folder = write_project({"wrangler.toml": 'name = "import"\nmain = "missing.py"\n'})
    (finding,) = await findings("LIM007", folder)
    assert finding.status is Status.SKIP


class Broken(ApiBudget):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.fetches[99]))


async def test_a_crash_is_an_error(project, context):
    async with context(project(ROW_BY_ROW)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR


@pytest.mark.parametrize("source", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_have_no_finding(source, tmp_path, findings):
    folder = shutil.copytree(source, tmp_path / source.name)
    assert {finding.status for finding in await findings("LIM007", folder)} <= {Status.PASS, Status.SKIP}
