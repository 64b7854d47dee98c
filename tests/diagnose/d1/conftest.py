"""Calls the engine as the vectors were recorded: through the binding of a Worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from vectors.comparing import MANY, Agreement, Outcome, replay
from vectors.encoding import calls_of, statement_of, text_of
from vectors.recordings import vectors_by_group

from diagnose.d1.engine import Database
from diagnose.d1.errors import D1Error
from diagnose.d1.javascript import from_sqlite

if TYPE_CHECKING:
    from diagnose.d1.engine import Result


@pytest.fixture(scope="session")
def recorded_groups() -> dict[str, list[dict[str, Any]]]:
    return vectors_by_group()


def pytest_generate_tests(metafunc):
    if "group" in metafunc.fixturenames:
        metafunc.parametrize("group", sorted(vectors_by_group()))


@pytest.fixture(scope="session")
def replay_through_binding():
    """A function from a list of vectors to their Agreement."""

    def replay_all(vectors: list[dict[str, Any]]) -> Agreement:
        agreement = Agreement()
        for vector in vectors:
            with Database.memory() as database:
                replay(vector, Binding(database), agreement)
        return agreement

    return replay_all


class Binding:
    """What `env.DB` of a Worker does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_up(self, encoded: Any) -> None:
        self._database.run(statement_of(encoded))

    def perform(self, vector: dict[str, Any]) -> Outcome:
        try:
            return self._perform(vector)
        except D1Error as error:
            return Outcome(error=error.text)

    def check(self, encoded: Any) -> Outcome:
        try:
            return Outcome(result=self._database.run(statement_of(encoded)).objects())
        except D1Error as error:
            return Outcome(error=error.text)

    def recorded_error(self, recorded: dict[str, Any]) -> str | None:
        return recorded.get("error")

    def _perform(self, vector: dict[str, Any]) -> Outcome:
        if "exec" in vector:
            return Outcome(result={"count": self._database.exec(text_of(vector["exec"]))})
        if "batch" in vector:
            results = self._database.batch([statement_of(one) for one in calls_of(vector["batch"])])
            rows = [result.objects() for result in results] if len(results) <= MANY else None
            return Outcome(result=rows, changes=sum(result.changes for result in results))
        return _answer(vector, self._database.run(statement_of(vector)))


def _answer(vector: dict[str, Any], result: Result) -> Outcome:
    match vector.get("method", "all"):
        case "first":
            return Outcome(result=result.first(vector.get("column")))
        case "raw":
            names = [list(result.columns)] if vector.get("options", {}).get("columnNames") else []
            return Outcome(result=names + result.arrays())
    meta = {"last_row_id": from_sqlite(result.last_row_id), "changed_db": result.changed_db}
    return Outcome(result=result.objects(), changes=result.changes, meta=meta)
