from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from diagnose.project import QueueConsumer, open_project
from diagnose.queueing.naming import names_for
from diagnose.queueing.typescript_worker import consumer_worker

NAMES = names_for("readings", "weather")
SQL = 'INSERT OR IGNORE INTO readings (sensor, "taken at") SELECT value->>0, value->>1 FROM json_each(?1)'
TOML = """\
name = "weather-readings-consumer"
main = "src/index.ts"
compatibility_date = "2025-11-10"
workers_dev = false

[[d1_databases]]
binding = "DB"
database_name = "weather"
database_id = "5c8e1f4e-7f0d-4b57-9d3d-0a4e6b1f6d11"

[[queues.consumers]]
queue = "weather-readings"
max_batch_size = 10
max_retries = 5
dead_letter_queue = "weather-readings-dead-letters"
"""
# Delivers batches to the consumer, over a database that throws what it is told to.
HARNESS = """\
import worker from "./index.mjs";
const bound = [];
const failures = ["D1_ERROR: D1 DB is overloaded. Requests queued for too long.", null, "malformed JSON"];
const env = { DB: { prepare: (sql) => ({ bind: (text) => ({ run: async () => {
  const failure = failures.shift();
  if (failure) throw new Error(failure);
  bound.push([sql, text]);
} }) }) } };
const decided = [];
const message = (id, attempts) => ({ id, attempts, body: `[["${id}"]]`,
  ack: () => decided.push([id, "ack"]), retry: (options) => decided.push([id, options.delaySeconds]) });
console.error = () => {};
await worker.queue({ messages: [message("a", 3), message("b", 1), message("c", 1)] }, env);
console.log(JSON.stringify({ bound, decided }));
"""


@pytest.fixture
def consumer(project):
    opened = project()
    return consumer_worker(opened.config, "", NAMES, opened.config.d1[0], table="readings", sql=SQL)


def test_its_config_names_the_queue_and_the_same_database(consumer, write_project):
    assert consumer.config == "readings-consumer/wrangler.toml"
    assert consumer.files[consumer.config] == TOML
    assert list(consumer.files) == [consumer.config, "readings-consumer/src/index.ts"]
    config = open_project(write_project(consumer.files) / "readings-consumer").config
    assert config.name == NAMES.consumer
    assert config.d1[0].database_id == "5c8e1f4e-7f0d-4b57-9d3d-0a4e6b1f6d11"
    assert config.consumers[0].dead_letter_queue == NAMES.dead_letters


def test_beside_json_it_is_json(write_project):
    folder = write_project({"w/wrangler.json": '{"name": "w", "d1_databases": [{"binding": "DB"}]}'})
    opened = open_project(folder, config="w/wrangler.json")
    found = consumer_worker(opened.config, opened.base, NAMES, opened.config.d1[0], table="readings", sql=SQL)
    assert found.config == "w/readings-consumer/wrangler.jsonc"
    data = json.loads(found.files[found.config])
    assert data["d1_databases"] == [{"binding": "DB"}]
    assert data["compatibility_date"] == "2025-11-10"
    assert found.upload.bindings == ({"type": "d1", "name": "DB"},)


def test_what_is_deployed_is_the_source_without_its_types(consumer):
    source = consumer.files["readings-consumer/src/index.ts"]
    script = consumer.upload.modules["index.js"].decode()
    assert "async queue(batch: MessageBatch<string>, env: Env): Promise<void> {" in source
    assert "} satisfies ExportedHandler<Env, string>;" in source
    assert "async queue(batch, env) {" in script
    assert not {"interface", "satisfies", "Promise<", ": string"} & {
        word for word in ("interface", "satisfies", "Promise<", ": string") if word in script
    }
    assert "‹" not in source + script
    assert '"INSERT OR IGNORE INTO readings (sensor, \\"taken at\\")' in script
    upload = consumer.upload
    assert (upload.script_name, upload.main_module) == (NAMES.consumer, "index.js")
    assert upload.consumers == (
        QueueConsumer(
            queue="weather-readings",
            max_batch_size=10,
            max_retries=5,
            dead_letter_queue="weather-readings-dead-letters",
        ),
    )


def test_a_database_without_an_id_is_bound_by_name(project):
    opened = project()
    database = replace(opened.config.d1[0], database_id=None)
    found = consumer_worker(opened.config, "", NAMES, database, table="readings", sql=SQL)
    assert "database_id" not in found.files[found.config]
    assert found.upload.bindings == ({"type": "d1", "name": "DB"},)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_it_acknowledges_what_it_wrote_and_gives_back_the_rest(consumer, tmp_path):
    (tmp_path / "index.mjs").write_bytes(consumer.upload.modules["index.js"])
    (tmp_path / "harness.mjs").write_text(HARNESS)
    ended = subprocess.run(
        ["node", "harness.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(ended.stdout) == {
        "bound": [[SQL, '[["b"]]']],
        "decided": [["a", 120], ["b", "ack"], ["c", 0]],
    }
