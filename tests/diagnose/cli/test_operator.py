from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from diagnose.cli.operator import Person, describe
from diagnose.model import Choice, Finding, Location, Plan, Safety, Severity, Status
from diagnose.steps import DeployWorker, EditFile

if TYPE_CHECKING:
    from collections.abc import Callable

CHOICE = Choice(
    option="trigger", question="What starts it?", answers={"cron:EXPRESSION": "a schedule", "none": "nothing"}
)
FINDING = Finding(
    code="DEP004",
    name="never-triggered",
    status=Status.FAIL,
    severity=Severity.ERROR,
    message="nothing starts it",
    location=Location("wrangler.toml", 3),
)
EDIT = Plan(
    code="DEP004",
    why="a schedule is added",
    safety=Safety.REVIEW,
    steps=(EditFile.text("a.txt", "one\n", "two\n"), DeployWorker(script_name="tides")),
)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What the person types."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(("text", "confirmed"), [("y\n", True), ("\n", True), ("n\n", False)])
def test_a_person_confirms(typed: Callable[[str], None], text: str, confirmed: bool):
    typed(text)

    assert Person(confirm_all=False, interactive=True).confirm(EDIT) is confirmed


@pytest.mark.parametrize("interactive", [True, False])
def test_yes_confirms_without_asking(typed: Callable[[str], None], interactive: bool):
    typed("")

    assert Person(confirm_all=True, interactive=interactive).confirm(EDIT)


def test_nobody_confirms_nothing():
    assert not Person(confirm_all=False, interactive=False).confirm(EDIT)


def test_yes_answers_no_question():
    assert Person(confirm_all=True, interactive=False).answer(CHOICE) is None


def test_a_person_answers_after_reading_the_answers(
    typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
):
    typed("  cron:0 3 * * * \n")

    assert Person(confirm_all=True, interactive=True).answer(CHOICE) == "cron:0 3 * * *"
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ("  cron:EXPRESSION  a schedule\n  none  nothing\nWhat starts it? (empty: leave it): ")


def test_an_empty_answer_leaves_it(typed: Callable[[str], None]):
    typed("\n")

    assert Person(confirm_all=True, interactive=True).answer(CHOICE) is None


def test_a_prepared_answer_is_given_once():
    person = Person(confirm_all=True, interactive=False, answers={"trigger": "none"})

    assert person.answer(CHOICE) == "none"
    assert person.answer(CHOICE) is None


def test_a_plan_shows_everything_before_it_happens():
    assert describe(FINDING, EDIT).splitlines() == [
        "DEP004 nothing starts it (wrangler.toml:3)",
        "  plan: a schedule is added",
        "  1. edit a.txt",
        "     --- a/a.txt",
        "     +++ b/a.txt",
        "     @@ -1 +1 @@",
        "     -one",
        "     +two",
        "  2. deploy worker tides",
        "     PUT /workers/scripts/tides",
        f"     cannot be undone: {EDIT.steps[1].irreversible}",
    ]


def test_a_question_and_a_refusal_are_shown_as_such():
    asking = Plan(code="DEP004", why="?", safety=Safety.REVIEW, choice=CHOICE)
    refusing = Plan(code="DEP004", why="it is odd", safety=Safety.REVIEW, refusal="write it yourself")

    assert describe(FINDING, asking).splitlines()[1:] == [
        "  needs an answer: What starts it?",
        "    --option trigger=cron:EXPRESSION  a schedule",
        "    --option trigger=none  nothing",
    ]
    assert describe(FINDING, refusing).splitlines()[1:] == [
        "  no automated repair: it is odd; write it yourself"
    ]


def test_escapes_of_a_file_do_not_reach_the_terminal():
    plan = Plan(
        code="DEP004",
        why="\x1b[31mred",
        safety=Safety.SAFE,
        steps=(EditFile.text("a.txt", "\x1b]0;title\x07\n", "x\n"),),
    )

    assert "\x1b" not in describe(FINDING, plan)
    assert "\x07" not in describe(FINDING, plan)


def test_a_secret_is_typed_unseen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    asked: list[str] = []

    def unseen(prompt: str) -> str:
        asked.append(prompt)
        return " q7Zr2Lw9 "

    monkeypatch.setattr("click.termui.hidden_prompt_func", unseen)
    choice = Choice(
        option="secret_A_env", question="What is A?", answers={"VARIABLE": "holds it"}, hidden=True
    )

    assert Person(confirm_all=True, interactive=True).answer(choice) == " q7Zr2Lw9 "
    assert Person(confirm_all=True, interactive=False).answer(choice) is None
    assert [prompt.strip() for prompt in asked] == ["What is A? (empty: leave it):"]
    assert "q7Zr2Lw9" not in "".join(capsys.readouterr())
