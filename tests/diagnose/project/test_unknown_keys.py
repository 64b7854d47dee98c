"""Keys that wrangler ignores are found; keys that it knows are left alone."""

from __future__ import annotations

import json

import pytest

from diagnose.model import Location
from diagnose.project import SwallowedKey, UnknownKey, parse_document, swallowed_keys, unknown_keys
from diagnose.project.wrangler_keys import TOP_LEVEL

KNOWN = """\
"$schema" = "node_modules/wrangler/config-schema.json"
name = "w"
main = "src/entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
keep_vars = true
workers_dev = true
send_metrics = false
route = { pattern = "example.com/*", zone_name = "example.com" }
routes = ["a", { pattern = "b", custom_domain = true }]
limits = { cpu_ms = 100 }

[vars]
name = "a variable may have any name"
anything = { at = "all" }

[triggers]
crons = ["0 3 * * *"]

[[d1_databases]]
binding = "DB"
database_name = "prices"
database_id = "x"
preview_database_id = "y"
migrations_dir = "m"
migrations_table = "t"
migrations_pattern = "m/*/migration.sql"
remote = true

[[queues.producers]]
binding = "Q"
queue = "q"
delivery_delay = 1

[[queues.consumers]]
queue = "q"
max_batch_size = 10
dead_letter_queue = "d"
retry_delay = 3

[[workflows]]
binding = "W"
name = "w"
class_name = "W"

[[send_email]]
name = "MAIL"

[durable_objects]
bindings = [{ name = "D", class_name = "D" }]

[observability.logs]
enabled = true
invocation_logs = true

[env.production]
name = "other"
workers_dev = false
[env.production.vars]
main = "a variable, since the file has its own main"
[[env.production.d1_databases]]
binding = "DB"
"""


def test_known_keys_are_left_alone():
    document = parse_document(KNOWN, "wrangler.toml", "toml")
    assert unknown_keys(document) == ()
    assert swallowed_keys(document) == ()
    assert unknown_keys(parse_document(json.dumps(document.data), "wrangler.json", "json")) == ()


@pytest.mark.parametrize("key", sorted(TOP_LEVEL))
def test_every_top_level_key_is_known_with_any_value(key):
    text = json.dumps({key: [{}]})
    assert unknown_keys(parse_document(text, "wrangler.json", "json")) == ()


@pytest.mark.parametrize(
    ("table", "wrong", "right"),
    [
        ("[[d1_databases]]", "name", "database_name"),
        ("[[d1_databases]]", "id", "database_id"),
        ("[[d1_databases]]", "databse_id", "database_id"),
        ("[[queues.producers]]", "name", "queue"),
        ("[[queues.consumers]]", "queue_name", "queue"),
        ("[[queues.consumers]]", "batch_size", "max_batch_size"),
        ("[[env.staging.d1_databases]]", "name", "database_name"),
        ("[triggers]", "cron", "crons"),
        ("[observability]", "enable", "enabled"),
    ],
)
def test_a_usual_mistake_has_a_suggestion(toml, table, wrong, right):
    document = toml(f'{table}\n{wrong} = "x"\n')
    (found,) = unknown_keys(document)
    assert (found.suggestion, found.move_to, found.would_miss) == (right, None, None)
    assert found.location == Location("wrangler.toml", 2, 1)


def test_the_same_mistake_in_json(jsonc):
    document = jsonc(
        """
        {
          "queues": {
            "producers": [{ "binding": "Q", "name": "q" }]
          }
        }
        """
    )
    assert unknown_keys(document) == (
        UnknownKey(
            keys=("queues", "producers", 0, "name"),
            location=Location("wrangler.jsonc", 3, 37),
            suggestion="queue",
        ),
    )


def test_no_suggestion_for_a_name_that_is_there_already(toml):
    (found,) = unknown_keys(toml('[[d1_databases]]\nbinding = "DB"\ndatabase_name = "a"\ndb_name = "b"\n'))
    assert found.suggestion is None


def test_what_wrangler_would_miss(toml):
    document = toml(
        """
        script = "src/entry.py"
        nmae = "w"
        crons = ["0 3 * * *"]
        [[d1_database]]
        binding = "DB"
        [[kv_namespaces]]
        bindng = "CACHE"
        """
    )
    assert [(key.keys, key.suggestion, key.move_to, key.would_miss) for key in unknown_keys(document)] == [
        (("script",), "main", None, "main"),
        (("nmae",), "name", None, "name"),
        (("crons",), None, ("triggers", "crons"), None),
        (("d1_database",), "d1_databases", None, "DB"),
        (("kv_namespaces", 0, "bindng"), "binding", None, "CACHE"),
    ]


def test_keys_below_the_first_header_are_swallowed(toml):
    document = toml(
        """
        # observability first
        [observability.logs]
        enabled = true
        name = "w"
        main = "src/entry.py"
        compatibility_date = "2026-01-01"
        """
    )
    assert swallowed_keys(document) == tuple(
        SwallowedKey(
            key=key,
            table=("observability", "logs"),
            target=(key,),
            location=Location("wrangler.toml", line, 1),
        )
        for line, key in ((4, "name"), (5, "main"), (6, "compatibility_date"))
    )
    assert [(key.move_to, key.would_miss) for key in unknown_keys(document)] == [
        (("name",), "name"),
        (("main",), "main"),
        (("compatibility_date",), None),
    ]


def test_a_second_name_below_triggers_has_no_place_to_go(toml):
    document = toml('name = "w"\nmain = "a.py"\n[triggers]\ncrons = []\nname = "v"\nmain = "b.py"\n')
    assert [(key.key, key.table, key.target) for key in swallowed_keys(document)] == [
        ("name", ("triggers",), None),
        ("main", ("triggers",), None),
    ]


def test_variables_swallow_too_where_the_file_lacks_the_key(toml):
    document = toml('name = "w"\n[vars]\nname = "mine"\nmain = "src/entry.py"\n')
    assert [key.keys for key in swallowed_keys(document)] == [("vars", "main")]


def test_a_database_swallows_name_only_with_another_tell_tale(toml):
    plain = toml('[[d1_databases]]\nbinding = "DB"\nname = "prices"\n')
    assert swallowed_keys(plain) == ()
    both = toml('[[d1_databases]]\nbinding = "DB"\nname = "w"\nmain = "src/entry.py"\n')
    assert [key.keys for key in swallowed_keys(both)] == [
        ("d1_databases", 0, "name"),
        ("d1_databases", 0, "main"),
    ]


def test_a_key_swallowed_in_an_environment_stays_there_when_the_file_has_its_own(toml):
    document = toml('main = "a.py"\n[env.dev.observability]\nenabled = true\nmain = "b.py"\n')
    assert [key.target for key in swallowed_keys(document)] == [("env", "dev", "main")]


def test_brackets_swallow_nothing(toml):
    document = toml('triggers = { crons = [], main = "a.py" }\n')
    assert swallowed_keys(document) == ()
    assert [(key.keys, key.move_to) for key in unknown_keys(document)] == [(("triggers", "main"), ("main",))]
