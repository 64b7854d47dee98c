"""Writes the demo: the broken project, its recorded answer, and the account that it is found in."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

from diagnose.d1 import Statement
from diagnose.demo.account import ACCOUNT_ID, DATABASES
from diagnose.demo.candles import RESPONSE_FILE, response_text
from diagnose.embedded import EmbeddedAccount
from diagnose.errors import ProjectError, UsageError
from diagnose.project.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

SKIPPED: Final = "__pycache__"


def write_demo(folder: Path) -> None:
    """Write project and account into a new folder.

    Raises:
        UsageError: there is something in the folder already.
        ProjectError: the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "the demo wants a new folder, and there is something there",
            where=str(folder),
            hint="name another one: diagnose demo FOLDER",
        )
    try:
        _copy_project(folder)
        _write(folder / RESPONSE_FILE, response_text().encode())
    except OSError as error:
        raise ProjectError(f"the demo cannot be written: {error.strerror}", where=str(folder)) from error
    _write_account(folder / ".diagnose" / "account")


def _copy_project(folder: Path) -> None:
    with as_file(files("diagnose.demo").joinpath("project")) as project:
        for file in sorted(project.rglob("*")):
            if file.is_file() and SKIPPED not in file.parts:
                _write(folder / file.relative_to(project), file.read_bytes())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, content)


def _write_account(folder: Path) -> None:
    with EmbeddedAccount.open(folder, account_id=ACCOUNT_ID) as account:
        (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        for database in DATABASES:
            account.create_database(database.name, uuid=database.uuid, created_at=database.created_at)
            for sql in database.statements:
                account.database(database.uuid).run(Statement(sql))
