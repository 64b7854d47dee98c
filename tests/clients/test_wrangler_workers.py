"""Workers by the real wrangler: deployed, deployed again, looked at, rolled back, and deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from clients.serving import serve
from clients.wrangler import Wrangler
from diagnose.demo.account import MAIN
from diagnose.demo.writing import write_demo

if TYPE_CHECKING:
    from pathlib import Path

    from clients.serving import Served
    from clients.wrangler import Release

pytestmark = pytest.mark.anyio

VERSION = re.compile(r"Current Version ID: ([0-9a-f-]{36})")


@pytest.fixture
async def queues(served: Served, anyio_backend: str) -> None:
    """The queues that the worker in TypeScript is bound to."""
    async with served.account() as account:
        await account.create_queue("heights")
        await account.create_queue("heights-dead")


def deploy(wrangler: Wrangler, project: Path) -> str:
    """The id of the version that was deployed."""
    told = VERSION.search(wrangler("deploy", cwd=project).both)
    assert told is not None
    return told[1]


def change(project: Path, old: str, new: str) -> None:
    config = project / "wrangler.toml"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))


@pytest.mark.usefixtures("queues")
async def test_a_worker_in_typescript(wrangler: Wrangler, served: Served, tides: Path, database_id: str):
    version = deploy(wrangler, tides)

    async with served.account() as account:
        settings = await account.script_settings("tides")
        assert settings.binding("DB")["database_id"] == database_id
        assert settings.binding("HEIGHTS")["queue_name"] == "heights"
        assert settings.binding("STATION")["text"] == "north"
        assert settings.compatibility_date == "2026-06-01"
        (deployment,) = await account.deployments("tides")
        assert (deployment.source, deployment.versions) == ("wrangler", ((version, 100.0),))
        assert await account.schedules("tides") == ("*/30 * * * *",)
        assert (await account.subdomain("tides")).enabled is True
        (script,) = await account.scripts()
        assert set(script.handlers) == {"fetch", "queue", "scheduled"}
        assert b"INSERT OR IGNORE INTO heights" in (await account.content("tides"))["index.js"]
        queue = await account.queue("heights")
        assert queue.producers == ("tides",)
        spec = queue.consumer_of("tides").spec
        assert (spec.dead_letter_queue, spec.settings["batch_size"]) == ("heights-dead", 50)
        assert (spec.settings["max_wait_time_ms"], spec.settings["max_retries"]) == (5000, 4)

    wrangler("delete --name tides --force", cwd=tides)
    async with served.account() as account:
        assert await account.scripts() == ()
        assert await account.deployments("tides") is None
        queue = await account.queue("heights")
        assert (queue.producers, queue.consumers) == ((), ())


@pytest.mark.usefixtures("queues")
async def test_a_worker_that_is_deployed_again(wrangler: Wrangler, served: Served, tides: Path):
    first = deploy(wrangler, tides)
    change(tides, '"north"', '"south"')
    change(tides, "= 50", "= 25")

    second = deploy(wrangler, tides)

    async with served.account() as account:
        newest, oldest = await account.deployments("tides")
        assert (newest.versions, oldest.versions) == (((second, 100.0),), ((first, 100.0),))
        settings = await account.script_settings("tides")
        assert settings.binding("STATION")["text"] == "south"
        assert settings.binding("HEIGHTS")["queue_name"] == "heights"
        spec = (await account.queue("heights")).consumer_of("tides").spec
        assert spec.settings["batch_size"] == 25

    told = wrangler("deployments list --name tides").out
    assert told.index(first) < told.index(second)
    assert second in wrangler("deployments status --name tides").out
    versions = wrangler("versions list --name tides --json").json
    assert [item["id"] for item in versions] == [first, second]
    viewed = wrangler(f"versions view {second} --name tides").out
    assert "STATION" in viewed
    assert "heights" in viewed

    wrangler(f"rollback {first} --name tides --message calmer -y")
    async with served.account() as account:
        newest, *_ = await account.deployments("tides")
        assert newest.versions == ((first, 100.0),)
        assert newest.annotations["workers/message"] == "calmer"


async def test_the_demo_worker_in_python(release: Release, tmp_path: Path):
    demo = tmp_path / "demo"
    write_demo(demo)
    with serve(demo / ".diagnose" / "account") as served:
        wrangler = Wrangler(release, served, tmp_path / "wrangler")

        wrangler("deploy --config pyswarm/wrangler_historical_import.toml", cwd=demo)

        async with served.account() as account:
            settings = await account.script_settings("price-history-import")
            assert settings.binding("DB")["database_id"] == MAIN.uuid
            assert settings.compatibility_flags == ("python_workers",)
            content = await account.content("price-history-import")
            source = demo / "pyswarm" / "Data_Import" / "historical_worker.py"
            assert content["historical_worker.py"] == source.read_bytes()
            (deployment,) = await account.deployments("price-history-import")
            assert deployment.source == "wrangler"


@pytest.mark.usefixtures("queues")
async def test_secrets(wrangler: Wrangler, served: Served, tides: Path):
    deploy(wrangler, tides)

    assert wrangler("secret list --name tides").json == []
    wrangler("secret put API_KEY --name tides", answer="canary-7c1e5d0b")
    assert wrangler("secret list --name tides").json == [{"name": "API_KEY", "type": "secret_text"}]
    async with served.account() as account:
        settings = await account.script_settings("tides")
        assert settings.binding("API_KEY") == {"name": "API_KEY", "type": "secret_text"}
        assert len(await account.deployments("tides")) == 2
    deploy(wrangler, tides)
    async with served.account() as account:
        assert (await account.script_settings("tides")).binding("API_KEY") is not None
    wrangler("secret delete API_KEY --name tides")
    assert wrangler("secret list --name tides").json == []
    async with served.account() as account:
        assert (await account.script_settings("tides")).binding("API_KEY") is None
        assert (await account.script_settings("tides")).binding("DB") is not None


@pytest.mark.usefixtures("queues")
async def test_secrets_of_versions(wrangler: Wrangler, served: Served, tides: Path):
    first = deploy(wrangler, tides)

    wrangler("versions secret put API_KEY --name tides", answer="canary-7c1e5d0b")
    assert "API_KEY" not in wrangler("versions secret list --name tides").out
    assert "Secret Name: API_KEY" in wrangler("versions secret list --name tides --latest-version").out
    refused = wrangler("secret put DEPTH_KEY --name tides", answer="canary-7c1e5d0b", code=1)
    assert "the latest version of your Worker isn't currently deployed" in refused.both
    async with served.account() as account:
        (deployment,) = await account.deployments("tides")
        assert deployment.versions == ((first, 100.0),)

    deploy(wrangler, tides)
    wrangler("secret bulk --name tides", answer='{"API_KEY": "canary-2", "DEPTH_KEY": "canary-3"}')
    names = [secret["name"] for secret in wrangler("secret list --name tides").json]
    assert sorted(names) == ["API_KEY", "DEPTH_KEY"]


async def test_who_one_is(wrangler: Wrangler, served: Served):
    told = wrangler("whoami").out
    assert "You are logged in with an User API Token" in told
    assert served.account_id in told


async def test_a_queue_that_is_missing(wrangler: Wrangler, served: Served, tides: Path):
    makes_it = str(wrangler.release) == "4.164.0"

    ended = wrangler("deploy", cwd=tides, code=0 if makes_it else 1)

    if not makes_it:
        assert 'Queue "heights" does not exist' in ended.both
    async with served.account() as account:
        # The dead-letter queue is neither looked for nor made.
        assert [queue.name for queue in await account.queues()] == ["heights"] * makes_it
        assert [script.name for script in await account.scripts()] == ["tides"] * makes_it


async def test_a_queue_that_is_only_consumed_is_never_made(wrangler: Wrangler, served: Served, tides: Path):
    config = tides / "wrangler.toml"
    producer = '[[queues.producers]]\nbinding = "HEIGHTS"\nqueue = "heights"\n'
    assert producer in config.read_text()
    config.write_text(config.read_text().replace(producer, ""))

    ended = wrangler("deploy", cwd=tides, code=1)

    assert 'Queue "heights" does not exist' in ended.both
    async with served.account() as account:
        assert (await account.queues(), await account.scripts()) == ((), ())


async def test_a_worker_that_is_not_there(wrangler: Wrangler):
    ended = wrangler("deployments list --name tides", code=1)

    assert "This Worker does not exist on your account. [code: 10007]" in ended.both


@pytest.mark.usefixtures("queues")
async def test_versions_without_deploying(wrangler: Wrangler, served: Served, tides: Path):
    deploy(wrangler, tides)

    uploaded = re.search(
        r"Worker Version ID: ([0-9a-f-]{36})", wrangler("versions upload --message calmer", cwd=tides).both
    )
    async with served.account() as account:
        assert len(await account.deployments("tides")) == 1
    wrangler(f"versions deploy {uploaded[1]}@100% --name tides -y", cwd=tides)
    async with served.account() as account:
        newest, _ = await account.deployments("tides")
        assert newest.versions == ((uploaded[1], 100.0),)


@pytest.mark.usefixtures("queues")
async def test_a_deploy_turns_workers_dev_on_unless_the_config_says_otherwise(
    wrangler: Wrangler, served: Served, tides: Path
):
    deploy(wrangler, tides)
    async with served.account() as account:
        await account.set_subdomain("tides", enabled=False)
    deploy(wrangler, tides)
    async with served.account() as account:
        assert (await account.subdomain("tides")).enabled
    config = tides / "wrangler.toml"
    config.write_text(f"workers_dev = false\n{config.read_text()}")
    deploy(wrangler, tides)
    async with served.account() as account:
        assert not (await account.subdomain("tides")).enabled
