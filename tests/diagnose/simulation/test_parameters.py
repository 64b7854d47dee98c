from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Column, D1Error, Database, Schema, Statement, Table
from diagnose.project.source import read_source
from diagnose.project.source.sql import parameter_count
from diagnose.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.project.source import StatementSite

WORKER = """
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = (await (await fetch("https://api.example.com/rows?limit={asked}")).json())["rows"]
        ids = [row["id"] for row in rows]
        db = self.env.DB
{body}
"""


@pytest.fixture
def site(tmp_path) -> Callable[..., StatementSite]:
    """The only statement of a worker with the given lines."""

    def read(*lines: str, asked: int = 2_000) -> StatementSite:
        body = "\n".join(f"        {line}" for line in lines)
        (tmp_path / "worker.py").write_text(WORKER.format(body=body, asked=asked))
        (found,) = read_source(tmp_path, "worker.py", base="").sites
        return found

    return read


def insert(columns: int) -> tuple[str, str]:
    names, marks = ", ".join(f"c{n}" for n in range(columns)), ", ".join("?" * columns)
    return (
        f'sql = "INSERT INTO t ({names}) VALUES " + ", ".join(["({marks})"] * len(rows))',
        "await db.prepare(sql).bind(*[v for row in rows for v in row]).run()",
    )


@pytest.mark.parametrize(
    ("columns", "breaks"), [(10, 11), (7, 15), (4, 26), (2, 51), (1, 101), (100, 2), (33, 4), (50, 3)]
)
def test_the_row_at_which_it_breaks(columns, breaks, site):
    simulation = simulate(site(*insert(columns)))
    assert simulation.breaks.rows == breaks
    assert simulation.breaks.parameters == breaks * columns
    assert [attempt.parameters for attempt in simulation.samples] == [
        columns,
        10 * columns,
        100 * columns,
        2_000 * columns,
    ]


def test_a_verb_that_an_option_chooses_is_no_row(site):
    simulation = simulate(
        site(
            "ignore = len(rows) > 5",
            'verb = "INSERT OR IGNORE" if ignore else "INSERT"',
            'sql = f"{verb} INTO t (a, b) VALUES " + ", ".join(["(?, ?)"] * len(rows))',
            "await db.prepare(sql).bind(*[v for row in rows for v in row]).run()",
        )
    )
    assert (simulation.breaks.rows, simulation.asked.error is None) == (51, False)


def test_the_error_is_the_one_that_execution_meets(site):
    found = site(*insert(10))
    simulation = simulate(found)
    sql = found.sql.render(rows=2_000)
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t (c0)"))
        with pytest.raises(D1Error) as raised:
            database.run(Statement(sql, tuple(1.0 for _ in range(20_000))))
    assert simulation.asked.rows == 2_000
    assert simulation.asked.error.text == raised.value.text
    assert (
        simulation.asked.error.offset
        == sql.encode().index(b"?") + len("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), ") * 10
    )


def test_the_offset_counts_bytes(site):
    wide = site('sql = "INSERT INTO t (ä, b) VALUES " + ", ".join(["(?, ?)"] * len(rows))', insert(2)[1])
    narrow = site('sql = "INSERT INTO t (a, b) VALUES " + ", ".join(["(?, ?)"] * len(rows))', insert(2)[1])
    assert simulate(wide).breaks.error.offset == simulate(narrow).breaks.error.offset + 1


def test_a_statement_that_gets_too_long_says_so(site):
    """25 columns of 2,000 rows are more than 100,000 bytes: D1 measures the text before it reads it."""
    simulation = simulate(site(*insert(25)))
    assert simulation.breaks.rows == 5
    assert simulation.breaks.error.cause.startswith("too many SQL variables")
    assert simulation.asked.error.text == "D1_ERROR: statement too long: SQLITE_TOOBIG"


def test_exactly_one_hundred_is_accepted(site):
    simulation = simulate(site(*insert(10), asked=10))
    assert simulation.asked.parameters == 100
    assert simulation.asked.error is None
    assert not simulation.breaks_for_the_code


def test_a_list_beside_another_parameter_breaks_one_earlier(site):
    simulation = simulate(
        site(
            'marks = ",".join("?" * len(ids))',
            'sql = f"SELECT * FROM t WHERE id IN ({marks}) AND user = ?"',
            "await db.prepare(sql).bind(*ids, 1).all()",
            asked=100,
        )
    )
    assert simulation.asked.parameters == 101
    assert simulation.reached
    assert simulation.breaks.rows == 100


def test_two_lists_add_up(site):
    simulation = simulate(
        site(
            'a, b = ",".join("?" * len(ids)), ",".join("?" * len(rows))',
            'sql = f"SELECT * FROM t WHERE id IN ({a}) OR other IN ({b})"',
            "await db.prepare(sql).bind(*ids, *rows).all()",
        )
    )
    assert simulation.breaks.rows == 51


def test_an_upsert_that_binds_its_columns_twice(site):
    simulation = simulate(
        site(
            'marks = ", ".join(["(?, ?)"] * len(rows))',
            'sql = f"INSERT INTO t (a, b) VALUES {marks} ON CONFLICT (a) DO UPDATE SET b = ?"',
            "await db.prepare(sql).bind(*[v for row in rows for v in row], 1).run()",
        )
    )
    assert simulation.breaks.rows == 50


@pytest.mark.parametrize(
    ("separator", "unit", "breaks", "cause"),
    [
        (" UNION ALL ", "SELECT ?, ?", 6, "too many terms in compound SELECT"),
        (" OR ", "a = ?", 100, "Expression tree is too large"),
    ],
)
def test_other_limits_that_growing_text_meets(separator, unit, breaks, cause, site):
    head = "SELECT * FROM t WHERE " if unit == "a = ?" else "INSERT INTO t (a, b) "
    simulation = simulate(
        site(
            f'sql = "{head}" + "{separator}".join(["{unit}"] * len(rows))',
            "await db.prepare(sql).bind(*[v for row in rows for v in row]).run()",
        )
    )
    assert simulation.breaks.rows == breaks
    assert simulation.breaks.error.cause.startswith(cause)


@pytest.mark.parametrize(
    "line",
    [
        'await db.prepare("INSERT INTO t (a, b) VALUES (?, ?)").bind(1, 2).run()',
        'await db.prepare("INSERT INTO t (a) SELECT value->>0 FROM json_each(?1)").bind(str(rows)).run()',
        'await db.prepare("SELECT 1").all()',
        'await db.prepare("INSERT INTO t VALUES (" + ", ".join("?" * 100) + ")").bind(*range(100)).run()',
    ],
)
def test_a_statement_of_constant_length_never_breaks(line, site):
    assert simulate(site(line)) is None


@pytest.mark.parametrize(
    "lines",
    [
        (
            "row = rows[0]",
            'marks, names = ", ".join("?" * len(row)), ", ".join(row)',
            'sql = f"INSERT INTO t ({names}) VALUES ({marks})"',
            "await db.prepare(sql).bind(*row.values()).run()",
        ),
        (
            "row = rows[0]",
            'changes = ", ".join(f"{name} = ?" for name in row)',
            'await db.prepare(f"UPDATE t SET {changes} WHERE id = ?").bind(*row.values(), 1).run()',
        ),
        ("await db.prepare(controller.sql).bind(*rows[0]).run()",),
    ],
)
def test_the_columns_of_one_row_are_no_rows(lines, site):
    assert simulate(site(*lines)) is None


def test_a_single_row_of_too_many_columns_breaks_at_once(site):
    simulation = simulate(
        site(
            'await db.prepare("INSERT INTO t VALUES (" + ", ".join("?" * 101) + ")").bind(*range(101)).run()'
        )
    )
    assert simulation.breaks.rows == 1
    assert simulation.breaks.parameters == 101
    assert simulation.reached


def test_parameters_count_where_the_text_is_not_known(site):
    simulation = simulate(
        site(
            'sql = "INSERT INTO t (a, b) VALUES " + controller.marks(rows)',
            'await db.prepare(sql).bind(*[v for row in rows for v in (row["a"], row["b"])]).run()',
        )
    )
    assert not simulation.exact
    assert simulation.breaks.rows == 51


def test_rows_with_a_value_in_their_text_are_rows(site):
    simulation = simulate(
        site(
            """marks = ", ".join(f"('{controller.name}', ?, ?)" for row in rows)""",
            'sql = "INSERT INTO t (a, b, c) VALUES " + marks',
            'await db.prepare(sql).bind(*[v for row in rows for v in (row["b"], row["c"])]).run()',
        )
    )
    assert simulation.breaks.rows == 51


def test_a_list_whose_marks_are_not_known_counts_as_well(site):
    simulation = simulate(
        site(
            'sql = f"SELECT * FROM t WHERE id IN ({controller.marks(ids)}) AND user = ?"',
            "await db.prepare(sql).bind(*ids, 1).all()",
        )
    )
    assert not simulation.exact
    assert simulation.breaks.rows == 100


def test_a_known_schema_takes_the_place_of_the_made_up_table(site):
    schema = Schema(tables=(Table(name="t", columns=tuple(Column(name=f"c{n}") for n in range(10))),))
    assert simulate(site(*insert(10)), schema).breaks.rows == 11


def test_the_engine_and_the_reading_of_marks_agree(site):
    found = site(*insert(10))
    simulation = simulate(found)
    assert simulation.samples[1].error is None
    assert simulation.samples[1].parameters == parameter_count(found.sql.render(rows=10))
