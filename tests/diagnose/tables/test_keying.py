from __future__ import annotations

import pytest

from diagnose.plugin import Choice, Context, Target
from diagnose.project import open_project
from diagnose.tables import KeyQuestion

pytestmark = pytest.mark.anyio

CONFIG = 'name = "tides"\n\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "harbour"\n'
WATCH = '[watch]\ntable = "levels"\nkey = ["place", "day"]\n'
QUESTION = KeyQuestion(table="levels", columns=("place", "day", "metres"), sites=())


@pytest.fixture
def answer(write_project):
    """What the question is answered with in a project of these settings."""

    async def find(settings="", **options):
        project = open_project(write_project({"wrangler.toml": CONFIG, "diagnose.toml": settings}))
        ctx = Context(project=project, target=Target.OFFLINE, options=options)
        return await QUESTION.answer(ctx, ctx.config.d1[0])

    return find


async def test_what_the_user_answered_comes_first(answer):
    assert await answer(WATCH, key="Day, metres") == ("day", "metres")
    assert await answer(WATCH, key="day,hour") is None


async def test_what_is_known_answers_else(answer):
    assert await answer(WATCH) == ("place", "day")
    assert await answer() is None


def test_a_person_is_asked_for_columns_and_what_else_there_is():
    columns = "these columns together, of place, day, metres"
    assert QUESTION.choice(none="no key") == Choice(
        option="key",
        question="Which columns tell one row of levels from another?",
        answers={"COLUMN,COLUMN": columns, "none": "no key"},
    )
