from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

import diagnose
from diagnose import cli
from diagnose.errors import AccountError, NoConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


INTERNAL = """\
error: internal error: ZeroDivisionError: by zero
  try: DIAGNOSE_DEBUG=1 shows where; please report it
"""
FULL = "error: nothing more can be written: No space left on device\n"


def test_version(run: Callable[..., object]):
    assert run("--version").out == f"diagnose, version {diagnose.__version__}\n"


def test_help_lists_the_commands_in_the_order_a_newcomer_meets_them(run: Callable[..., object]):
    ended = run("--help")

    listed = ended.out.partition("Commands:\n")[2].splitlines()
    assert ended.code == 0
    assert [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "] == list(
        cli.COMMANDS
    )


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(run: Callable[..., object], command: str):
    ended = run(command, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: diagnose {command}")


@pytest.mark.parametrize(
    "words", [("nonsense",), ("run", "--format", "yaml"), ("run", "a", "b"), ("run", "--fail-on", "bad")]
)
def test_wrong_usage_ends_with_2(run: Callable[..., object], words: tuple[str, ...]):
    ended = run(*words)

    assert ended.code == 2
    assert ended.out == ""
    assert "Error: " in ended.err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("no such thing", hint="try another"), 2, "error: no such thing\n  try: try another\n"),
        (NoConfigError("no config", where="here"), 3, "error: here: no config\n"),
        (AccountError("refused", why="no right"), 4, "error: refused\n  why: no right\n"),
        (
            ZeroDivisionError("by zero"),
            5,
            INTERNAL,
        ),
        (OSError(28, "No space left on device"), 4, FULL),
        (OSError(28, "No space left on device", "/a/b"), 4, FULL.replace("nothing", "/a/b: nothing")),
        (click.Abort(), 130, "\ninterrupted\n"),
        (KeyboardInterrupt(), 130, "\n\ninterrupted\n"),
    ],
)
def test_errors_are_one_message_and_an_exit_code(
    run: Callable[..., object], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, text: str
):
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: failing)

    ended = run("run")

    assert (ended.code, ended.out, ended.err) == (code, "", text)


def test_a_traceback_is_for_those_who_ask(run: Callable[..., object], monkeypatch: pytest.MonkeyPatch):
    @click.command()
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: failing)
    monkeypatch.setenv("DIAGNOSE_DEBUG", "1")
    monkeypatch.setattr("sys.argv", ["diagnose", "run"])

    with pytest.raises(ZeroDivisionError):
        cli.main()
