"""A change of one file."""

from __future__ import annotations

import base64
import difflib
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.errors import StepError
from diagnose.model import Effect, Step
from diagnose.project.exposed_secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json
    from diagnose.model.plan import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFile(Step):
    """Replace, create or delete a file of the project.

    Attributes:
        path: relative to the project folder.
        before: the content it was planned against; None when the file does not exist.
        after: the content it shall have; None deletes it.
        made_folders: folders that did not exist before, outermost first; known after `prepare`.
    """

    kind: ClassVar[str] = "edit-file"
    effect: ClassVar[Effect] = Effect.FILES

    path: str
    before: bytes | None
    after: bytes | None
    made_folders: tuple[str, ...] = ()

    @classmethod
    def text(cls, path: str, before: str | None, after: str) -> Self:
        """An edit given as text; line ends are kept as they are."""
        return cls(path=path, before=None if before is None else before.encode(), after=after.encode())

    @property
    def title(self) -> str:
        verb = "create" if self.before is None else "delete" if self.after is None else "edit"
        return f"{verb} {self.path}"

    def preview(self) -> str:
        before, after = _lines(self.path, self.before), _lines(self.path, self.after)
        old = "/dev/null" if self.before is None else f"a/{self.path}"
        new = "/dev/null" if self.after is None else f"b/{self.path}"
        return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))

    async def prepare(self, workspace: Workspace) -> EditFile:
        parents = [str(parent) for parent in PurePosixPath(self.path).parents if str(parent) != "."]
        missing = tuple(parent for parent in reversed(parents) if not workspace.exists(parent))
        return replace(self, made_folders=missing)

    async def apply(self, workspace: Workspace) -> None:
        current = workspace.read(self.path)
        if current == self.after:
            return
        if current != self.before:
            raise StepError(
                "the file changed after the plan was made",
                where=self.path,
                why="it was left as it is",
                hint="run `diagnose fix` again",
            )
        workspace.write(self.path, self.after)

    async def verify(self, workspace: Workspace) -> str | None:
        same = workspace.read(self.path) == self.after
        return None if same else f"{self.path} does not have the planned content"

    async def undo(self, workspace: Workspace) -> str | None:
        current = workspace.read(self.path)
        if current not in (self.before, self.after):
            return f"{self.path} was edited since; it was left as it is"
        if current != self.before:
            workspace.write(self.path, self.before)
        for folder in reversed(self.made_folders):
            workspace.remove_empty_folder(folder)
        return None

    def record(self) -> Mapping[str, Json]:
        return {
            "path": self.path,
            "before": _encode(self.before),
            "after": _encode(self.after),
            "made_folders": list(self.made_folders),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            path=str(record["path"]),
            before=_decode(record["before"]),
            after=_decode(record["after"]),
            made_folders=tuple(map(str, record["made_folders"])),
        )


def _lines(path: str, content: bytes | None) -> list[str]:
    """The lines as they are shown: a diff of a config has the secrets of its `vars` around it."""
    return [] if content is None else without_secrets(path, content.decode(errors="replace")).splitlines()


def _encode(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode("ascii")


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
