"""Functions that reach their call as values, with some of their arguments, or as one of several."""

from __future__ import annotations

import pytest

from diagnose.model import Location

SLICES = """
async def write(db, rows, *, size=25):
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        marks = ", ".join(["(?, ?)"] * len(part))
        values = [value for row in part for value in (row["a"], row["b"])]
        await db.prepare(f"INSERT INTO t (a, b) VALUES {marks}").bind(*values).run()
"""


@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("partial(write, env.DB)", 25),
        ("partial(write, env.DB, size=60)", 60),
        ("partial(partial(write, env.DB, size=60), size=70)", 70),
    ],
)
def test_a_partial_call_gives_arguments_beforehand(stored, call, most):
    site = stored(
        f"from functools import partial\n{SLICES}\n"
        f"async def store(env, rows):\n    send = {call}\n    await send(rows)\n"
    )
    assert (site.binding, site.table, site.chunk) == ("DB", "t", most)


def test_a_later_argument_takes_the_place_of_an_earlier_one(stored):
    site = stored(
        f"from functools import partial\n{SLICES}\n"
        "async def store(env, rows):\n    await partial(write, env.DB, size=60)(rows, size=10)\n"
    )
    assert site.chunk == 10


DISPATCH = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        {choice}
        await job()

    async def hours(self):
        await self.env.DB.prepare("INSERT INTO hours (at) VALUES (?)").bind(1).run()

    async def days(self):
        await self.env.DB.prepare("INSERT INTO days (at) VALUES (?)").bind(1).run()
"""


@pytest.mark.parametrize(
    "choice",
    [
        "job = self.days if controller.cron == '0 2 * * *' else self.hours",
        "job = {'0 2 * * *': self.days, '0 * * * *': self.hours}[controller.cron]",
        "job = {'0 2 * * *': self.days, '0 * * * *': self.hours}.get(controller.cron)",
    ],
)
def test_one_of_several_functions_is_called(read, choice):
    source = read(DISPATCH.format(choice=choice))
    assert {(site.table, site.reachable, site.awaited) for site in source.sites} == {
        ("days", True, True),
        ("hours", True, True),
    }
    forgotten = read(DISPATCH.format(choice=choice).replace("await job()", "job()"))
    assert {(site.table, site.awaited) for site in forgotten.sites} == {("days", False), ("hours", False)}


def test_each_of_several_functions_starts_from_the_same_state(read):
    source = read("""
from workers import WorkerEntrypoint

async def one(rows):
    rows.append(1)

async def two(rows):
    rows.append(2)

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = []
        add = one if controller.cron else two
        await add(rows)
        marks = ", ".join("?" for _ in rows)
        await self.env.DB.prepare(f"INSERT INTO t (a) VALUES ({marks})").bind(*rows).run()
""")
    (site,) = source.sites
    assert site.parameters.total(1) == 1


EXECUTE = """
from workers import WorkerEntrypoint

async def execute(db, sql, params=(), *, fetch=False):
    statement = db.prepare(sql)
    if params:
        statement = statement.bind(*params)
    if {test}:
        return (await statement.all()).results
    {other}
    return await statement.run()

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await execute(self.env.DB, "SELECT a FROM t WHERE a = ?", [1], fetch=True)
        await execute(self.env.DB, "INSERT INTO t (a) VALUES (?)", [1])
"""


@pytest.mark.parametrize(("test", "other"), [("fetch", "pass"), ("not not_fetch", "pass")])
def test_a_helper_that_binds_what_there_is(read, test, other):
    text = EXECUTE.format(test=test, other=other)
    if "not_fetch" in test:
        text = text.replace("*, fetch=False", "*, not_fetch=True").replace(
            "fetch=True)\n", "not_fetch=False)\n"
        )
    sites = read(text).sites
    assert {(site.verb, site.method, site.parameters.total(1)) for site in sites} == {
        ("SELECT", "all", 1),
        ("INSERT", "run", 1),
    }


def test_an_option_that_the_caller_decides_goes_both_ways(read):
    text = EXECUTE.format(test="fetch", other="pass").replace("fetch=True)", "fetch=controller.cron == '*')")
    found = {(site.verb, site.method) for site in read(text).sites}
    assert found == {("SELECT", "all"), ("SELECT", "run"), ("INSERT", "run")}


def test_statements_of_different_texts_that_meet_are_not_known(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        statement = self.env.DB.prepare("INSERT INTO t (a) VALUES (?)")
        if controller.cron:
            statement = self.env.DB.prepare("INSERT INTO u (a, b) VALUES (?, ?)")
        await statement.bind(1).run()
""")
    assert source.sites == ()


def test_the_calls_that_lead_to_a_statement_are_those_of_all_ways(read):
    source = read(
        """
from storage import write
from workers import WorkerEntrypoint


async def store(env, rows):
    await write(env.DB, rows)


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await store(self.env, [1])
        await self.env.DB.prepare("DELETE FROM t").run()

    async def fetch(self, request):
        await store(self.env, [2])
""",
        storage="""
async def write(db, rows):
    await db.prepare("INSERT INTO t (a) VALUES (?)").bind(*rows).run()
""",
    )
    calls = {site.verb: [call.location for call in site.calls] for site in source.sites}
    assert calls == {"INSERT": [Location("worker.py", 7, 11)], "DELETE": []}


NAMES = """
from dataclasses import dataclass, fields
from workers import WorkerEntrypoint

NAMES = ("a", "b")

@dataclass
class Row:
    a: int
    b: int

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        columns = {columns}
        sql = f"INSERT INTO t ({{', '.join(columns)}}) VALUES (?, ?)"
        await self.env.DB.prepare(sql).bind(1, 2).run()
"""


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ("[field.name for field in fields(Row)]", ("a", "b")),
        ('[f"{name}_eur" for name in NAMES]', ("a_eur", "b_eur")),
        ('["in_" + name for name in NAMES]', ("in_a", "in_b")),
        ("[name for name in NAMES if controller.cron]", ()),
        ("[controller.name for name in NAMES]", ()),
    ],
)
def test_a_text_for_each_element_of_a_list_that_is_known(read, columns, names):
    (site,) = read(NAMES.format(columns=columns)).sites
    assert site.columns == names
