from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from diagnose.project.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.project.source import Source, StatementSite


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Source]:
    """Writes the entry module `worker.py` and further files, and reads them."""

    def write_and_read(worker: str, **modules: str) -> Source:
        (tmp_path / "worker.py").write_text(textwrap.dedent(worker))
        for name, text in modules.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return read_source(tmp_path, "worker.py")

    return write_and_read


HANDLER = """
from js import fetch
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        response = await fetch("https://api.example.com/rows?limit=2000")
        rows = (await response.json()).to_py()["rows"]
        await store(self.env, rows)
"""


@pytest.fixture
def stored(read: Callable[..., Source]) -> Callable[..., StatementSite]:
    """The one site of a worker that fetches 2,000 rows and gives them to `store(env, rows)`."""

    def only_site(store: str, **modules: str) -> StatementSite:
        (site,) = read(HANDLER + textwrap.dedent(store), **modules).sites
        return site

    return only_site
