"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from diagnose.cli.streams import tell_wait
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.engine.runner import Selection
    from diagnose.engine.session import SessionOptions

Command = TypeVar("Command", bound="Callable[..., Any]")

TARGETS = ("embedded", "cloudflare")


def project_options(command: Command) -> Command:
    """PATH and everything that says which project and which account."""
    for decorate in reversed(
        (
            click.argument("path", type=click.Path(path_type=Path), default="."),
            click.option("-c", "--config", metavar="FILE", help="The wrangler config, relative to PATH."),
            click.option(
                "-e", "--env", "environment", metavar="NAME", help="The environment, as in wrangler."
            ),
            click.option(
                "--target", type=click.Choice(TARGETS), default="embedded", help="Which account is looked at."
            ),
            click.option("--offline", is_flag=True, help="Look at files only; start nothing."),
            click.option(
                "--state",
                type=click.Path(path_type=Path, file_okay=False),
                help="A saved embedded account; default: PATH/.diagnose/account, if there is one.",
            ),
            click.option("--plan", type=click.Choice(("free", "paid")), help="Whose limits apply."),
            click.option(
                "--option",
                "answers",
                metavar="NAME=VALUE",
                multiple=True,
                help="Answer a question of a fix, such as option=direct. Repeatable.",
            ),
            click.option(
                "--allow-worker-code",
                is_flag=True,
                help="Execute worker code even where no sandbox is to be had.",
            ),
        )
    ):
        command = decorate(command)
    return command


def selection_options(command: Command) -> Command:
    """--select and --ignore."""
    command = click.option(
        "--ignore", metavar="CODES", multiple=True, help="Leave out: codes, families or names, with commas."
    )(command)
    return click.option(
        "--select", metavar="CODES", multiple=True, help="Only these: codes (LIM001), families (LIM), names."
    )(command)


def selection(select: tuple[str, ...], ignore: tuple[str, ...]) -> Selection:
    """The checks that the options choose."""
    from diagnose.engine.runner import Selection

    return Selection(select=_split(select), ignore=_split(ignore))


def _split(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def session_options(
    *,
    path: Path,
    config: str | None,
    environment: str | None,
    target: str,
    offline: bool,
    state: Path | None,
    plan: Literal["free", "paid"] | None,
    answers: tuple[str, ...],
    allow_worker_code: bool,
    writable: bool = False,
) -> SessionOptions:
    """What `project_options` parsed, as the engine takes it.

    Raises:
        UsageError: options that contradict each other, or an answer that is not NAME=VALUE.
    """
    from diagnose.engine.session import SessionOptions
    from diagnose.plugin import Target

    if offline and target != "embedded":
        raise UsageError("--offline looks at files only; leave out --target")
    return SessionOptions(
        path=path,
        config=config,
        environment=environment,
        target=Target.OFFLINE if offline else Target(target),
        state=state,
        plan=plan,
        options=dict(_answer(text) for text in answers),
        allow_worker_code=allow_worker_code,
        writable=writable,
        on_wait=tell_wait,
    )


def _answer(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageError(f"--option {text!r} is not NAME=VALUE", hint="for example --option option=direct")
    return name.strip(), value.strip()
