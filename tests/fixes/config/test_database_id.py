from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

OWN = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
OTHER = "d4e0b7c3-9a61-4c28-8f15-6b2a7e9d1c30"
CONFIG = (
    '{{\n  // prices\n  "d1_databases": [{{ "binding": "DB", "{}": "prices", "database_id": "{}" }}],\n}}\n'
)


@pytest.mark.parametrize("name_key", ["database_name", "name"])
async def test_the_only_database_of_that_name(write_project, saved_account, proven, name_key):
    folder = write_project({"wrangler.jsonc": CONFIG.format(name_key, "YOUR_ID")})
    saved_account(folder, {OWN: ("prices", ""), OTHER: ("weather", "")})
    await proven("CFG005", folder, {"wrangler.jsonc": CONFIG.format(name_key, OWN)}, offline=False)


async def test_no_database_of_that_name(write_project, saved_account, refused):
    folder = write_project({"wrangler.jsonc": CONFIG.format("database_name", "YOUR_ID")})
    saved_account(folder, {OTHER: ("weather", "")})
    assert "no database in the account has the name 'prices'" in await refused(
        "CFG005", folder, offline=False
    )


async def test_without_an_account(write_project, refused):
    folder = write_project({"wrangler.jsonc": CONFIG.format("database_name", "YOUR_ID")})
    assert "no account was read" in await refused("CFG005", folder)
