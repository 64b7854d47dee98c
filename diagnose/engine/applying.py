"""The steps of one plan, applied one after the other into the journal, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.errors import AccountError, StepError
from diagnose.model import Effect

if TYPE_CHECKING:
    from diagnose.engine.events import Operator
    from diagnose.engine.journal import Journal
    from diagnose.engine.session import Session
    from diagnose.model import Plan, Step

FAILURES = (StepError, AccountError)


class Application:
    """One plan while it is applied.

    Attributes:
        applied: the steps that stand, by their numbers in the journal.
        rehearsed: how many steps were left out because they concern an account and there is none.
    """

    def __init__(self, session: Session, operator: Operator, journal: Journal) -> None:
        self._session = session
        self._operator = operator
        self._journal = journal
        self.applied: list[tuple[int, Step]] = []
        self.rehearsed = 0

    async def apply(self, plan: Plan) -> None:
        """Apply and verify each step; of a plan that fails nothing stays.

        Raises:
            StepError: a step could not be applied, or is not there afterwards.
            AccountError: the account cannot be asked.
        """
        workspace = await self._session.workspace()
        try:
            for step in plan.steps:
                if step.effect is Effect.ACCOUNT and workspace.account is None:
                    self.rehearsed += 1
                    continue
                self.applied.append(await self._apply_step(step, plan.code))
        except FAILURES:
            await self.take_back()
            raise
        self._session.forget()

    async def take_back(self) -> None:
        """Undo what was applied, the last step first."""
        workspace = await self._session.workspace()
        for number, step in reversed(self.applied):
            left = await step.undo(workspace)
            self._journal.append(event="undone", number=number, left=left)
            self._operator.undone(step, left)
        self.applied.clear()
        self._session.forget()

    async def _apply_step(self, step: Step, code: str) -> tuple[int, Step]:
        workspace = await self._session.workspace()
        self._operator.applying(step)
        prepared = await step.prepare(workspace)
        number = len(self._journal.steps) + 1
        self._journal.append(
            event="step", number=number, code=code, kind=prepared.kind, record=dict(prepared.record())
        )
        try:
            await prepared.apply(workspace)
            problem = await prepared.verify(workspace)
            if problem is not None:
                raise StepError(problem)
        except FAILURES:
            left = await prepared.undo(workspace)
            self._journal.append(event="undone", number=number, left=left)
            raise
        self._journal.append(event="applied", number=number)
        return number, prepared
