"""What a fix would do: a plan of steps that can be read before anything happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model.finding import Json, Safety


class Effect(StrEnum):
    """Where a step acts: files of the project, or the account."""

    FILES = "files"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question that only the user can answer, by `--option NAME=VALUE` or at a terminal.

    Attributes:
        option: the name after `--option`, such as `trigger`.
        question: the sentence asked at a terminal.
        answers: acceptable values (or patterns such as `cron:EXPRESSION`) with what each does.
        hidden: at a terminal, a secret itself is asked for instead, and not shown; it is kept apart from
            the options.
    """

    option: str
    question: str
    answers: Mapping[str, str]
    hidden: bool = False


class Step(ABC):
    """One reversible act. What it needs to act (files, an account) reaches it through `workspace`.

    A step is data: it is written to the journal with `record` before it is applied, and
    `from_record` makes it again in another process, after a kill, to undo it.
    """

    kind: ClassVar[str]
    effect: ClassVar[Effect]

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, in one line."""

    @abstractmethod
    def preview(self) -> str:
        """The diff, SQL or request that `apply` would perform, for a person to read."""

    @property
    def irreversible(self) -> str | None:
        """What cannot be undone about it, in one sentence, or None."""
        return None

    @abstractmethod
    async def prepare(self, workspace: Workspace) -> Step:
        """The same step with what undo will need (the content to restore, the previous deployment) filled in.

        Reads only. Its record is on disk before `apply` starts.
        """

    @abstractmethod
    async def apply(self, workspace: Workspace) -> None:
        """Act. Applying twice leaves the same state as applying once.

        Raises:
            StepError: it could not be done; nothing is half-written.
        """

    @abstractmethod
    async def verify(self, workspace: Workspace) -> str | None:
        """None when the effect is there, else what is missing."""

    @abstractmethod
    async def undo(self, workspace: Workspace) -> str | None:
        """Restore what was there before; safe when `apply` never or only partly happened.

        Returns None when restored, else a sentence that says what was left and why.
        """

    @abstractmethod
    def record(self) -> Mapping[str, Json]:
        """Everything `from_record` needs, as JSON; no secrets."""

    @classmethod
    @abstractmethod
    def from_record(cls, record: Mapping[str, Json]) -> Step:
        """The step again. Raises StepError on a record that is not its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a fix would do about one finding.

    Attributes:
        code: of the finding.
        why: one sentence for a person.
        steps: in the order of their application; empty when there is nothing left to do.
        choice: set (with no steps) when the user must answer first.
        refusal: set (with no steps) when this case has no automated repair; says what a person can do.
        provable: False when the check cannot prove what is applied (then it is *applied, not proven*).
        unproven: why not, as one sentence.
    """

    code: str
    why: str
    safety: Safety
    steps: tuple[Step, ...] = ()
    choice: Choice | None = None
    refusal: str | None = None
    provable: bool = True
    unproven: str = "it cannot be executed here"


class Workspace(ABC):
    """What steps act upon. The engine implements it over a project folder and an account."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """Content of a project file, or None when it does not exist. `path` is relative to the project."""

    @abstractmethod
    def write(self, path: str, content: bytes | None) -> None:
        """Replace a project file in one rename (None deletes it); raises StepError outside the project."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether a file or folder of the project is there."""

    @abstractmethod
    def remove_empty_folder(self, path: str) -> None:
        """Remove a folder of the project if nothing is in it."""

    @property
    @abstractmethod
    def account(self) -> object | None:
        """The `diagnose.account.Account` to act on, or None (files only)."""
