from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1.taxonomy import KNOWN
from diagnose.engine.explaining import explain
from diagnose.engine.registry import load_registry
from diagnose.project import open_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.project import Project

REGISTRY = load_registry()
CONFIG = 'name = "a"\nmain = "worker.py"\ncompatibility_date = "2026-04-01"\n'
WORKER = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.DB.prepare("DELETE FROM prices").run()
        await self.env.DB.prepare("DELETE FROM prices WHERE day < ?").bind(1).run()
"""


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Project]:
    def make(config: str = CONFIG) -> Project:
        return open_project(write_project({"wrangler.toml": config, "worker.py": WORKER}))

    return make


def test_what_is_known_of_an_error():
    explanation = explain("D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR", REGISTRY)

    assert explanation is not None
    assert (explanation.name, explanation.kind) == ("too many bound parameters", "permanent")
    assert explanation.verdict.startswith("it fails again however often it is tried")
    assert explanation.checks == (
        ("LIM001", "bound-parameters", "A statement must not bind more parameters than D1 allows."),
    )
    assert (explanation.places, explanation.places_note) == ((), None)


def test_what_is_not_known():
    assert explain("hello world", REGISTRY) is None


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_only_checks_that_exist_are_named(known):
    explanation = explain(known.example, REGISTRY)

    assert explanation is not None
    assert {code for code, _, _ in explanation.checks} == set(known.checks) & REGISTRY.checks.keys()


@pytest.mark.parametrize(
    ("text", "note", "lines"),
    [
        ("no such table: prices", "it may come from any of 2 places:", [6, 7]),
        (
            "no such table: days",
            "no place in the worker's source gives this error; `diagnose run --select TBL001,",
            [],
        ),
        (
            "too many SQL variables at offset 261",
            "no place in the worker's source gives this error at offset 261; `diagnose run --select LIM001`",
            [],
        ),
        ("D1_TYPE_ERROR: Type 'object' not supported for value", "the text does not say which statement", []),
        ('Queue "candles" does not exist.', "the text does not say which statement it is about; `diag", []),
        ("Network connection lost.", "the text does not say which statement it is about", []),
    ],
)
def test_places_in_a_project(project: Callable[..., Project], text: str, note: str, lines: list[int]):
    explanation = explain(text, REGISTRY, project())

    assert explanation is not None
    assert explanation.places_note is not None
    assert explanation.places_note.startswith(note)
    assert [location.line for location, _ in explanation.places] == lines


@pytest.mark.parametrize(
    ("config", "reason"), [('name = "a"\n', "names no `main`"), (CONFIG.replace("worker.py", "x.py"), "x.py")]
)
def test_without_source_there_are_no_places(project: Callable[..., Project], config: str, reason: str):
    explanation = explain("no such table: prices", REGISTRY, project(config))

    assert explanation is not None
    assert explanation.places_note is not None
    assert explanation.places_note.startswith("the worker's source cannot be read: ")
    assert reason in explanation.places_note
