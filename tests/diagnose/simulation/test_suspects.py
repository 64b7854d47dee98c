from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1.taxonomy import recognized
from diagnose.project.source import read_source
from diagnose.simulation.suspects import suspects

if TYPE_CHECKING:
    from collections.abc import Callable

WORKER = """
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = (await (await fetch("https://api.example.com/rows")).json())["rows"]
        await self.ten(rows)
        await self.four(rows)
        await self.named("t", rows)
        await self.env.QUEUE.sendBatch([{"body": row} for row in rows])
        await self.env.QUEUE.send(rows)
        await self.env.DB.prepare("SELEC open FROM prices").run()
        await self.env.DB.prepare("UPDATE prices SET close = ? WHERE day = ?").bind(1, 2).run()

    async def ten(self, rows):
        sql = "INSERT INTO prices (a, b, c, d, e, f, g, h, i, j) VALUES "
        sql += ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        await self.env.DB.prepare(sql).bind(*[v for row in rows for v in row]).run()

    async def four(self, rows):
        sql = "INSERT INTO days (a, b, c, d) VALUES " + ", ".join(["(?, ?, ?, ?)"] * len(rows))
        await self.env.DB.prepare(sql).bind(*[v for row in rows for v in row]).run()

    async def named(self, table, rows):
        sql = f"INSERT INTO {self.env.TABLE} (a, b) VALUES " + ", ".join(["(?, ?)"] * len(rows))
        await self.env.DB.prepare(sql).bind(*[v for row in rows for v in row]).run()
"""


@pytest.fixture
def look(tmp_path) -> Callable[[str], list[tuple[str, bool]]]:
    """The functions of the places that an error may come from, each with its lines of reason."""
    (tmp_path / "worker.py").write_text(WORKER)
    source = read_source(tmp_path, "worker.py", base="")

    def find(text: str) -> list[tuple[str, bool]]:
        error = recognized(text)
        assert error is not None
        return [(suspect.what, suspect.sure) for suspect in suspects(source, error)]

    return find


def offset_of_parameter_101(head: str, row: str) -> int:
    """The byte at which it stands, found in the text itself."""
    text = head + ", ".join([row] * 101)
    place = -1
    for _ in range(101):
        place = text.index("?", place + 1)
    return place


TEN = offset_of_parameter_101(
    "INSERT INTO prices (a, b, c, d, e, f, g, h, i, j) VALUES ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
FOUR = offset_of_parameter_101("INSERT INTO days (a, b, c, d) VALUES ", "(?, ?, ?, ?)")


@pytest.mark.parametrize(
    ("offset", "place", "row"), [(TEN, "prices in Default.ten", 11), (FOUR, "days in Default.four", 26)]
)
def test_the_offset_tells_the_statement(look, offset: int, place: str, row: int):
    reason = f"D1 refuses it from row {row} on; parameter 101 stands at byte {offset}"

    assert look(f"D1_ERROR: too many SQL variables at offset {offset}: SQLITE_ERROR") == [
        (f"INSERT {place}: {reason}", True)
    ]


def test_another_offset_may_be_that_of_a_text_that_is_not_known(look):
    assert look("D1_ERROR: too many SQL variables at offset 7: SQLITE_ERROR") == [
        (
            (
                "INSERT in Default.named: D1 refuses it from row 51 on, "
                "at an offset that the source does not settle"
            ),
            False,
        )
    ]


def test_without_an_offset_every_statement_that_breaks_is_named(look):
    found = look("too many SQL variables")

    assert [what.partition(":")[0] for what, sure in found if sure] == [
        "INSERT prices in Default.ten",
        "INSERT days in Default.four",
    ]


def test_a_syntax_error_is_found_by_its_token_and_offset(look):
    error = 'D1_ERROR: near "SELEC": syntax error at offset {}: SQLITE_ERROR'

    assert look(error.format(0)) == [("SELEC prices in Default.scheduled: D1 answers so to its text", True)]
    assert look(error.format(4)) == []


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("no such table: prices", ["SELEC prices", "UPDATE prices", "INSERT prices"]),
        ("no such table: Days", ["INSERT days"]),
        ("no such table: ices", []),
        ("table prices has no column named close", ["UPDATE prices"]),
        ("no such column: close at offset 3", ["UPDATE prices"]),
        ("UNIQUE constraint failed: days.a", ["INSERT days"]),
        ("UNIQUE constraint failed: prices.day", ["UPDATE prices", "INSERT prices"]),
    ],
)
def test_names_tell_the_statements(look, text: str, functions: list[str]):
    assert [what.partition(" in ")[0] for what, _ in look(text)] == functions


def test_sizes_tell_the_sends(look):
    assert look("batch size of 291898 bytes exceeds limit of 256000 bytes (10205)") == [
        ("sendBatch to QUEUE in Default.scheduled", False)
    ]
    assert [what.partition(" ")[0] for what, _ in look("message length of 243000 bytes exceeds limit")] == [
        "sendBatch",
        "send",
    ]


def test_a_binding_tells_its_reads(look):
    found = look("AttributeError: QUEUE")

    assert [what for what, _ in found] == [
        "env.QUEUE.sendBatch in Default.scheduled",
        "env.QUEUE.send in Default.scheduled",
    ]


def test_trouble_of_the_service_comes_from_nowhere(look):
    assert look("D1_ERROR: Network connection lost.") == []
