"""Where an embedded account is kept: in memory, or in a folder that survives a kill at any moment.

account.json            everything but rows and code; replaced by rename, after its content is on disk
account.lock            locked by the one process that may write
d1/UUID.sqlite          rows; SQLite's own journal keeps them whole
history/UUID/           what they were before, for Time Travel
transfers/              files of imports and exports; nobody needs them after a restart
messages.sqlite         what waits in queues; made when the first message is sent
modules/SHA256          code of workers; written before the account.json that names it
secrets.json            texts of secrets, for its owner only; written before the account.json that names them
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Protocol

import apsw

from diagnose.d1 import Database
from diagnose.embedded.history import FolderHistory, MemoryHistory, forget_unfinished
from diagnose.embedded.queues.messages import MessageStore
from diagnose.embedded.records import RecordError, from_record, to_record
from diagnose.embedded.states.secret_file import (
    SecretFileError,
    read_secrets,
    secret_texts,
    write_secrets,
)
from diagnose.embedded.states.worker_records import Kept
from diagnose.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.embedded.history import History
    from diagnose.embedded.state import AccountState

DOCUMENT: Final = "account.json"
LOCK: Final = "account.lock"
DATABASES: Final = "d1"
MODULES: Final = "modules"
MESSAGES: Final = "messages.sqlite"
HISTORY: Final = "history"
TRANSFERS: Final = "transfers"
SECRETS: Final = "secrets.json"
_OWNER_ONLY: Final = 0o600
_UNFINISHED: Final = f"{DOCUMENT}.new"
_OURS: Final = frozenset({DOCUMENT, _UNFINISHED, LOCK, DATABASES, MODULES})


class Storage(Protocol):
    """Keeps a state, its databases and its messages. Whatever returned is kept."""

    def write(self, state: AccountState) -> None:
        """Keep this state instead of the one before."""

    def create_database(self, uuid: str) -> Database:
        """An empty database; a state that lists it must be written next."""

    def open_database(self, uuid: str) -> Database:
        """The database with its rows. Called once for each; the caller closes it."""

    def open_history(self, uuid: str, database: Database) -> History:
        """The past of a database that was just created or opened; it is kept from then on."""

    def drop_database(self, uuid: str) -> None:
        """Remove the rows of a database that is closed and that no state lists any more."""

    def scratch(self) -> Path:
        """A folder for files that nobody needs when the account is closed."""

    def open_messages(self) -> MessageStore:
        """What waits in the queues. Called once; the caller closes it."""

    def close(self) -> None:
        """Close what was never opened, and let others write."""


class MemoryStorage:
    """Keeps nothing beyond the process."""

    def __init__(
        self, databases: dict[str, Database] | None = None, messages: MessageStore | None = None
    ) -> None:
        self._databases = databases or {}
        self._messages = messages
        self._scratch: TemporaryDirectory[str] | None = None

    def write(self, state: AccountState) -> None:
        """Nothing to do: the account itself holds the state."""

    def create_database(self, uuid: str) -> Database:  # noqa: ARG002 - every memory database is its own
        """An empty database."""
        return Database.memory()

    def open_database(self, uuid: str) -> Database:
        """The database that was handed in."""
        return self._databases.pop(uuid)

    def open_history(self, uuid: str, database: Database) -> History:  # noqa: ARG002 - kept with the database
        """A past that begins now."""
        return MemoryHistory(database)

    def drop_database(self, uuid: str) -> None:
        """Its rows went when it was closed."""

    def scratch(self) -> Path:
        """A folder among the machine's temporary ones."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="diagnose-")
        return Path(self._scratch.name)

    def open_messages(self) -> MessageStore:
        """The messages that were handed in, or none."""
        messages, self._messages = self._messages, None
        return messages or MessageStore.memory()

    def close(self) -> None:
        """Close what was never opened."""
        for database in self._databases.values():
            database.close()
        self._databases.clear()
        if self._messages is not None:
            self._messages.close()
        if self._scratch is not None:
            self._scratch.cleanup()


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
        try:
            with translated(self._folder):
                if not (self._folder / DOCUMENT).exists():
                    return None
                state = read_state(self._folder)
                self._secrets = read_secret_texts(self._folder)
                self._sweep(state)
                return state
        except ProjectError:
            self.close()
            raise

    def write(self, state: AccountState) -> None:
        """Code first, then the document that names it. Raises ProjectError."""
        with translated(self._folder):
            modules = self._folder / MODULES
            for script in state.scripts.values():
                for version in script.versions:
                    for module in version.modules.values():
                        if not (modules / module.digest).exists():
                            _replace(modules / module.digest, module.content)
            secrets = secret_texts(state.scripts.values())
            self._write_secrets({**self._secrets, **secrets})
            text = json.dumps(to_record(state), indent=1, ensure_ascii=False)
            _replace(self._folder / DOCUMENT, text.encode())
            self._write_secrets(secrets)

    def create_database(self, uuid: str) -> Database:
        """An empty database in a file. Raises ProjectError."""
        with translated(self._folder):
            database = Database.open(self._file(uuid))
            _sync(self._folder / DATABASES)
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
            _sync(self._folder)
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
            _replace(self._folder / SECRETS, write_secrets(texts), mode=_OWNER_ONLY)
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


def database_file(folder: Path, uuid: str) -> Path:
    """Where the rows of a database are kept."""
    return folder / DATABASES / f"{uuid}.sqlite"


def read_state(folder: Path) -> AccountState:
    """What account.json says, with the modules it names.

    Raises:
        ProjectError: it is damaged, or not ours.
        OSError: it cannot be read.
    """
    document = folder / DOCUMENT
    secrets = read_secret_texts(folder)
    try:
        record = json.loads(document.read_bytes())
        # Whoever writes meanwhile keeps the old texts until the document is replaced, and the new ones then.
        secrets = {**secrets, **read_secret_texts(folder)}
        return from_record(record, Kept(content=lambda digest: _module(folder, digest), secret=secrets.get))
    except (RecordError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"this is not a usable embedded account: {error}",
            where=str(document),
            hint="restore the file, or remove the folder to start with an empty account",
        ) from error


def read_secret_texts(folder: Path) -> dict[str, str]:
    """The texts of secrets by id; none where the file was left out.

    Raises:
        ProjectError: the file is damaged.
        OSError: it cannot be read.
    """
    file = folder / SECRETS
    try:
        return read_secrets(file.read_bytes())
    except FileNotFoundError:
        return {}
    except SecretFileError as error:
        raise ProjectError(
            f"the secrets of the embedded account cannot be read: {error}",
            where=str(file),
            hint="restore the file, or remove it to start without the texts of secrets",
        ) from error


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn an operating system's refusal into a ProjectError that names the file."""
    try:
        yield
    except OSError as error:
        raise ProjectError(
            f"the embedded account cannot be read or written: {error.strerror}",
            where=str(error.filename or folder),
        ) from error


@contextmanager
def translated_sqlite(file: Path, what: str = "the messages") -> Iterator[None]:
    """Turn what SQLite says about a file into a ProjectError that names it."""
    try:
        yield
    except apsw.Error as error:
        raise ProjectError(
            f"{what} of the embedded account cannot be read: {error}",
            where=str(file),
            hint="restore it, or remove the folder to start with an empty account",
        ) from error


def _module(folder: Path, digest: str) -> bytes:
    try:
        content = (folder / MODULES / digest).read_bytes()
    except FileNotFoundError:
        raise RecordError(f"{MODULES}/{digest} is missing") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise RecordError(f"{MODULES}/{digest} was changed")
    return content


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


def _replace(file: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write the file whole: whoever reads it, even after a kill, finds the old or the new content.

    Its mode is `mode` under the umask, from the first byte on.
    """
    temporary = file.with_name(f"{file.name}.new")
    temporary.unlink(missing_ok=True)  # what a kill left there may have another mode
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
