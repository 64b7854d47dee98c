"""What a named environment inherits, and what it does not."""

from __future__ import annotations

import pytest

from diagnose.errors import UsageError
from diagnose.project.environments import environment_names, environment_warning
from diagnose.project.wrangler import read_config

TEXT = """\
name = "w"
main = "src/entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
account_id = "a"
workers_dev = true
route = "example.com/*"

[triggers]
crons = ["0 3 * * *"]

[vars]
KEY = "v"

[[d1_databases]]
binding = "DB"
database_name = "prices"

[[queues.producers]]
binding = "Q"
queue = "q"

[env.staging]

[env.production]
name = "own"
routes = ["own.example.com/*"]
triggers = { crons = [] }

[[env.production.d1_databases]]
binding = "DB"
database_name = "production-prices"

[env.production.vars]
KEY = "p"
"""


@pytest.fixture
def document(toml):
    return toml(TEXT)


def test_the_top_level(document):
    config = read_config(document)
    assert (config.name, config.routes, config.crons) == ("w", ("example.com/*",), ("0 3 * * *",))
    assert [binding.binding for binding in config.bindings] == ["DB", "Q", "KEY"]
    assert str(config.d1[0].location) == "wrangler.toml:15:3"


def test_an_empty_environment_inherits_settings_but_no_bindings(document):
    config = read_config(document, "staging")
    assert (config.name, config.main, config.compatibility_date) == (
        "w-staging",
        "src/entry.py",
        "2026-01-01",
    )
    assert (config.compatibility_flags, config.account_id, config.workers_dev) == (
        ("python_workers",),
        "a",
        True,
    )
    assert (config.routes, config.crons) == (("example.com/*",), ("0 3 * * *",))
    assert (config.bindings, config.vars) == ((), {})
    assert str(config.locate("main")) == "wrangler.toml:2:1"


def test_an_environment_with_its_own(document):
    config = read_config(document, "production")
    assert (config.name, config.routes, config.crons) == ("own", ("own.example.com/*",), ())
    assert config.vars == {"KEY": "p"}
    (database,) = config.d1
    assert (database.database_name, database.keys) == (
        "production-prices",
        ("env", "production", "d1_databases", 0),
    )
    assert str(database.location) == "wrangler.toml:30:18"
    assert str(config.locate("name")) == "wrangler.toml:26:1"


def test_an_unknown_environment_where_others_exist(document):
    assert environment_names(document) == ("staging", "production")
    with pytest.raises(UsageError) as caught:
        read_config(document, "prod")
    assert str(caught.value) == (
        "wrangler.toml: there is no environment `prod`; use one of these with --env: staging, production"
    )
    assert environment_warning(document, "staging") is None


def test_an_environment_where_there_is_none_changes_the_name_alone(toml):
    document = toml('name = "w"\n[[d1_databases]]\nbinding = "DB"\n')
    config = read_config(document, "production")
    assert (config.name, len(config.d1)) == ("w-production", 1)
    assert environment_warning(document, "production") == (
        "wrangler.toml declares no environments; `production` only changes the worker's name"
    )
    assert environment_warning(document, None) is None
