from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def test_keys_are_renamed_with_their_comments(write_project, proven):
    config = """name = "a"

[[d1_databases]]
binding = "DB"
{} = "history"   # the old one
{} = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
"""
    folder = write_project({"wrangler.toml": config.format("name", "id")})
    await proven("CFG002", folder, {"wrangler.toml": config.format("database_name", "database_id")})


async def test_keys_of_jsonc(write_project, proven):
    producer = '"queues": {{ "producers": [{{ "binding": "Q", "{}": "q" }}] }}'
    config = f'{{{{\n  "name": "a", // worker\n  {producer},\n}}}}\n'
    folder = write_project({"wrangler.jsonc": config.format("name")})
    await proven("CFG002", folder, {"wrangler.jsonc": config.format("queue")})


async def test_a_key_moves_to_its_table(write_project, proven):
    folder = write_project({"wrangler.toml": 'name = "a"\ncrons = ["0 3 * * *"]  # at night\n'})
    await proven("CFG002", folder, {"wrangler.toml": 'name = "a"\n\n[triggers]\ncrons = ["0 3 * * *"]\n'})


async def test_a_key_that_resembles_none_is_left(write_project, refused):
    folder = write_project({"wrangler.toml": 'name = "a"\nquantum_bindings = []\n'})
    assert "correct the key, or remove it" in await refused("CFG002", folder)
