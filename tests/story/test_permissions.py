"""A token that may not do everything, against the API on a loopback port, by the commands alone."""

from __future__ import annotations

import json
import shutil

import pytest
from story.serving import Served

DEPLOYMENT = ("--target", "cloudflare", "--select", "DEP001,DEP006,CFG006")


UNKNOWN = {"CLOUDFLARE_API_TOKEN": "q7Zr2Lw9-canary-0123456789"}


@pytest.fixture(scope="module")
def served(broken_demo, tmp_path_factory):
    state = tmp_path_factory.mktemp("served") / "account"
    shutil.copytree(broken_demo / ".diagnose" / "account", state)
    with Served.start("--state", state) as server:
        yield server


def environment(served, **changes):
    line = served.line
    return {
        "CLOUDFLARE_API_BASE_URL": line["base_url"],
        "CLOUDFLARE_API_TOKEN": line["token"],
        "CLOUDFLARE_ACCOUNT_ID": line["account_id"],
    } | changes


def test_a_token_that_may_read_everything(diagnose, served, broken_demo):
    ended = diagnose("run", broken_demo, *DEPLOYMENT, "--format", "json", **environment(served))
    found = {finding["code"]: finding["status"] for finding in ended.json["findings"]}
    assert (ended.code, found) == (1, {"CFG006": "warn", "DEP001": "fail", "DEP006": "pass"})


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_token_that_nobody_knows_ends_the_run_with_one_message(diagnose, served, broken_demo, form):
    strange = environment(served, **UNKNOWN)
    ended = diagnose("run", broken_demo, *DEPLOYMENT, "--format", form, **strange)
    assert ended.code == 4
    assert ended.err.count("error: ") == 1
    assert "Authentication error" in ended.err
    assert "check CLOUDFLARE_API_TOKEN" in ended.err
    assert "canary" not in ended.out + ended.err
    if form == "json":
        assert json.loads(ended.out)["findings"] == []


def test_nobody_answers(diagnose, served, broken_demo):
    nowhere = environment(served, CLOUDFLARE_API_BASE_URL="http://127.0.0.1:9/client/v4")
    ended = diagnose("run", broken_demo, *DEPLOYMENT, **nowhere)
    assert ended.code == 4
    assert ended.err.count("error: ") == 1


def test_another_account_is_told_from_a_missing_permission(diagnose, served, broken_demo):
    other = environment(served, CLOUDFLARE_ACCOUNT_ID="0" * 31 + "1")
    ended = diagnose("run", broken_demo, *DEPLOYMENT, "--format", "json", **other)
    (finding,) = ended.findings("DEP006")
    assert (ended.code, finding["status"]) == (1, "fail")
    assert finding["message"] == (
        "the token lacks “D1 Read” and “Workers Scripts Read” for this account, "
        "or CLOUDFLARE_ACCOUNT_ID is the id of another account"
    )
    assert [one["status"] for one in ended.findings("CFG006")] == ["skip"]
    assert [one["status"] for one in ended.findings("DEP001")] == ["skip"]


def test_the_least_token_is_told_without_an_account(diagnose, broken_demo):
    ended = diagnose("permissions", broken_demo, "--format", "json")
    assert [each["permission"] for each in ended.json["permissions"]] == ["D1 Read", "Workers Scripts Read"]
