"""Real clients against a served account."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clients.serving import serve
from clients.wrangler import INSTALL, RELEASES, Wrangler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.serving import Served
    from clients.wrangler import Release

REQUIRED = "DIAGNOSE_REQUIRE_CLIENTS"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A new account on a loopback port."""
    with serve(tmp_path / "account") as account:
        yield account


@pytest.fixture(params=RELEASES, ids=str)
def release(request: pytest.FixtureRequest) -> Release:
    """Each release of wrangler that is proven."""
    if not request.param.script.exists():
        missing = f"wrangler {request.param} is not installed: {INSTALL}"
        if os.environ.get(REQUIRED):
            pytest.fail(missing)
        pytest.skip(missing)
    return request.param


@pytest.fixture
def wrangler(release: Release, served: Served, tmp_path: Path) -> Wrangler:
    """The real wrangler, pointed at the account."""
    return Wrangler(release, served, tmp_path / "wrangler")


@pytest.fixture
async def database_id(served: Served, anyio_backend: str) -> str:
    """The UUID of a new database, `archive`."""
    async with served.account() as account:
        return (await account.create_database("archive")).uuid


@pytest.fixture
def tides(tmp_path: Path, database_id: str) -> Path:
    """A TypeScript worker with a database, both ends of a queue, and a cron trigger."""
    return _project("tides", tmp_path, database_id)


@pytest.fixture
def buoy(tmp_path: Path, database_id: str) -> Path:
    """A Python worker that queues what it is asked for, and stores what was queued."""
    return _project("buoy", tmp_path, database_id)


def _project(name: str, folder: Path, database_id: str) -> Path:
    project = Path(shutil.copytree(Path(__file__).parent / name, folder / name))
    config = project / "wrangler.toml"
    config.write_text(config.read_text().replace("DATABASE_ID", database_id))
    return project
