from __future__ import annotations

import pytest

from diagnose.plugin import Context, Fix, Safety, Target
from diagnose.queueing import queued

pytestmark = pytest.mark.anyio


class AnyFix(Fix):
    """Offers nothing but a queue."""

    code = "TST001"
    safety = Safety.REVIEW

    async def plan(self, ctx, finding):
        return await queued(self, ctx, ctx.source.sites[0])


def context(opened, **options):
    return Context(project=opened, target=Target.OFFLINE, options=options)


async def test_a_plan_of_the_fix_that_asks(project):
    plan = await AnyFix().plan(context(project()), None)
    assert (plan.code, plan.safety, plan.provable) == ("TST001", Safety.REVIEW, True)
    assert [step.kind for step in plan.steps] == ["edit-file"] * 3 + ["create-queue"] * 2


async def test_the_consumer_is_chosen_by_an_option(project):
    plan = await AnyFix().plan(context(project(), consumer="typescript"), None)
    assert not plan.provable
    assert plan.steps[-1].title == "deploy worker weather-readings-consumer"


async def test_a_refusal_says_what_to_do(project):
    plan = await AnyFix().plan(context(project(), consumer="cobol"), None)
    assert (plan.why, plan.refusal) == (
        "--option consumer=cobol is not known",
        "choose python or typescript",
    )
    assert plan.steps == ()


async def test_the_schema_decides_whether_a_repetition_is_harmless(project):
    worker = project().source.text("src/worker.py").replace("INSERT OR IGNORE", "INSERT")
    table = "CREATE TABLE readings (sensor TEXT, taken INTEGER, value REAL, UNIQUE (sensor, taken))"
    opened = project(worker=worker, **{"migrations/0001_readings.sql": table})
    plan = await AnyFix().plan(context(opened), None)
    assert "twice" not in plan.why
    assert b'"INSERT OR IGNORE INTO readings' in plan.steps[2].after


OTHER = {"migrations/0001_other.sql": "CREATE TABLE other (a)"}
WATCH = '[watch]\ntable = "readings"\nkey = ["sensor", "taken"]\n'


async def test_a_table_that_only_the_other_worker_will_name_is_made_now(project):
    opened = project(**OTHER, **{"diagnose.toml": WATCH})
    plan = await AnyFix().plan(context(opened, consumer="typescript"), None)
    kinds = [step.kind for step in plan.steps]
    assert kinds == [
        *["edit-file"] * 6,
        "apply-migration",
        "create-queue",
        "create-queue",
        "deploy-worker",
    ]
    assert plan.steps[5].path == "migrations/0002_create_readings.sql"
    assert b"PRIMARY KEY (sensor, taken)" in plan.steps[5].after


async def test_a_key_that_nobody_says_is_asked_for(project):
    plan = await AnyFix().plan(context(project(**OTHER), consumer="typescript"), None)
    assert plan.choice is not None
    assert plan.choice.option == "key"
    answered = await AnyFix().plan(context(project(**OTHER), consumer="typescript", key="sensor"), None)
    assert b"PRIMARY KEY (sensor)" in answered.steps[5].after


async def test_the_workers_own_table_is_left_to_its_own_fix(project):
    plan = await AnyFix().plan(context(project(**OTHER)), None)
    assert [step.kind for step in plan.steps] == ["edit-file"] * 3 + ["create-queue"] * 2
