"""What stands where in the folder of an embedded account, and how it is read and written whole.

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

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.embedded.records import RecordError, from_record
from diagnose.embedded.states.secret_file import SecretFileError, read_secrets
from diagnose.embedded.states.worker_records import Kept
from diagnose.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diagnose.embedded.state import AccountState

DOCUMENT: Final = "account.json"
LOCK: Final = "account.lock"
DATABASES: Final = "d1"
MODULES: Final = "modules"
MESSAGES: Final = "messages.sqlite"
HISTORY: Final = "history"
TRANSFERS: Final = "transfers"
SECRETS: Final = "secrets.json"


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
    except RecursionError as error:
        raise ProjectError(
            "this is not a usable embedded account: it is nested too deeply",
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


def replace_file(file: Path, content: bytes, *, mode: int = 0o666) -> None:
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
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files are there."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
