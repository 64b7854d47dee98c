"""Keeps an account in a folder, where it survives a kill at any moment."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from typing import TYPE_CHECKING, Final

from diagnose.d1 import Database
from diagnose.embedded.history import FolderHistory, forget_unfinished
from diagnose.embedded.queues.messages import MessageStore
from diagnose.embedded.records import to_record
from diagnose.embedded.states.secret_file import secret_texts, write_secrets
from diagnose.embedded.storage.layout import (
    DATABASES,
    DOCUMENT,
    HISTORY,
    LOCK,
    MESSAGES,
    MODULES,
    SECRETS,
    TRANSFERS,
    database_file,
    read_secret_texts,
    read_state,
    replace_file,
    sync_folder,
    translated,
    translated_sqlite,
)
from diagnose.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.embedded.history import History
    from diagnose.embedded.state import AccountState

_OWNER_ONLY: Final = 0o600
_UNFINISHED: Final = f"{DOCUMENT}.new"
_OURS: Final = frozenset({DOCUMENT, _UNFINISHED, LOCK, DATABASES, MODULES})


class FolderStorage:
    """Keeps an account in a folder, as the only writer."""

    def __init__(self, folder: Path) -> None:
        """Lock the folder, making it when there is none.

        Raises:
            ProjectError: another process writes there, it holds other things, or it cannot be used.
        """
        self._folder = folder
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_foreign_folder(folder)
            (folder / DATABASES).mkdir(exist_ok=True)
            (folder / MODULES).mkdir(exist_ok=True)
            self._lock: int | None = _lock(folder)
        self._secrets: dict[str, str] = {}

    def read(self) -> AccountState | None:
        """The state kept in the folder, or None in a new one. Leftovers of a kill are swept.

        Raises:
            ProjectError: account.json is damaged, or not ours.
        """
        with translated(self._folder):
            if not (self._folder / DOCUMENT).exists():
                return None
            state = read_state(self._folder)
            self._secrets = read_secret_texts(self._folder)
            self._sweep(state)
            return state

    def write(self, state: AccountState) -> None:
        """Code first, then the document that names it. Raises ProjectError."""
        with translated(self._folder):
            modules = self._folder / MODULES
            for script in state.scripts.values():
                for version in script.versions:
                    for module in version.modules.values():
                        if not (modules / module.digest).exists():
                            replace_file(modules / module.digest, module.content)
            secrets = secret_texts(state.scripts.values())
            self._write_secrets({**self._secrets, **secrets})
            text = json.dumps(to_record(state), indent=1, ensure_ascii=False)
            replace_file(self._folder / DOCUMENT, text.encode())
            self._write_secrets(secrets)

    def create_database(self, uuid: str) -> Database:
        """An empty database in a file. Raises ProjectError."""
        with translated(self._folder):
            database = Database.open(self._file(uuid))
            sync_folder(self._folder / DATABASES)
            return database

    def open_database(self, uuid: str) -> Database:
        """The database in its file. Raises ProjectError when it is missing, or is none."""
        file = self._file(uuid)
        if not file.is_file():
            raise ProjectError("a database of the embedded account is missing", where=str(file))
        with translated(self._folder):
            forget_unfinished(self._folder / HISTORY / uuid, file)
        with translated_sqlite(file, "a database"):
            database = Database.open(file)
            database.schema()  # SQLite reads a file when something is asked of it
        return database

    def open_history(self, uuid: str, database: Database) -> History:
        """What the folder keeps of its past. Raises ProjectError."""
        with translated(self._folder):
            return FolderHistory(self._folder / HISTORY / uuid, self._file(uuid), database)

    def drop_database(self, uuid: str) -> None:
        """Remove its files and its past. Raises ProjectError."""
        with translated(self._folder):
            for file in (self._folder / DATABASES).glob(f"{uuid}.*"):
                file.unlink()
            shutil.rmtree(self._folder / HISTORY / uuid, ignore_errors=True)

    def scratch(self) -> Path:
        """A folder beside the others. Raises ProjectError."""
        with translated(self._folder):
            (self._folder / TRANSFERS).mkdir(exist_ok=True)
        return self._folder / TRANSFERS

    def open_messages(self) -> MessageStore:
        """The messages in their file. Raises ProjectError."""
        file = self._folder / MESSAGES
        with translated_sqlite(file):
            messages = MessageStore.open(file)
        with translated(self._folder):
            sync_folder(self._folder)
        return messages

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            shutil.rmtree(self._folder / TRANSFERS, ignore_errors=True)
            os.close(self._lock)
        self._lock = None

    def _file(self, uuid: str) -> Path:
        return database_file(self._folder, uuid)

    def _write_secrets(self, texts: dict[str, str]) -> None:
        """Keep exactly these texts; nothing is written when they are kept already."""
        if texts != self._secrets:
            replace_file(self._folder / SECRETS, write_secrets(texts), mode=_OWNER_ONLY)
            self._secrets = texts

    def _sweep(self, state: AccountState) -> None:
        """Remove what a kill left between two writes: files that the state does not name."""
        modules = {
            module.digest
            for script in state.scripts.values()
            for version in script.versions
            for module in version.modules.values()
        }
        (self._folder / _UNFINISHED).unlink(missing_ok=True)
        (self._folder / f"{SECRETS}.new").unlink(missing_ok=True)
        self._write_secrets(secret_texts(state.scripts.values()))
        for file in (self._folder / MODULES).iterdir():
            if file.name not in modules:
                file.unlink()
        for file in (self._folder / DATABASES).iterdir():
            if file.name.partition(".")[0] not in state.databases:
                file.unlink()
        for past in (self._folder / HISTORY).glob("*"):
            if past.name not in state.databases:
                shutil.rmtree(past)
        shutil.rmtree(self._folder / TRANSFERS, ignore_errors=True)


def _refuse_foreign_folder(folder: Path) -> None:
    """Raise ProjectError rather than put an account among somebody's files."""
    names = {entry.name for entry in folder.iterdir()}
    if DOCUMENT not in names and not names <= _OURS:
        raise ProjectError(
            f"this folder holds other files and no {DOCUMENT}",
            where=str(folder),
            hint="name an empty or a new folder",
        )


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ProjectError(
            "another process is using this embedded account",
            where=str(folder),
            hint="stop it (`diagnose serve`?) or wait until it has finished",
        ) from None
    return descriptor
