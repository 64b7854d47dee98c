"""What a fix is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from diagnose.model import Plan

if TYPE_CHECKING:
    from diagnose.model import Choice, Finding, Safety, Step
    from diagnose.plugin.context import Context


class Turn(IntEnum):
    """When a fix has its turn: what a later one builds on comes first."""

    REPAIR = 0
    """Config and source of the project."""
    SCHEMA = 1
    """Tables and keys that the repaired source writes to."""
    DEPLOY = 2
    """The repaired worker on the account."""
    IMPORT = 3
    """The rows."""


class Fix(ABC):
    """Turns a finding of the check with the same code into a plan; never acts.

    Attributes:
        code: of the check that it belongs to.
        safety: what its plans may change at most.
        scopes: permissions that an API token needs for its steps, by the dashboard's names.
        turn: where it stands among the fixes of one run.
    """

    code: ClassVar[str]
    safety: ClassVar[Safety]
    scopes: ClassVar[tuple[str, ...]] = ()
    turn: ClassVar[Turn] = Turn.REPAIR

    @abstractmethod
    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """What it would do about the finding, given the project as it is now.

        No steps and neither a choice nor a refusal means: nothing is left to do.
        """

    def steps(self, why: str, *steps: Step, provable: bool = True) -> Plan:
        """A plan that consists of these steps."""
        return Plan(code=self.code, why=why, safety=self.safety, steps=steps, provable=provable)

    def partly(self, why: str, left: str, *steps: Step) -> Plan:
        """A plan whose steps repair a part, so that the check goes on finding what is `left`."""
        return Plan(code=self.code, why=why, safety=self.safety, steps=steps, provable=False, unproven=left)

    def nothing(self, why: str) -> Plan:
        """A plan that says: already in order."""
        return Plan(code=self.code, why=why, safety=self.safety)

    def refuse(self, why: str, remedy: str) -> Plan:
        """A plan that says: no automated repair in this case; a person can do `remedy`."""
        return Plan(code=self.code, why=why, safety=self.safety, refusal=remedy)

    def ask(self, why: str, choice: Choice) -> Plan:
        """A plan that waits for an answer only the user can give."""
        return Plan(code=self.code, why=why, safety=self.safety, choice=choice)
