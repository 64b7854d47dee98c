"""Whoever waits for the account is told, and gets the report in the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.app.faults import Fault, FaultKind, Faults
from diagnose.embedded.serving import BackgroundServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            Fault(kind=FaultKind.RATE_LIMITED, path="/d1/database$", retry_after=2, times=1),
            "waiting 2 s: HTTP 429 to GET /accounts/",
        ),
        (
            Fault(kind=FaultKind.UNAVAILABLE, path="/workers/scripts$", retry_after=2, times=1),
            "waiting 2 s: HTTP 503 to GET /accounts/",
        ),
    ],
)
def test_a_run_waits_as_it_is_asked_to(tmp_path: Path, fault: Fault, told: str):
    demo = tmp_path / "demo"
    write_demo(demo)
    with (
        EmbeddedAccount.load_snapshot(demo / ".diagnose" / "account") as account,
        BackgroundServer(account, faults=Faults([fault])) as server,
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "diagnose", "run", demo, "--target", "cloudflare", "--format", "json"],
            env=os.environ
            | {
                "CLOUDFLARE_API_TOKEN": account.token,
                "CLOUDFLARE_ACCOUNT_ID": account.account_id,
                "CLOUDFLARE_API_BASE_URL": server.base_url,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert ended.returncode == 1
    assert [line for line in ended.stderr.splitlines() if line.startswith(told)]
    assert "error" not in {finding["status"] for finding in json.loads(ended.stdout)["findings"]}
