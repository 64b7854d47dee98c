from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio

OWN = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
OTHER = "d4e0b7c3-9a61-4c28-8f15-6b2a7e9d1c30"
ENTRY = """[[{section}d1_databases]]
binding = "DB"
{key} = "{name}"  # what people call it
database_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
"""


def config(name, key="database_name", section=""):
    return ENTRY.format(section=section, key=key, name=name)


@pytest.mark.parametrize("key", ["database_name", "name"])
async def test_the_name_is_corrected(write_project, saved_account, proven, key):
    folder = write_project({"wrangler.toml": config("history", key)})
    saved_account(folder, {OWN: ("market-archive", "")})
    await proven("CFG006", folder, {"wrangler.toml": config("market-archive", key)}, offline=False)


async def test_the_name_is_corrected_wherever_the_id_stands(write_project, saved_account, proven):
    text = config("history") + config("copy", section="env.b.")
    folder = write_project({"wrangler.toml": text})
    saved_account(folder, {OWN: ("market-archive", "")})
    expected = config("market-archive") + config("market-archive", section="env.b.")
    await proven("CFG006", folder, {"wrangler.toml": expected}, offline=False)


async def test_a_name_under_the_wrong_key_is_repaired_in_two_steps(write_project, saved_account, repair):
    folder = write_project({"wrangler.toml": config("history", "name")})
    saved_account(folder, {OWN: ("market-archive", "")})
    await repair("CFG", folder)
    assert (folder / "wrangler.toml").read_text() == config("market-archive")


@pytest.mark.parametrize(
    ("databases", "reason"),
    [
        ({OTHER: ("history", "")}, "the account has no database with that id"),
        ({OWN: ("market-archive", ""), OTHER: ("history", "")}, "only you know which one is meant"),
    ],
)
async def test_the_id_is_never_guessed(write_project, saved_account, refused, databases, reason):
    folder = write_project({"wrangler.toml": config("history")})
    saved_account(folder, databases)
    assert reason in await refused("CFG006", folder, offline=False)


async def test_without_an_account(write_project, refused):
    text = config("history") + config("copy", section="env.b.")
    assert "no account was read" in await refused("CFG006", write_project({"wrangler.toml": text}))
