"""A worker may print or store the secret that the trigger sends it; nobody is shown it."""

from __future__ import annotations

import pytest

from diagnose.engine.hiding import secrets_of, without_secrets
from diagnose.model import Confidence, Finding, Severity, Status
from diagnose.project import open_project

pytestmark = pytest.mark.anyio

CANARY = "canary-5d2f71"
CONFIG = """
name = "keyed"
main = "worker.py"
compatibility_date = "2026-02-01"
compatibility_flags = ["python_workers"]
[[d1_databases]]
binding = "DB"
database_name = "keyed"
database_id = "9c5a4d43-0f0e-4a25-9d0c-5d8f5c0f3d11"
"""
SETTINGS = '[trigger]\nkind = "fetch"\nheaders_env = { authorization = "ADMIN_TOKEN" }\n'
WORKER = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        token = request.headers.get("authorization")
        print("token", token, self.env.ADMIN_TOKEN)
        await self.env.DB.prepare("INSERT INTO visits (who) VALUES (?)").bind(token).run()
        raise RuntimeError("no such visitor: " + token)
"""


@pytest.fixture
def folder(write_project, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", CANARY)
    return write_project(
        {
            "wrangler.toml": CONFIG,
            "worker.py": WORKER,
            "diagnose.toml": SETTINGS,
            "migrations/0001_visits.sql": "CREATE TABLE visits (who INTEGER PRIMARY KEY);",
        }
    )


def texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for item in items for text in texts(item)]


async def test_no_finding_shows_what_the_trigger_sends(check, folder):
    found = await check("E2E", folder)
    said = [text for finding in found for text in (finding.message, *texts(dict(finding.evidence)))]
    assert [text for text in said if CANARY in text] == []
    assert "token [hidden] [hidden]" in said


def test_without_secrets_nothing_changes(folder):
    finding = Finding(
        code="E2E001",
        name="trigger-failed",
        status=Status.FAIL,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message=CANARY,
    )
    assert without_secrets([finding], secrets_of(open_project(folder), {})) == [finding]
    token = secrets_of(open_project(folder), {"CLOUDFLARE_API_TOKEN": CANARY})
    (hidden,) = without_secrets([finding], token)
    assert hidden.message == "[hidden]"
