from __future__ import annotations

import pytest

from checks.config.ambiguous_config import AmbiguousConfig
from diagnose.plugin import Status

pytestmark = pytest.mark.anyio

TOML = 'name = "rates"\nmain = "w.py"\n'
JSONC = '{\n  // the same\n  "name": "rates",\n  "main": "w.py"\n}\n'
OTHER = '{"name": "rates", "main": "other.py", "$schema": "x"}'
WORKER = "async def on_fetch(request, env):\n    pass\n"


async def test_one_config(write_project, found):
    folder = write_project({"wrangler.toml": TOML, "w.py": WORKER})
    assert await found("CFG009", folder) == [
        ("pass", "warning", "high", "the config is wrangler.toml", "wrangler.toml")
    ]


async def test_a_config_beside_another(write_project, check):
    folder = write_project({"wrangler.toml": TOML, "wrangler.json": OTHER, "w.py": WORKER})
    [finding] = [each for each in await check("CFG009", folder, offline=True) if each.code == "CFG009"]
    assert (finding.status, finding.severity.value, finding.confidence.value) == (
        Status.WARN,
        "warning",
        "high",
    )
    assert finding.message == (
        "wrangler takes wrangler.json and ignores wrangler.toml beside it, which differs (main)"
    )
    assert finding.location.path == "wrangler.toml"
    assert finding.evidence == {
        "taken": "wrangler.json",
        "ignored": "wrangler.toml",
        "differs": ["main"],
        "worker": None,
    }


async def test_three_configs_of_which_one_does_not_parse(write_project, found):
    files = {"wrangler.toml": TOML, "wrangler.jsonc": JSONC, "wrangler.json": "{"}
    messages = [each[3] for each in await found("CFG009", write_project(files))]
    assert messages == [
        "wrangler takes wrangler.json and ignores wrangler.jsonc beside it, which is not the same",
        "wrangler takes wrangler.json and ignores wrangler.toml beside it, which is not the same",
    ]


async def test_the_same_content_is_advice(write_project, found):
    folder = write_project({"wrangler.toml": TOML, "wrangler.jsonc": JSONC, "w.py": WORKER})
    assert await found("CFG009", folder) == [
        (
            "warn",
            "advice",
            "high",
            "wrangler takes wrangler.jsonc and ignores wrangler.toml beside it, which says the same",
            "wrangler.toml",
        )
    ]


@pytest.mark.parametrize("config", ["wrangler.json", "wrangler.toml"])
async def test_a_chosen_config(write_project, found, config):
    folder = write_project(
        {"wrangler.toml": TOML, "wrangler.json": OTHER, "w.py": WORKER, "other.py": WORKER}
    )
    [finding] = await found("CFG009", folder, config=config)
    assert finding == ("pass", "warning", "high", f"the config is {config}", config)


async def test_settings_choose_one(write_project, found):
    settings = 'config = "wrangler.toml"\n'
    files = {"wrangler.toml": TOML, "wrangler.json": OTHER, "diagnose.toml": settings, "w.py": WORKER}
    assert [each[0] for each in await found("CFG009", write_project(files))] == ["pass"]


@pytest.mark.parametrize(
    ("command", "status"),
    [("wrangler deploy -c wrangler.toml", "pass"), ("wrangler deploy", "warn"), ("vitest", "warn")],
)
async def test_scripts_that_name_the_config(write_project, found, command, status):
    package = f'{{"scripts": {{"ship": "{command}"}}}}'
    files = {"wrangler.toml": TOML, "wrangler.json": OTHER, "package.json": package}
    assert [each[0] for each in await found("CFG009", write_project(files))] == [status]


async def test_a_redirected_config(write_project, found):
    redirect = '{"configPath": "../../dist/wrangler.json"}'
    files = {"wrangler.toml": TOML, "wrangler.json": OTHER, ".wrangler/deploy/config.json": redirect}
    assert await found("CFG009", write_project(files)) == [
        (
            "skip",
            "warning",
            "high",
            ".wrangler/deploy/config.json sends wrangler to a config that was built",
            "None",
        )
    ]


async def test_two_workers_of_one_name(write_project, found):
    folder = write_project(
        {
            "wrangler.toml": TOML,
            "w.py": WORKER,
            "jobs/wrangler.toml": '# jobs\nname = "rates"\nmain = "j.py"\n',
        }
    )
    assert await found("CFG009", folder) == [
        (
            "warn",
            "warning",
            "medium",
            (
                "jobs/wrangler.toml deploys another entry module under the name `rates`, too: each deploy "
                "replaces the other's worker"
            ),
            "jobs/wrangler.toml:2:1",
        )
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("jobs/wrangler.toml", 'name = "jobs"\nmain = "j.py"\n'),
        ("wrangler.production.toml", 'name = "rates"\nmain = "./w.py"\nworkers_dev = false\n'),
        ("jobs/wrangler.toml", 'name = "rates"\nmain = "j.py"\naccount_id = "another"\n'),
        ("jobs/wrangler.toml", 'name = "rates"\npages_build_output_dir = "public"\n'),
        ("examples/a/wrangler.toml", 'name = "rates"\nmain = "j.py"\n'),
        ("dist/server/wrangler.json", '{"name": "rates", "main": "index.js"}'),
        ("jobs/wrangler.toml", "name = \n"),
    ],
)
async def test_what_only_looks_like_the_same_worker(write_project, found, path, text):
    folder = write_project({"wrangler.toml": TOML, "w.py": WORKER, path: text})
    assert [each[0] for each in await found("CFG009", folder)] == ["pass"]


async def test_an_environment_of_another_config(write_project, found):
    other = 'name = "jobs"\nmain = "j.py"\n\n[env.live]\nname = "rates"\n'
    folder = write_project({"wrangler.toml": TOML, "w.py": WORKER, "jobs/wrangler.toml": other})
    assert [each[0] for each in await found("CFG009", folder)] == ["warn"]


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(AmbiguousConfig)
    assert finding.status is Status.ERROR
