"""Takes back what a run of `fix` did, last step first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.model import Effect

if TYPE_CHECKING:
    from diagnose.engine.events import Operator
    from diagnose.engine.journal import Journal
    from diagnose.engine.session import Session
    from diagnose.model import Step


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What `undo` did: how many steps it restored, and a sentence for each that it could not."""

    restored: int
    left: tuple[str, ...]


def steps_in_effect(session: Session, journal: Journal, *, unsettled: bool = False) -> list[tuple[int, Step]]:
    """The steps that are not undone, in the order in which they are taken back.

    `unsettled` chooses those of the plan that was being applied when the run was cut short.
    """
    steps = journal.unsettled if unsettled else journal.steps
    return [(step.number, session.restore(step)) for step in reversed(steps) if not step.undone]


def is_elsewhere(session: Session, journal: Journal, step: Step) -> bool:
    """Whether a step acted on another account than the one that the session has before it."""
    return step.effect is Effect.ACCOUNT and journal.target != session.target_name


async def undo_run(session: Session, journal: Journal, operator: Operator) -> UndoResult:
    """Undo every step of a run; a kill in between is no harm, the next call goes on."""
    workspace = await session.workspace()
    restored, left = 0, []
    for number, step in steps_in_effect(session, journal):
        if is_elsewhere(session, journal, step):
            missing = f"{step.title}: needs the account it acted on ({journal.target})"
            operator.undone(step, missing)
            left.append(missing)
            continue
        problem = await step.undo(workspace)
        journal.append(event="undone", number=number, left=problem)
        operator.undone(step, problem)
        restored += problem is None
        if problem is not None:
            left.append(problem)
    if not journal.can_be_undone:
        journal.append(event="restored")
    return UndoResult(restored, tuple(left))
