"""Reads a saved account without touching it: no byte, no time stamp, no file beside it changes."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, TypeVar

from diagnose.d1 import Database
from diagnose.embedded.queues.messages import MessageStore
from diagnose.embedded.storage.layout import (
    DOCUMENT,
    LOCK,
    MESSAGES,
    database_file,
    read_state,
    translated,
    translated_sqlite,
)
from diagnose.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.embedded.state import AccountState

Store = TypeVar("Store", Database, MessageStore)

_ATTEMPTS: Final = 40
_PAUSE_SECONDS: Final = 0.05


def read_saved(folder: Path) -> tuple[AccountState, dict[str, Database], MessageStore | None]:
    """The state in the folder, and independent in-memory copies of its databases by UUID and its messages.

    Raises:
        ProjectError: there is no account, it is damaged, or another process keeps writing to it.
    """
    with translated(folder):
        if not (folder / DOCUMENT).is_file():
            raise ProjectError(f"there is no embedded account here: no {DOCUMENT}", where=str(folder))
        state = read_state(folder)
        databases = {uuid: _database(folder, uuid) for uuid in state.databases}
        file = folder / MESSAGES
        if not file.is_file():
            return state, databases, None
        with translated_sqlite(file):
            return state, databases, _copy(folder, file, MessageStore)


def _database(folder: Path, uuid: str) -> Database:
    file = database_file(folder, uuid)
    if not file.is_file():
        raise ProjectError("a database of the embedded account is missing", where=str(file))
    with translated_sqlite(file, "a database"):
        return _copy(folder, file, Database)


def _copy(folder: Path, file: Path, kind: type[Store]) -> Store:
    journal = file.with_name(f"{file.name}-journal")
    for _ in range(_ATTEMPTS):
        if not journal.exists():
            with kind.open(file, readonly=True) as store:
                return store.snapshot()
        with _no_writer(folder) as alone:
            if alone:
                return _recovered(file, journal, kind)
        time.sleep(_PAUSE_SECONDS)
    raise ProjectError(
        "another process keeps writing to this embedded account",
        where=str(file),
        hint="wait until it has finished",
    )


def _recovered(file: Path, journal: Path, kind: type[Store]) -> Store:
    """What it was before the transaction that a kill interrupted.

    SQLite rolls the journal back into the file it opens, so that has to happen to a copy.
    """
    with TemporaryDirectory() as scratch:
        copy = Path(scratch, file.name)
        shutil.copyfile(file, copy)
        if journal.exists():
            shutil.copyfile(journal, copy.with_name(journal.name))
        with kind.open(copy) as store:
            return store.snapshot()


@contextmanager
def _no_writer(folder: Path) -> Iterator[bool]:
    """Whether no process holds the account for writing; as long as the block runs, if so."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
