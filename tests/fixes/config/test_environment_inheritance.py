from __future__ import annotations

import pytest

from diagnose.project import is_placeholder_id, open_project

pytestmark = pytest.mark.anyio

WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("DELETE FROM t").run()
        await self.env.JOBS.send("a")
        await self.env.CACHE.put("a", self.env.API_URL)
        await self.env.FILES.put("a", "b")

    async def queue(self, batch):
        pass
"""
ONLY_D1 = WORKER.split("        await self.env.JOBS", maxsplit=1)[0]
TOML = """name = "a"  # mine
main = "w.py"
compatibility_date = "2025-11-10"

[[d1_databases]]
binding = "DB"
database_name = "prices"
database_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
preview_database_id = "5f1c3a90-0000-4000-8000-0000000000a1"
migrations_dir = "sql"

[env.staging]
workers_dev = true
"""
REST = """
[vars]
API_URL = "https://api.example.net"

[[queues.producers]]
binding = "JOBS"
queue = "jobs"

[[queues.consumers]]
queue = "jobs"
max_batch_size = 5
dead_letter_queue = "jobs-dead"

[[kv_namespaces]]
binding = "CACHE"
id = "0f2ac74b498b48028cb68387c421e279"

[[r2_buckets]]
binding = "FILES"
bucket_name = "files"
"""
HEAD = TOML.split("[[", maxsplit=1)[0]
COPIED = """
[[env.staging.d1_databases]]
binding = "DB"
database_name = "prices-staging"
database_id = "<id of prices-staging>"
migrations_dir = "sql"
"""
JSONC = """{
  "name": "a", // mine
  "main": "w.py",
  "compatibility_date": "2025-11-10",
  "d1_databases": [{ "binding": "DB", "database_name": "prices" }],
  "env": {
    "staging": {
      "workers_dev": true
    }
  }
}
"""


async def test_toml(write_project, proven):
    folder = write_project({"wrangler.toml": TOML, "w.py": ONLY_D1})
    await proven("CFG007", folder, {"wrangler.toml": TOML + COPIED})


async def test_jsonc_without_an_id(write_project, proven):
    expected = JSONC.replace(
        '"workers_dev": true\n',
        '"workers_dev": true,\n'
        '      "d1_databases": [\n'
        "        {\n"
        '          "binding": "DB",\n'
        '          "database_name": "prices-staging"\n'
        "        }\n"
        "      ]\n",
    )
    folder = write_project({"wrangler.jsonc": JSONC, "w.py": ONLY_D1})
    await proven("CFG007", folder, {"wrangler.jsonc": expected})


async def test_every_kind(write_project, repair):
    head, tail = TOML.split("\n[env.staging]")
    folder = write_project({"wrangler.toml": head + REST + "\n[env.staging]" + tail, "w.py": WORKER})
    before = open_project(folder).config

    result = await repair("CFG007", folder, offline=True)

    assert {settlement.outcome for settlement in result.settlements} == {"fixed"}
    assert len(result.settlements) == 6
    staging = open_project(folder, environment="staging").config
    assert is_placeholder_id(staging.d1[0].database_id)
    assert [(one.binding, one.queue) for one in staging.producers] == [("JOBS", "jobs-staging")]
    [consumer] = staging.consumers
    assert (consumer.queue, consumer.dead_letter_queue, consumer.max_batch_size) == (
        "jobs-staging",
        "jobs-dead-staging",
        5,
    )
    assert staging.binding("CACHE").settings == {"binding": "CACHE", "id": "<id of CACHE in staging>"}
    assert staging.binding("FILES").settings == {"binding": "FILES", "bucket_name": "files-staging"}
    assert staging.vars == {"API_URL": "https://api.example.net"}
    after = open_project(folder).config
    assert (after.d1[0].database_id, after.vars, after.producers) == (
        before.d1[0].database_id,
        before.vars,
        before.producers,
    )


async def test_the_plan_names_what_must_be_created(write_project, repair):
    result = await repair("CFG007", write_project({"wrangler.toml": TOML, "w.py": ONLY_D1}), offline=True)
    [settlement] = result.settlements
    assert settlement.detail == (
        "`env.staging` gets `d1_databases` for `DB`; "
        "create prices-staging and fill in the ids before the deploy"
    )


async def test_a_secret_is_not_copied(write_project, refused):
    key = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf"
    worker = ONLY_D1.replace('self.env.DB.prepare("DELETE FROM t").run()', "fetch(self.env.API_KEY)")
    config = HEAD + f'[vars]\nAPI_KEY = "{key}"\n\n[env.staging]\nworkers_dev = true\n'
    detail = await refused("CFG007", write_project({"wrangler.toml": config, "w.py": worker}))
    assert detail == (
        "`API_KEY` is a secret: wrangler secret put API_KEY --env staging: "
        "declare it in [env.staging] with that environment's own resources"
    )


async def test_what_may_belong_to_production_alone_is_refused(write_project, refused):
    worker = ONLY_D1.replace('DB.prepare("DELETE FROM t").run()', 'API.fetch("https://a.invalid")')
    config = HEAD + ('[[services]]\nbinding = "API"\nservice = "api"\n\n[env.staging]\nworkers_dev = true\n')
    detail = await refused("CFG007", write_project({"wrangler.toml": config, "w.py": worker}))
    assert detail.startswith("whether `services` of the top level may be used in staging is not known")


async def test_the_top_level_is_not_filled(write_project, refused):
    config = TOML.replace("[[d1", "[[env.staging.d1").replace("\n[env.staging]\nworkers_dev = true\n", "")
    detail = await refused("CFG007", write_project({"wrangler.toml": config, "w.py": ONLY_D1}))
    assert detail == (
        "env.staging has its own resources, and none are known for a deploy without: "
        "deploy with --env staging, or declare `d1_databases` at the top level"
    )


async def test_an_environment_for_local_work_is_not_filled(write_project, refused):
    folder = write_project({"wrangler.toml": TOML.replace("staging", "dev"), "w.py": ONLY_D1})
    assert await refused("CFG007", folder) == (
        "nothing deploys env.dev, which may be meant for local work alone: "
        "declare `d1_databases` in [env.dev] if it is deployed"
    )
