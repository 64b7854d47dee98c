"""`diagnose run --target cloudflare` asks for each fact once, and the README says how many there are."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from clients.counting import requests_of
from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount
from diagnose.project import open_project
from diagnose.rehearsal.served import deployed_account

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent
CORRECT = ROOT / "tests" / "fixtures" / "correct"
STATED = re.compile(r"(\d+) requests<!-- counted: diagnose run --target cloudflare, in the demo's folder -->")
RUN = ("run", "--target", "cloudflare", "--format", "json", "--fail-on", "never")


async def test_the_demo(tmp_path: Path):
    demo = tmp_path / "demo"
    write_demo(demo)
    with EmbeddedAccount.load_snapshot(demo / ".diagnose" / "account") as account:
        requests, printed = await requests_of(account, *RUN, demo)

    assert json.loads(printed)["target"] == "cloudflare"
    assert {finding["status"] for finding in json.loads(printed)["findings"]} >= {"pass", "fail"}
    assert [request for request, times in Counter(requests).items() if times > 1] == []
    stated = STATED.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert stated is not None
    assert int(stated[1]) == len(requests)


@pytest.mark.parametrize("name", ["queued_candles", "two_databases", "two_workers", "json_each_cron"])
async def test_a_project_that_is_deployed(name: str, tmp_path: Path):
    folder = Path(shutil.copytree(CORRECT / name, tmp_path / name))
    with deployed_account(open_project(folder), None, plan="paid", tell=lambda _line: None) as account:
        requests, printed = await requests_of(account, *RUN, folder)

    assert json.loads(printed)["target"] == "cloudflare"
    assert len(requests) > 5
    assert [request for request, times in Counter(requests).items() if times > 1] == []
