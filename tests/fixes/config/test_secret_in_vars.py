from __future__ import annotations

import base64
import stat

import pytest

from diagnose.cli.operator import describe
from diagnose.engine.journal import Journal
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

SECRET = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf"
HEAD = 'name = "a" # mine\r\n\r\n[vars]\r\n'
TOML = HEAD + f'API_KEY = "{SECRET}" # of the exchange\r\nAPI_URL = "https://api.example.net"\r\n'
JSONC = f"""{{
  // mine
  "name": "a",
  "vars": {{ "API_KEY": "{SECRET}" }},
  "env": {{
    "live": {{
      "vars": {{
        "API_URL": "https://api.example.net",
        // of the exchange
        "API_KEY": "{SECRET}"
      }}
    }}
  }}
}}
"""


@pytest.fixture
def plans(write_project):
    """The plans of the fix for some config, as a person reads them."""
    from diagnose.engine.fixing import Fixer
    from diagnose.engine.registry import load_registry
    from diagnose.engine.runner import Selection
    from diagnose.engine.session import Session, SessionOptions
    from diagnose.plugin import Target
    from tests.conftest import Confirming

    async def read(name, text):
        folder = write_project({name: text})
        async with Session(SessionOptions(path=folder, config=name, target=Target.OFFLINE)) as session:
            fixer = Fixer(session, load_registry(), Confirming(), session.journal_folder)
            found = await fixer.preview(Selection(select=("CFG010",)))
            return [describe(finding, plan) for finding, plan in found]

    return read


async def test_toml(write_project, proven):
    folder = write_project({"wrangler.toml": TOML})
    await proven("CFG010", folder, {"wrangler.toml": HEAD + 'API_URL = "https://api.example.net"\r\n'})


async def test_jsonc_with_two_environments(write_project, proven):
    expected = """{
  // mine
  "name": "a",
  "vars": { },
  "env": {
    "live": {
      "vars": {
        "API_URL": "https://api.example.net"
        // of the exchange
      }
    }
  }
}
"""
    folder = write_project({"wrangler.jsonc": JSONC})
    await proven("CFG010", folder, {"wrangler.jsonc": expected})


async def test_the_plan_shows_the_command_and_not_the_value(plans):
    first, second = await plans("wrangler.jsonc", JSONC)
    assert SECRET not in first + second
    assert first.splitlines()[1] == (
        "  plan: `API_KEY` leaves the file; deploy, then store a new value with: wrangler secret put API_KEY"
    )
    assert second.splitlines()[1].endswith("with: wrangler secret put API_KEY --env live")
    assert '     -  "vars": { "API_KEY": "[hidden]" },' in first.splitlines()


async def test_a_config_by_another_name(plans):
    [plan] = await plans("wrangler.live.toml", TOML)
    assert "wrangler secret put API_KEY --config wrangler.live.toml" in plan


async def test_the_journal_has_the_old_bytes_for_its_owner_alone(write_project, repair):
    folder = write_project({"wrangler.toml": TOML})
    await repair("CFG010", folder, offline=True)
    [file] = (folder / ".diagnose" / "journal").glob("*.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET not in file.read_text()
    [step] = Journal.read(file).steps
    assert base64.b64decode(step.record["before"]) == TOML.encode()
    assert (folder / ".diagnose" / ".gitignore").read_text() == "*\n"


async def test_the_outcome_does_not_have_the_value(write_project, repair):
    result = await repair("CFG010", write_project({"wrangler.toml": TOML}), offline=True)
    [settlement] = result.settlements
    assert settlement.outcome is Outcome.FIXED
    assert SECRET not in repr(result)


async def test_a_part_of_a_variable_is_refused(write_project, refused):
    config = f'name = "a"\n\n[vars.EXCHANGE]\napi_key = "{SECRET}"\n'
    assert await refused("CFG010", write_project({"wrangler.toml": config})) == (
        "`EXCHANGE.api_key` is part of a variable, and a secret holds one text: "
        "make it a name of its own, which the worker reads"
    )


async def test_a_value_that_only_looks_random_is_refused(write_project, refused):
    config = f'name = "a"\n\n[vars]\nCACHE_KEY = "{SECRET}"\n'
    assert await refused("CFG010", write_project({"wrangler.toml": config})) == (
        "`CACHE_KEY` looks random, but nothing else tells that it is a secret: "
        "decide whether it is one, and move it then"
    )
