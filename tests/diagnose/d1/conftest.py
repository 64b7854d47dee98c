"""Replays statements whose outcome was recorded from workerd, and tells how far the engine agrees."""

from __future__ import annotations

import json
import math
import os
import struct
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error
from diagnose.d1.javascript import SAFE_INTEGER, UNDEFINED, BigInt, JsArray, JsObject

if TYPE_CHECKING:
    from diagnose.d1.engine import Result
    from diagnose.d1.javascript import JsValue

COMMITTED = Path(__file__).parents[2] / "vectors" / "d1-vectors.json"
# Another recording in the same format; the committed figures do not concern it.
OTHER = os.environ.get("D1_VECTORS")
AGREED = Path(__file__).with_name("agreed.json")
FIGURES = ("accept", "text", "rows", "meta", "checks")
MANY = 50  # the recording keeps no rows of larger batches


@dataclass
class Agreement:
    """How many vectors of a group agree in each respect, and the ids of those that do not."""

    total: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    differing: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FIGURES})

    def note(self, figure: str, vector: str, *, agrees: bool) -> None:
        self.total[figure] += 1
        if not agrees:
            self.differing[figure].append(vector)

    def agreed(self, figure: str) -> int:
        return self.total[figure] - len(self.differing[figure])


@cache
def vectors_by_group() -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    recorded = json.loads(Path(OTHER or COMMITTED).read_text("utf-8"), parse_int=_number)
    for vector in recorded["vectors"]:
        groups.setdefault(vector["group"], []).append(vector)
    return groups


def _number(text: str) -> float:
    """A JSON number as JavaScript reads it: an integer only where a double holds it."""
    return int(text) if abs(int(text)) <= SAFE_INTEGER else float(text)


@pytest.fixture(scope="session")
def recorded_groups() -> dict[str, list[dict[str, Any]]]:
    return vectors_by_group()


@pytest.fixture(scope="session")
def agreed() -> dict[str, dict[str, int]]:
    if OTHER:
        return {group: {} for group in vectors_by_group()}
    return json.loads(AGREED.read_text("utf-8"))


@pytest.fixture(scope="session")
def replay():
    """A function from a list of vectors to their Agreement."""
    return replay_group


def pytest_generate_tests(metafunc):
    if "group" in metafunc.fixturenames:
        metafunc.parametrize("group", sorted(vectors_by_group()))


# -- the encoding of the vectors, described in their header --------------------------------------------


def text_of(generator: Any) -> str:
    match generator:
        case str():
            return generator
        case {"repeat": {"text": text, "times": times}}:
            return text_of(text) * times
        case {"concat": parts}:
            return "".join(map(text_of, parts))
        case {"join": join}:
            numbers = range(join.get("from", 1), join["to"] + 1)
            return join["sep"].join(join["template"].replace("{i}", str(number)) for number in numbers)
        case {"utf16": units}:
            return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "surrogatepass")
    raise AssertionError(generator)


def parameters_of(encoded: list[Any]) -> tuple[JsValue, ...]:
    values: list[JsValue] = []
    for one in encoded:
        match one:
            case {"spread": {"from": first, "to": last}}:
                values.extend(range(first, last + 1))
            case {"spread": {"values": repeated, "times": times}}:
                values.extend(value_of(value) for _ in range(times) for value in repeated)
            case _:
                values.append(value_of(one))
    return tuple(values)


def value_of(encoded: Any) -> JsValue:  # noqa: PLR0911, PLR0912 - one case per kind in the header
    if not isinstance(encoded, dict):
        return encoded
    if "js" not in encoded:
        return text_of(encoded)
    value = encoded.get("value")
    match encoded["js"]:
        case "undefined":
            return UNDEFINED
        case "NaN" | "Infinity" | "-Infinity" | "-0" as number:
            return float(number.replace("Infinity", "inf"))
        case "BigInt":
            return BigInt(int(value))
        case "Symbol":
            return JsObject("symbol", "Symbol()")
        case "Function":
            return JsObject("function", "function f() {}")
        case "Date":
            return JsObject("object", "Tue Jan 02 2024 03:04:05 GMT+0000 (Coordinated Universal Time)")
        case "Map":
            return JsObject("object", "[object Map]")
        case "Object":
            return JsObject("object", "[object Object]")
        case "String" | "Number":
            return JsObject("object", str(value))
        case "Array":
            return JsArray(tuple(map(value_of, value)))
        case "Uint8Array.fill":
            return bytes([encoded["byte"]]) * encoded["length"]
        case "DataView":
            return b""
        case "ArrayBuffer" | "Uint8Array" | "Int8Array" | "Uint16Array" | "Float64Array":
            return bytes(math.trunc(number) % 256 for number in value)
    raise AssertionError(encoded)


def statement_of(encoded: Any) -> Statement:
    if isinstance(encoded, dict) and "sql" in encoded:
        params = parameters_of(encoded["params"]) if "params" in encoded else None
        return Statement(text_of(encoded["sql"]), params)
    return Statement(text_of(encoded))


# -- replaying ----------------------------------------------------------------------------------------


@dataclass
class Outcome:
    error: str | None = None
    result: Any = None
    changes: int | None = None
    meta: dict[str, Any] | None = None


def replay_group(vectors: list[dict[str, Any]]) -> Agreement:
    agreement = Agreement()
    for vector in vectors:
        with Database.memory() as database:
            for entry in vector["setup"]:
                database.run(statement_of(entry))
            _compare(agreement, vector, _outcome(lambda: _perform(database, vector)))  # noqa: B023
            for check in vector.get("check", ()):
                _compare_check(agreement, vector["id"], check, database)
    return agreement


def _outcome(perform) -> Outcome:
    try:
        return perform()
    except D1Error as error:
        return Outcome(error=error.text)


def _perform(database: Database, vector: dict[str, Any]) -> Outcome:
    if "exec" in vector:
        return Outcome(result={"count": database.exec(text_of(vector["exec"]))})
    if "batch" in vector:
        statements = [
            statement for one in vector["batch"] for statement in [statement_of(one)] * one.get("times", 1)
        ]
        results = database.batch(statements)
        rows = [result.objects() for result in results] if len(results) <= MANY else None
        return Outcome(result=rows, changes=sum(result.changes for result in results))
    return _answer(vector, database.run(statement_of(vector)))


def _answer(vector: dict[str, Any], result: Result) -> Outcome:
    match vector.get("method", "all"):
        case "first":
            return Outcome(result=result.first(vector.get("column")))
        case "raw":
            names = [list(result.columns)] if vector.get("options", {}).get("columnNames") else []
            return Outcome(result=names + result.arrays())
    meta = {"last_row_id": result.last_row_id, "changed_db": result.changed_db}
    return Outcome(result=result.objects(), changes=result.changes, meta=meta)


def _compare(agreement: Agreement, vector: dict[str, Any], outcome: Outcome) -> None:
    name = vector["id"]
    agreement.note("accept", name, agrees=(outcome.error is None) == vector["ok"])
    if vector.get("volatile"):
        return
    if not vector["ok"]:
        agreement.note("text", name, agrees=_same_text(outcome.error, vector))
        return
    rows_agree = outcome.error is None and outcome.result == vector["result"]
    agreement.note("rows", name, agrees=rows_agree and outcome.changes == vector["changes"])
    if vector.get("meta"):
        recorded = {key: vector["meta"][key] for key in ("last_row_id", "changed_db")}
        agreement.note("meta", name, agrees=outcome.meta == recorded)


def _same_text(text: str | None, vector: dict[str, Any]) -> bool:
    if text is not None and vector.get("error_match") == "wildcard":
        return fnmatchcase(text, vector["error"])
    return text == vector["error"]


def _compare_check(agreement: Agreement, name: str, check: dict[str, Any], database: Database) -> None:
    outcome = _outcome(lambda: Outcome(result=database.run(statement_of(check)).objects()))
    agrees = outcome.error == check.get("error") and outcome.result == check.get("result")
    agreement.note("checks", name, agrees=agrees)
