"""The command line: one file per command. Nothing else in the product prints."""

from __future__ import annotations

import errno
import importlib
import os
import sys

import click

from diagnose import __version__
from diagnose.cli.streams import open_closed_streams, wants_color
from diagnose.errors import DiagnoseError, ProjectError
from diagnose.exits import ExitCode

COMMANDS = {
    "run": "look for every reason why an import does not arrive",
    "fix": "repair what run finds, step by step, and prove it",
    "undo": "take back what the last fix did",
    "demo": "the whole story on a bundled broken project, without an account",
    "simulate": "which limits an import meets, and what each way of writing takes",
    "record": "keep the answers to what the worker fetches, for rehearsals",
    "serve": "an account on a loopback port, for wrangler, SDKs and tests",
    "init": "write a commented diagnose.toml from what is found",
    "permissions": "the least API token that the checks need",
    "checks": "list every check",
    "explain": "the page of a check, or what a pasted error means",
}

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LazyGroup(click.Group):
    """Imports a command's module when it is called, so that `--version` and `--help` stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"diagnose.cli.{cmd_name}"), "command", None)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diagnose")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Find out why an import into Cloudflare D1 writes nothing, repair it, and prove that it arrived."""
    ctx.color = wants_color(sys.stdout)  # else click strips what FORCE_COLOR asks for


def main() -> None:
    """Run the command line and leave with the exit code of `diagnose.exits.ExitCode`."""
    open_closed_streams()
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    except click.Abort:
        click.echo("\ninterrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except DiagnoseError as error:
        show_error(error)
        code = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        code = ExitCode.UNFINISHED
    except Exception as error:
        if os.environ.get("DIAGNOSE_DEBUG"):
            raise
        failure = internal_error(error)
        show_error(failure)
        code = failure.exit_code
    sys.exit(int(code or 0))


def internal_error(error: Exception) -> DiagnoseError:
    """An error that nobody raised on purpose; a full disk and a lost folder are not ours to repair."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        where = None if error.filename is None else str(error.filename)
        return ProjectError(f"nothing more can be written: {error.strerror}", where=where)
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        return ProjectError("the working directory is gone", hint="change to a folder that exists")
    return DiagnoseError(
        f"internal error: {type(error).__name__}: {error}",
        hint="DIAGNOSE_DEBUG=1 shows where; please report it",
    )


def _has_working_directory() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib asks the same
    except FileNotFoundError:
        return False
    return True


def show_error(error: DiagnoseError) -> None:
    """Write what is wrong, where, why it matters and what to do next to stderr."""
    head = f"{error.where}: {error.message}" if error.where else error.message
    click.echo(f"error: {head}", err=True)
    for label, text in (("why", error.why), ("try", error.hint)):
        if text:
            click.echo(f"  {label}: {text}", err=True)
