from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from diagnose.cli.options import project_options, selection, selection_options, session_options
from diagnose.engine.runner import Selection
from diagnose.engine.session import SessionOptions
from diagnose.errors import UsageError
from diagnose.plugin import Target


def parse(*words: str) -> tuple[SessionOptions, Selection]:
    """What a command with these options would be given."""
    found = []

    @click.command()
    @project_options
    @selection_options
    def command(select: tuple[str, ...], ignore: tuple[str, ...], **project: object) -> None:
        found.append((session_options(**project), selection(select, ignore)))

    result = CliRunner().invoke(command, words)
    if result.exception is not None:
        raise result.exception
    return found[0]


def test_the_defaults():
    options, chosen = parse()

    assert options == SessionOptions(path=Path())
    assert chosen == Selection()


def test_everything_can_be_said():
    options, chosen = parse(
        *("sub", "-c", "other.toml", "-e", "staging", "--state", "saved", "--plan", "free"),
        *("--option", "option=direct", "--option", "trigger=cron:0 3 * * *", "--allow-worker-code"),
        *("--select", "LIM, E2E002", "--select", "table-missing", "--ignore", "LIM003,"),
    )

    assert options == SessionOptions(
        path=Path("sub"),
        config="other.toml",
        environment="staging",
        state=Path("saved"),
        plan="free",
        options={"option": "direct", "trigger": "cron:0 3 * * *"},
        allow_worker_code=True,
    )
    assert chosen == Selection(select=("LIM", "E2E002", "table-missing"), ignore=("LIM003",))


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ((), Target.EMBEDDED),
        (("--offline",), Target.OFFLINE),
        (("--target", "cloudflare"), Target.CLOUDFLARE),
        (("--target", "embedded", "--offline"), Target.OFFLINE),
    ],
)
def test_the_target(words: tuple[str, ...], target: Target):
    assert parse(*words)[0].target is target


def test_offline_looks_at_no_account():
    with pytest.raises(UsageError, match="--offline looks at files only; leave out --target"):
        parse("--offline", "--target", "cloudflare")


@pytest.mark.parametrize("text", ["direct", "=direct", "option=", " = "])
def test_an_answer_has_a_name_and_a_value(text: str):
    with pytest.raises(UsageError, match="is not NAME=VALUE"):
        parse("--option", text)


def test_an_answer_may_hold_equals_signs():
    assert parse("--option", " trigger = route:a.example/?x=1 ")[0].options == {
        "trigger": "route:a.example/?x=1"
    }
