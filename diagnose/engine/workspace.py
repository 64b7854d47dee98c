"""What steps act upon: the files below one folder, and an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.errors import DiagnoseError, StepError
from diagnose.model.plan import Workspace
from diagnose.project.files import read_regular, resolve_inside, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.account import Account


MOST_BYTES: Final = 100_000_000
"""Of a file that a step edits; a larger one is no source, config or migration."""


class ProjectWorkspace(Workspace):
    """A project folder and, unless only files are repaired, an account."""

    def __init__(self, root: Path, account: Account | None) -> None:
        self._root = root
        self._account = account

    @property
    def account(self) -> Account | None:
        return self._account

    def read(self, path: str) -> bytes | None:
        file = self._resolve(path)
        try:
            return read_regular(file, most_bytes=MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StepError(f"cannot be read: {error.strerror}", where=path) from error

    def write(self, path: str, content: bytes | None) -> None:
        file = self._resolve(path)
        try:
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(file, content)
        except OSError as error:
            raise StepError(
                f"cannot be written: {error.strerror}",
                where=path,
                why="the file is as it was before",
                hint="free some space or check its permissions, then run `diagnose fix` again",
            ) from error

    def remove_empty_folder(self, path: str) -> None:
        folder = self._resolve(path)
        if folder != self._root and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def exists(self, path: str) -> bool:
        return self._resolve(path).exists()

    def _resolve(self, path: str) -> Path:
        try:
            return resolve_inside(self._root, path)
        except DiagnoseError as error:
            raise StepError(error.message, where=path) from error
