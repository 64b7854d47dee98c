"""From a document to bindings and settings, in TOML and JSONC alike."""

from __future__ import annotations

import json

from diagnose.project import D1Binding, QueueConsumer, QueueProducer, parse_document
from diagnose.project.wrangler import read_config

DATA = {
    "name": "w",
    "d1_databases": [
        {"binding": "DB", "database_name": "prices", "database_id": "x", "preview_database_id": "y"},
        {
            "binding": "B",
            "migrations_dir": "sql",
            "migrations_table": "m",
            "migrations_pattern": "sql/*/m.sql",
        },
        {"database_name": "no binding"},
        "nonsense",
    ],
    "queues": {
        "producers": [{"binding": "Q", "queue": "q", "delivery_delay": 5}],
        "consumers": [
            {
                "queue": "q",
                "max_batch_size": 10,
                "max_batch_timeout": 2.5,
                "max_retries": 3,
                "dead_letter_queue": "d",
                "max_concurrency": 2,
                "retry_delay": 30,
                "visibility_timeout_ms": 9000,
                "type": "worker",
            },
            {"max_batch_size": True},
        ],
    },
    "kv_namespaces": [{"binding": "CACHE", "id": "k"}],
    "r2_buckets": [{"binding": "FILES", "bucket_name": "f"}],
    "services": [{"binding": "OTHER", "service": "o"}],
    "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]},
    "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
    "ai": {"binding": "AI"},
    "text_blobs": {"BLOB": "a.txt"},
    "vars": {"TEXT": "t", "JSON": {"a": 1}},
    "secrets": {"required": ["API_KEY"]},
}


def read(data):
    return read_config(parse_document(json.dumps(data), "wrangler.jsonc", "jsonc"))


def test_databases_queues_and_consumers():
    config = read(DATA)
    first, second = config.d1
    assert first == D1Binding(
        binding="DB",
        database_name="prices",
        database_id="x",
        preview_database_id="y",
        keys=("d1_databases", 0),
        location=config.document.locate("d1_databases", 0),
    )
    assert (second.migrations_dir, second.migrations_table, second.migrations_pattern) == (
        "sql",
        "m",
        "sql/*/m.sql",
    )
    assert config.producers == (
        QueueProducer(
            binding="Q",
            queue="q",
            delivery_delay=5,
            keys=("queues", "producers", 0),
            location=config.document.locate("queues", "producers", 0),
        ),
    )
    assert config.consumers[0] == QueueConsumer(
        queue="q",
        max_batch_size=10,
        max_batch_timeout=2.5,
        max_retries=3,
        dead_letter_queue="d",
        max_concurrency=2,
        retry_delay=30,
        visibility_timeout_ms=9_000,
        type="worker",
        keys=("queues", "consumers", 0),
        location=config.document.locate("queues", "consumers", 0),
    )
    assert config.consumers[1].max_batch_size is None


def test_other_bindings_by_the_api_s_types():
    config = read(DATA)
    assert {other.binding: other.kind for other in config.others} == {
        "CACHE": "kv_namespace",
        "FILES": "r2_bucket",
        "OTHER": "service",
        "ROOM": "durable_object_namespace",
        "FLOW": "workflow",
        "AI": "ai",
        "BLOB": "text_blob",
        "TEXT": "plain_text",
        "JSON": "json",
        "API_KEY": "secret_text",
    }
    assert all(other.location == config.document.locate(*other.keys) != None for other in config.others)  # noqa: E711 - both at once
    assert config.binding("ROOM").settings == {"name": "ROOM", "class_name": "Room"}
    assert config.binding("DB") == config.d1[0]
    assert config.binding("nothing") is None


def test_values_of_the_wrong_type_count_as_absent():
    config = read(
        {
            "name": 1,
            "main": [],
            "compatibility_flags": "x",
            "d1_databases": {},
            "queues": [],
            "triggers": [],
            "routes": "x",
            "workers_dev": "yes",
            "vars": [],
            "kv_namespaces": [1],
            "durable_objects": [],
            "secrets": {"required": [1]},
        }
    )
    assert (config.name, config.main, config.compatibility_flags, config.crons, config.routes) == (
        None,
        None,
        (),
        None,
        (),
    )
    assert (config.bindings, config.consumers, config.workers_dev, config.vars) == ((), (), None, {})


def test_crons_are_absent_empty_or_there():
    assert read({}).crons is None
    assert read({"triggers": {"crons": []}}).crons == ()
    assert read({"triggers": {"crons": ["* * * * *"]}}).crons == ("* * * * *",)


def test_routes_of_every_form():
    assert read({"routes": ["a", {"pattern": "b", "custom_domain": True}]}).routes == ("a", "b")
    assert read({"route": {"pattern": "c", "zone_id": "z"}}).routes == ("c",)


def test_a_date_without_quotes(toml):
    assert read_config(toml("compatibility_date = 2026-01-01\n")).compatibility_date == "2026-01-01"


def test_bindings_stand_in_the_environment_that_has_a_section():
    document = parse_document('name = "w"\n\n[env.live]\nvars = { A = "1" }\n', "wrangler.toml", "toml")
    assert read_config(document, "live").section == ("env", "live")
    assert read_config(document).section == ()
    without = parse_document('name = "w"\n', "wrangler.toml", "toml")
    assert read_config(without, "live").section == ()
