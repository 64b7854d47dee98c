# ruff: noqa: E501
"""What happens in some turns of a loop only, and the bounds that tests set."""

from __future__ import annotations

import pytest

from diagnose.project.source import Exactly, FromData

PICK = """
async def store(env, rows):
    picked = []
    for row in rows:
        {lines}
    marks = ", ".join("?" * len(picked))
    await env.DB.prepare("DELETE FROM t WHERE id IN (" + marks + ")").bind(*picked).run()
"""


@pytest.mark.parametrize(
    "lines",
    [
        'if row["gone"]:\n            picked.append(row["id"])',
        'if not row["gone"]:\n            continue\n        picked.append(row["id"])',
    ],
)
def test_what_a_loop_adds_now_and_then_is_a_selection(stored, lines):
    site = stored(PICK.format(lines=lines))
    assert isinstance(site.rows, FromData)
    assert (site.rows.filtered, site.rows.asked) == (True, None)


def test_what_both_branches_add_is_added_in_every_turn(stored):
    site = stored("""
async def store(env, rows):
    params, marks = [], []
    for row in rows:
        marks.append("(?, ?, ?)")
        params.append(row["a"])
        if row["b"] is None:
            params.append("")
        else:
            params.append(row["b"])
        params.append(row["c"])
    await env.DB.prepare("INSERT INTO t (a, b, c) VALUES " + ", ".join(marks)).bind(*params).run()
""")
    assert (site.rows.asked, site.parameters.total(2000)) == (2000, 6000)


def test_a_generator_yields_once_for_each_full_list(stored):
    site = stored("""
def slices(rows, size):
    part = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part

async def store(env, rows):
    for part in slices(rows, 25):
        marks = ", ".join(["(?, ?, ?, ?)"] * len(part))
        values = [value for row in part for value in row]
        await env.DB.prepare("INSERT INTO t VALUES " + marks).bind(*values).run()
""")
    assert site.chunk == 25
    assert [loop.count.asked for loop in site.loops if isinstance(loop.count, FromData)] == [80]


@pytest.mark.parametrize(
    ("test", "most"), [("len(part) == size", 25), ("len(part) >= size", 25), ("len(part) > size", 26)]
)
def test_the_longest_list_that_a_generator_yields_counts(stored, test, most):
    site = stored(f"""
def slices(rows, size):
    part = []
    for row in rows:
        part.append(row)
        if {test}:
            yield part
            part = []
    if part:
        yield part

async def store(env, rows):
    for part in slices(rows, 25):
        marks = ", ".join(["(?, ?, ?, ?)"] * len(part))
        values = [value for row in part for value in (row["a"], row["b"], row["c"], row["d"])]
        await env.DB.prepare("INSERT INTO t VALUES " + marks).bind(*values).run()
""")
    assert (site.chunk, site.parameters.total(most)) == (most, 4 * most)


LOOKUP = """
import json
from workers import Response, WorkerEntrypoint

MAX = 90

{helper}

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        ids = json.loads(await request.text())
        {guard}
        marks = ", ".join("?" * len(ids))
        rows = await self.env.DB.prepare("SELECT * FROM t WHERE id IN (" + marks + ")").bind(*ids).all()
        return Response.json(rows.results.to_py())
"""
REFUSE = '\n            return Response("no", status=400)'


@pytest.mark.parametrize(
    ("helper", "guard"),
    [
        ("", f"if not 0 < len(ids) <= MAX:{REFUSE}"),
        ("", f"if not isinstance(ids, list) or not 0 < len(ids) <= MAX:{REFUSE}"),
        ("", "if len(ids) > MAX:\n            ids = ids[:MAX]"),
        (
            "def valid(ids):\n    return isinstance(ids, list) and len(ids) <= MAX",
            f"if not valid(ids):{REFUSE}",
        ),
        ('def check(ids):\n    if len(ids) > MAX:\n        raise ValueError("many")', "check(ids)"),
        (
            'def check(ids):\n    if len(ids) > MAX:\n        raise ValueError("many")\n    return ids',
            "ids = check(ids)",
        ),
    ],
)
def test_a_test_bounds_the_list(read, helper, guard):
    (site,) = read(LOOKUP.format(helper=helper, guard=guard)).sites
    assert site.rows.upper == 90


@pytest.mark.parametrize(
    ("helper", "guard"),
    [
        ("def check(ids):\n    if len(ids) > MAX:\n        print(ids)", "check(ids)"),
        ("def valid(ids):\n    return len(ids) <= MAX or True", f"if not valid(ids):{REFUSE}"),
        (
            'def check(ids, strict):\n    if not strict:\n        return\n    if len(ids) > MAX:\n        raise ValueError("many")',
            "check(ids, False)",
        ),
    ],
)
def test_a_test_that_lets_longer_lists_pass_bounds_nothing(read, helper, guard):
    (site,) = read(LOOKUP.format(helper=helper, guard=guard)).sites
    assert site.rows.upper is None


def test_what_a_worker_imports_elsewhere_hides_no_handler(read):
    source = read("""
try:
    from workers import WorkerEntrypoint, fetch
except ImportError:
    fetch = None

    class WorkerEntrypoint:
        pass

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.DB.prepare("DELETE FROM t").run()
""")
    assert [handler.kind for handler in source.handlers] == ["scheduled"]
    assert [site.reachable for site in source.sites] == [True]


def test_results_of_a_batch_are_counted_by_d1(read):
    source = read("""
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = await request.json()
        insert = self.env.DB.prepare("INSERT INTO t VALUES (?)")
        results = await self.env.DB.batch([insert.bind(row) for row in rows])
        return Response.json({
            "rows": len(rows),
            "stored": sum(result.meta.changes for result in results),
        })
""")
    assert [(count.name, count.from_changes) for count in source.reported_counts] == [
        ("rows", False),
        ("stored", True),
    ]
    assert all(count.beside_changes for count in source.reported_counts)


TYPED = """
from dataclasses import asdict, astuple, dataclass, fields
from enum import Enum
from typing import ClassVar

class Kind(Enum):
    OLD = "old"
    NEW = "new"

@dataclass
class Row:
    LIMIT: ClassVar[int] = 100
    a: str
    b: str
    c: str
    d: str

    @classmethod
    def size(cls):
        return cls.LIMIT // len(fields(cls))

    @classmethod
    def parse(cls, raw):
        return cls(raw["a"], raw["b"], raw["c"], raw["d"])

async def store(env, rows):
    parsed = [Row.parse(row) for row in rows]
    size = Row.size()
    for start in range(0, len(parsed), size):
        part = parsed[start : start + size]
        marks = ", ".join(["(?, ?, ?, ?)"] * len(part))
        values = [value for row in part for value in {values}]
        await env.DB.prepare("INSERT INTO t VALUES " + marks).bind(*values).run()
"""


@pytest.mark.parametrize("values", ["astuple(row)", "asdict(row).values()"])
def test_fields_of_a_dataclass_give_the_rows_of_a_statement(stored, values):
    site = stored(TYPED.replace("{values}", values))
    assert (site.chunk, site.bound.per_row, site.parameters.total(2000)) == (25, 4, 100)


def test_members_of_an_enum_are_counted(stored):
    site = stored("""
from enum import StrEnum

class Kind(StrEnum):
    OLD = "old"
    NEW = "new"

async def store(env, rows):
    kinds = [kind.value for kind in Kind]
    marks = ", ".join("?" * len(kinds))
    await env.DB.prepare("DELETE FROM t WHERE kind IN (" + marks + ")").bind(*kinds).run()
""")
    assert site.parameters.total(2000) == 2
    assert site.rows == Exactly(2) or site.rows.exact is not None


def test_slices_of_unknown_width_are_bounded_all_the_same(stored):
    site = stored("""
async def store(env, rows):
    size = int(env.SIZE)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        marks = ", ".join(["(?, ?)"] * len(part))
        await env.DB.prepare("INSERT INTO t VALUES " + marks).bind(*[v for row in part for v in row]).run()
""")
    assert site.rows.sliced


CLAUSE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        query = await request.json()
        ids = query["ids"]
        sql, params = "SELECT a FROM t", []
        if ids:
            sql += {clause}
            params += ids
        rows = await self.env.DB.prepare(sql + " ORDER BY a LIMIT ?").bind(*params, 20).all()
        return Response.json(rows.results)
"""


def test_a_clause_with_a_list_that_one_path_adds_decides_about_the_text(read):
    (site,) = read(CLAUSE.format(clause="f\" WHERE id IN ({','.join('?' * len(ids))})\"")).sites
    assert site.sql.render(rows=2) == "SELECT a FROM t WHERE id IN (?,?) ORDER BY a LIMIT ?"
    assert site.parameters.total(150) == 151


def test_conditions_that_one_path_adds_are_not_known(read):
    (site,) = read(CLAUSE.format(clause='" WHERE " + " AND ".join(f"{one} = ?" for one in ids)')).sites
    assert not site.sql.is_complete
