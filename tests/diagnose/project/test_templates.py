from __future__ import annotations

import json

import pytest

from diagnose.project import open_project
from diagnose.project.templates import standing_in

TOP = 'name = "a"\nmain = "w.py"\n'
DATABASE = 'binding = "DB"\ndatabase_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"\n'
BOTH = f"[[env.dev.d1_databases]]\n{DATABASE}[[env.prod.d1_databases]]\n{DATABASE}"


@pytest.fixture
def names(write_project):
    """The environments that stand in for the top level of a config, with these deploy scripts."""

    def read(config, *commands, environment=None):
        scripts = {f"deploy{number}": command for number, command in enumerate(commands)}
        files = {"wrangler.toml": config, "package.json": json.dumps({"scripts": scripts})}
        return list(standing_in(open_project(write_project(files), environment=environment)))

    return read


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([], ["dev", "prod"]),
        (["wrangler deploy --env prod"], ["prod"]),
        (["wrangler deploy --env prod", "wrangler deploy --env dev"], ["dev", "prod"]),
        (["wrangler deploy --env prod", "wrangler deploy"], []),
    ],
)
def test_deploy_commands_decide(names, commands, expected):
    assert names(TOP + BOTH, *commands) == expected


@pytest.mark.parametrize(
    "config",
    [
        TOP,
        TOP + f"[[env.prod.d1_databases]]\n{DATABASE}",
        TOP + BOTH + "[env.test]\n",
        TOP + f"[[d1_databases]]\n{DATABASE}" + BOTH,
    ],
    ids=["no environments", "a single one", "one binds nothing", "the top level binds, too"],
)
def test_without_commands_all_environments_must_bind_and_the_top_level_must_not(names, config):
    assert names(config) == []


def test_a_chosen_environment_counts_itself(names):
    assert names(TOP + BOTH, environment="dev") == []
