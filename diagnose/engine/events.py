"""How the engine tells what it is doing, without knowing whether anybody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from diagnose.model import Choice, Finding, Plan, Step


class Observer(Protocol):
    """Receives what happens during a run. All methods return at once."""

    def checking(self, code: str, done: int, total: int) -> None:
        """A check starts."""


class Operator(Observer, Protocol):
    """Receives what happens during a fix or an undo, and answers for the user."""

    def show(self, finding: Finding, plan: Plan) -> None:
        """A plan is ready to be read."""

    def confirm(self, plan: Plan) -> bool:
        """Whether the plan may be applied."""

    def answer(self, choice: Choice) -> str | None:
        """The user's answer, or None when nobody can be asked."""

    def applying(self, step: Step) -> None:
        """A step starts."""

    def settled(self, finding: Finding, outcome: str, detail: str) -> None:
        """A finding has its outcome."""

    def undone(self, step: Step, left: str | None) -> None:
        """A step was undone; `left` says what could not be restored."""


class Silent:
    """An observer that keeps it to itself."""

    def checking(self, code: str, done: int, total: int) -> None:
        """Say nothing."""
