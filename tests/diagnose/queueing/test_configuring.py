from __future__ import annotations

import json

import pytest

from diagnose.project import EditError
from diagnose.queueing.configuring import with_queue
from diagnose.queueing.naming import names_for

NAMES = names_for("readings", "weather")
PRODUCER = {"binding": "READINGS_QUEUE", "queue": "weather-readings"}
CONSUMER = {
    "queue": "weather-readings",
    "max_batch_size": 10,
    "max_retries": 5,
    "dead_letter_queue": "weather-readings-dead-letters",
}
TOML = """\
name = "weather"  # of the station
main = "src/worker.py"

[[queues.producers]]
binding = "ALERTS"
queue = "alerts"

[env.live]
name = "weather-live"
"""
JSONC = """\
{
  // of the station
  "name": "weather",
  "main": "src/worker.py",
}
"""


ADDED_PRODUCER = """\

[[queues.producers]]
binding = "READINGS_QUEUE"
queue = "weather-readings"
"""
ADDED_CONSUMER = """\

[[queues.consumers]]
queue = "weather-readings"
max_batch_size = 10
max_retries = 5
dead_letter_queue = "weather-readings-dead-letters"
"""


def test_tables_are_added_to_toml(project):
    document = with_queue(project(TOML).config, NAMES, consumes=True)
    queue = 'queue = "alerts"\n'
    assert document.text == TOML.replace(queue, queue + ADDED_PRODUCER) + ADDED_CONSUMER


def test_a_producer_alone_consumes_nothing(project):
    document = with_queue(project(TOML).config, NAMES, consumes=False)
    assert document.get("queues") == {"producers": [{"binding": "ALERTS", "queue": "alerts"}, PRODUCER]}


def test_jsonc_keeps_its_comments(write_project):
    from diagnose.project import open_project

    folder = write_project({"wrangler.jsonc": JSONC, "src/worker.py": ""})
    document = with_queue(open_project(folder).config, NAMES, consumes=True)
    assert document.data["queues"] == {"producers": [PRODUCER], "consumers": [CONSUMER]}
    assert document.text.startswith("{\n  // of the station\n")
    assert '      {\n        "binding": "READINGS_QUEUE",\n' in document.text


def test_json_stays_json(write_project):
    from diagnose.project import open_project

    folder = write_project({"wrangler.json": '{"name": "weather", "main": "w.py"}', "w.py": ""})
    document = with_queue(open_project(folder).config, NAMES, consumes=True)
    assert json.loads(document.text)["queues"] == {"producers": [PRODUCER], "consumers": [CONSUMER]}


def test_an_environment_has_queues_of_its_own(project):
    document = with_queue(project(TOML, environment="live").config, NAMES, consumes=True)
    assert document.get("env", "live", "queues") == {"producers": [PRODUCER], "consumers": [CONSUMER]}
    assert document.get("queues") == {"producers": [{"binding": "ALERTS", "queue": "alerts"}]}


def test_an_environment_without_a_section_uses_the_top_level(project):
    document = with_queue(
        project('name = "w"\nmain = "w.py"\n', environment="live").config, NAMES, consumes=True
    )
    assert document.get("queues") == {"producers": [PRODUCER], "consumers": [CONSUMER]}


def test_what_stands_in_the_way_is_an_error(project):
    with pytest.raises(EditError):
        with_queue(project('name = "w"\nmain = "w.py"\nqueues = "none"\n').config, NAMES, consumes=True)
