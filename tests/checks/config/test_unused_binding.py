from __future__ import annotations

import pytest

from checks.config.unused_binding import UnusedBinding
from diagnose.plugin import Status

pytestmark = pytest.mark.anyio

CONFIG = """name = "a"
main = "w.py"
compatibility_date = "2025-11-10"

[[d1_databases]]
binding = "DB"

[[kv_namespaces]]
binding = "CACHE"
id = "0f2ac74b498b48028cb68387c421e279"
"""
HEAD = """from workers import WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""
PASS = ("pass", "advice", "high", "every binding is read", "wrangler.toml")


@pytest.fixture
def judged(write_project, found):
    """What is found about a worker whose `fetch` has these lines."""

    async def judge(*lines, config=CONFIG, files=None, head=HEAD):
        source = head + "".join(f"        {line}\n" for line in lines)
        return await found(
            "CFG004", write_project({"wrangler.toml": config, "w.py": source, **(files or {})})
        )

    return judge


async def test_a_binding_that_nothing_reads(judged):
    assert await judged('await self.env.DB.prepare("SELECT 1").run()') == [
        (
            "warn",
            "advice",
            "medium",
            "nothing in the source reads the binding `CACHE` (kv_namespace)",
            "wrangler.toml:8:3",
        )
    ]


async def test_each_kind(judged):
    queue = '\n[[queues.producers]]\nbinding = "JOBS"\nqueue = "jobs"\n'
    messages = [each[3] for each in await judged("return None", config=CONFIG + queue)]
    assert messages == [
        "nothing in the source reads the binding `DB` (d1)",
        "nothing in the source reads the binding `JOBS` (queue)",
        "nothing in the source reads the binding `CACHE` (kv_namespace)",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("self.env.DB", "self.env.CACHE"),
        ("env = self.env", "env.DB", "env.CACHE"),
        ('getattr(self.env, "DB")', 'self.env["CACHE"]'),
        ("return None  # later: CACHE and DB",),
        ('names = ["DB", "CACHE"]',),
    ],
)
async def test_reads_and_mentions(judged, lines):
    assert await judged(*lines) == [PASS]


async def test_what_is_not_looked_at(judged):
    config = CONFIG.split("[[kv", maxsplit=1)[0] + (
        '[vars]\nAPI_URL = "a"\n\n[assets]\ndirectory = "public"\nbinding = "ASSETS"\n\n'
        '[[durable_objects.bindings]]\nname = "COUNTER"\nclass_name = "Counter"\n\n'
        '[version_metadata]\nbinding = "VERSION"\n\n[secrets]\nrequired = ["TOKEN"]\n'
    )
    assert await judged("self.env.DB", config=config) == [PASS]


async def test_another_file_of_the_project(judged):
    assert await judged("self.env.DB", files={"lib/cache.ts": "export const cache = env.CACHE;"}) == [PASS]


@pytest.mark.parametrize("path", ["worker-configuration.d.ts", "node_modules/a/a.js", "README.md"])
async def test_files_that_are_no_source_of_the_project(judged, path):
    assert [each[0] for each in await judged("self.env.DB", files={path: "CACHE"})] == ["warn"]


@pytest.mark.parametrize(
    "line",
    [
        "return await asgi.fetch(app, request, self.env)",
        "return await app.handle(request, env=self.env)",
        "return getattr(self.env, request.name)",
        "return self.env[request.name]",
        "return self.env.to_py()",
        "return [name for name in self.env]",
        'return {"env": self.env}',
    ],
)
async def test_env_as_a_whole(judged, line):
    assert await judged(line) == [
        (
            "skip",
            "advice",
            "high",
            "nothing reads `DB`, `CACHE` by name, but w.py:6 hands on all of `env`",
            "wrangler.toml:5:3",
        )
    ]


@pytest.mark.parametrize("imported", ["from store import store", "import store"])
async def test_functions_of_the_project_are_followed(judged, imported):
    store = "async def store(env):\n    await env.DB.prepare('SELECT 1').run()\n"
    head = HEAD.replace("\n\n\n", f"\n{imported}\n\n\n", 1)
    call = "store.store(self.env)" if imported.startswith("import") else "store(self.env)"
    findings = await judged(f"await {call}", head=head, files={"store.py": store})
    assert [(each[0], each[3][-22:]) for each in findings] == [("warn", "`CACHE` (kv_namespace)")]


async def test_a_name_that_the_code_means_by_another_belongs_to_another_check(judged):
    assert await judged('await self.env.DATABASE.prepare("SELECT 1").run()', "self.env.CACHE") == [PASS]


async def test_a_module_that_cannot_be_read(judged):
    head = HEAD.replace("\n\n\n", "\nimport store\n\n\n", 1)
    [finding] = await judged("self.env.DB", head=head, files={"store.py": "def (:\n"})
    assert (finding[0], finding[3]) == ("skip", "nothing reads `CACHE` by name, but store.py cannot be read")


async def test_a_worker_without_a_handler(judged):
    [finding] = await judged(head="import asyncio\n")
    assert finding[3] == "nothing reads `DB`, `CACHE` by name, but no handler was found"


async def test_the_chosen_environment(write_project, found):
    config = (
        CONFIG.split("[[kv", maxsplit=1)[0] + '[env.b]\nkv_namespaces = [{ binding = "CACHE", id = "x" }]\n'
    )
    folder = write_project({"wrangler.toml": config, "w.py": HEAD + "        self.env.DB\n"})
    assert [each[0] for each in await found("CFG004", folder)] == ["pass"]
    assert [each[0] for each in await found("CFG004", folder, env="b")] == ["warn"]


async def test_without_a_source_it_is_skipped(write_project, found):
    [finding] = await found("CFG004", write_project({"wrangler.toml": 'name = "a"\n'}))
    assert finding[0] == "skip"


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(UnusedBinding)
    assert finding.status is Status.ERROR
