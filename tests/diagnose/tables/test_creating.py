from __future__ import annotations

import pytest

from diagnose.plugin import Context, Fix, Safety, Target
from diagnose.project import open_project
from diagnose.tables import NO_KEY, table_plan

pytestmark = pytest.mark.anyio
CONFIG = 'name = "rates"\nmain = "worker.py"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "rates"\n'
WORKER = """\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.DB.prepare("{}").bind("2026-01-02", 1.5).run()
"""
INSERT = "INSERT INTO rates (day, rate) VALUES (?, ?)"
OTHER = {"migrations/0001_other.sql": "CREATE TABLE other (a)"}


class AnyFix(Fix):
    """Makes the table `rates`."""

    code = "TST001"
    safety = Safety.REVIEW

    async def plan(self, ctx, finding):
        return await table_plan(self, ctx, ctx.config.d1[0], "rates")


@pytest.fixture
def planned(write_project):
    async def plan(files=OTHER, sql=INSERT, **options):
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": WORKER.format(sql), **files})
        context = Context(project=open_project(folder), target=Target.OFFLINE, options=options)
        return await AnyFix().plan(context, None)

    return plan


async def test_a_new_migration(planned):
    plan = await planned(key="day")
    assert (plan.code, [step.kind for step in plan.steps]) == ("TST001", ["edit-file", "apply-migration"])
    assert plan.steps[0].path == "migrations/0002_create_rates.sql"
    assert plan.steps[0].after == b"CREATE TABLE rates (\n  day NOT NULL,\n  rate,\n  PRIMARY KEY (day)\n);\n"
    assert plan.why == "a new migration creates rates with the columns that the worker writes"


async def test_no_key_is_an_answer(planned):
    plan = await planned(key=NO_KEY)
    assert b"PRIMARY KEY" not in plan.steps[0].after


@pytest.mark.parametrize("options", [{}, {"key": "month"}])
async def test_a_key_is_asked_for(planned, options):
    plan = await planned(**options)
    assert plan.choice.question == "Which columns tell one row of rates from another?"
    assert plan.steps == ()


async def test_a_table_that_is_there_needs_nothing(planned):
    plan = await planned({"migrations/0001_rates.sql": "CREATE TABLE rates (day, rate)"})
    assert (plan.why, plan.steps, plan.refusal) == ("table rates is there", (), None)


@pytest.mark.parametrize(
    ("files", "sql", "why"),
    [
        ({}, INSERT, "the database of rates is not known"),
        (OTHER, "INSERT INTO rates VALUES (?, ?)", "the source does not tell which columns rates has"),
    ],
)
async def test_what_is_not_known_is_refused(planned, files, sql, why):
    plan = await planned(files, sql, key="day")
    assert plan.why == why
    assert plan.refusal
