from __future__ import annotations

import json

import pytest

from checks.config.secret_in_vars import SecretInVars
from diagnose.plugin import Status

pytestmark = pytest.mark.anyio

SECRET = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf"
ADDRESS = "postgres://app:" + SECRET + "@db.example.net/app"
CONFIG = f"""name = "a"

[vars]
API_URL = "https://api.example.net"
API_KEY = "{SECRET}"

[env.live.vars]
DATABASE_URL = "{ADDRESS}"

[env.dev.vars]
AUTH_TOKEN = "{SECRET}"
"""


async def test_variables_of_all_environments(write_project, found):
    folder = write_project({"wrangler.toml": CONFIG})
    assert await found("CFG010", folder) == [
        (
            "warn",
            "warning",
            "medium",
            "`vars.API_KEY` holds a random value under the name of a secret, in plain text",
            "wrangler.toml:5:1",
        ),
        (
            "warn",
            "warning",
            "high",
            "`env.live.vars.DATABASE_URL` holds an address with a password, in plain text",
            "wrangler.toml:8:1",
        ),
        (
            "warn",
            "advice",
            "medium",
            "`env.dev.vars.AUTH_TOKEN` holds a random value under the name of a secret, in plain text",
            "wrangler.toml:11:1",
        ),
    ]


async def test_parts_of_a_variable(write_project, check):
    value = {"vars": {"CONFIG": {"retries": 3, "keys": [{"apiKey": SECRET}, {"apiKey": "your-key"}]}}}
    folder = write_project({"wrangler.json": json.dumps(value)})
    [finding] = [each for each in await check("CFG010", folder, offline=True) if each.code == "CFG010"]
    assert finding.evidence == {
        "name": "CONFIG.keys.0.apiKey",
        "environment": None,
        "kind": "a random value under the name of a secret",
        "by": "name",
    }


async def test_the_value_is_in_no_part_of_a_finding(write_project, check):
    folder = write_project({"wrangler.toml": CONFIG})
    findings = [each for each in await check("CFG010", folder, offline=True) if each.code == "CFG010"]
    assert len(findings) == 3
    assert SECRET not in repr(findings)


async def test_harmless_variables(write_project, found):
    config = """name = "a"

[vars]
API_URL = "https://api.example.net/v1?limit=2000"
API_KEY = "your-api-key"
FEATURES = { import = true, hosts = ["a.example.net"] }
ACCOUNT_ID = "5a1f0c3e-7b2d-4e8f-9a6b-1c2d3e4f5a6b"
RETRIES = 3
"""
    assert await found("CFG010", write_project({"wrangler.toml": config})) == [
        ("pass", "warning", "high", "no secret stands in `vars`", "wrangler.toml")
    ]


async def test_vars_that_are_no_table(write_project, found):
    folder = write_project({"wrangler.toml": 'name = "a"\nvars = "b"\n'})
    assert [each[0] for each in await found("CFG010", folder)] == ["pass"]


async def test_a_template_is_advice(write_project, found):
    folder = write_project({"wrangler.example.toml": CONFIG})
    findings = await found("CFG010", folder, config="wrangler.example.toml")
    assert {each[1] for each in findings} == {"advice"}


async def test_without_a_config_it_is_skipped(write_project, found):
    [finding] = await found("CFG010", write_project({"wrangler.toml": "name ="}))
    assert finding[0] == "skip"


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(SecretInVars)
    assert finding.status is Status.ERROR
