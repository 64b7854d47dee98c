"""The projects that other tests look at are what they claim to be."""

from __future__ import annotations

import ast
import difflib
import json
import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
DEMO = Path(__file__).parents[1] / "diagnose" / "demo" / "project"
WORKER = "pyswarm/Data_Import/historical_worker.py"
CORRECT = sorted(folder.name for folder in (FIXTURES / "correct").iterdir())
BARE = sorted(folder.name for folder in (FIXTURES / "bare").iterdir())


def text_of_config(folder: Path) -> str:
    (config,) = folder.glob("wrangler.*")
    return config.read_text()


def settings(folder: Path) -> dict:
    if (folder / "diagnose.toml").exists():
        return tomllib.loads((folder / "diagnose.toml").read_text())
    return tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["diagnose"]


def test_the_correct_and_the_bare_projects():
    assert len(CORRECT) >= 20
    assert BARE == ["fetching_toml", "push_jsonc", "rollup_json"]


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.rglob("*.py")), ids=lambda path: str(path.relative_to(FIXTURES))
)
def test_every_worker_parses(path):
    ast.parse(path.read_text())


def test_database_ids_are_random_and_used_once():
    configs = [path for path in FIXTURES.rglob("wrangler*.*") if "broken" not in path.parts]
    ids = [UUID(id_) for path in configs for id_ in re.findall(r'"([0-9a-f-]{36})"', path.read_text())]
    assert len(ids) >= len(CORRECT)
    assert len(set(ids)) == len(ids)
    assert {id_.version for id_ in ids} == {4}


def test_every_project_is_told_about():
    told = (FIXTURES / "README.md").read_text()
    assert [name for name in CORRECT if f"`correct/{name}`" not in told] == []


@pytest.mark.parametrize("name", CORRECT)
def test_the_migrations_of_a_correct_project_make_the_watched_key(name):
    folder = FIXTURES / "correct" / name
    watch = settings(folder)["watch"]
    with closing(sqlite3.connect(":memory:")) as connection:
        for migration in sorted(folder.rglob("*.sql")):
            connection.executescript(migration.read_text())
        indexes = connection.execute(f"PRAGMA index_list({watch['table']})").fetchall()
        keys = [
            [row[2] for row in connection.execute(f"PRAGMA index_info({index[1]})")]
            for index in indexes
            if index[2]
        ]
        rowid = [row[1] for row in connection.execute(f"PRAGMA table_info({watch['table']})") if row[5]]
    assert watch["key"] in [*keys, rowid]


@pytest.mark.parametrize("name", CORRECT)
def test_the_recorded_answers_of_a_correct_project_hold_its_rows(name):
    folder = FIXTURES / "correct" / name
    configured = settings(folder)
    for response in configured.get("responses", []):
        text = (folder / response["body_file"]).read_text()
        assert text
        if rows := configured.get("rows"):
            answer = json.loads(text)
            assert all(set(rows["columns"]) <= set(row) for row in answer[rows["path"]])


@pytest.mark.parametrize("name", BARE)
def test_a_bare_project_has_a_config_and_a_worker_only(name):
    folder = FIXTURES / "bare" / name
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2
    assert "python_workers" in text_of_config(folder)


def test_the_repair_by_hand_changes_the_insert_only():
    before = (DEMO / WORKER).read_text()
    after = (FIXTURES / "broken/option2" / WORKER).read_text()
    changed = difflib.SequenceMatcher(
        a=before.splitlines(), b=after.splitlines(), autojunk=False
    ).get_opcodes()
    lines = [start for tag, start, *_ in changed if tag != "equal"]
    insert = before.splitlines().index(
        "async def insert_candles_to_d1(env, symbol, candles, timeframe, source):"
    )
    entry = before.splitlines().index("class Default(WorkerEntrypoint):")
    assert all(insert < line < entry for line in lines)
    assert "rows_per_insert = 100" in after


def test_the_broken_project_has_the_demo_s_config_and_settings():
    for path in ("diagnose.toml", "pyswarm/wrangler_historical_import.toml"):
        assert (FIXTURES / "broken/option2" / path).read_text() == (DEMO / path).read_text()
