"""What the other checks of a run found, for a check that is about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.model import Finding
    from diagnose.plugin.check import Check
    from diagnose.plugin.fix import Fix


class Outcomes(ABC):
    """The other checks of one run. The engine implements it."""

    @abstractmethod
    def check(self, code: str) -> type[Check] | None:
        """The check with this code, or None where there is none."""

    @abstractmethod
    def codes(self) -> tuple[str, ...]:
        """Every code that a check has."""

    @abstractmethod
    def selected(self) -> tuple[type[Check], ...]:
        """The checks that the user chose for this run."""

    @abstractmethod
    def fix(self, code: str) -> type[Fix] | None:
        """The fix of the check with this code, or None where there is none."""

    @abstractmethod
    async def of(self, code: str) -> tuple[Finding, ...] | None:
        """The findings of a check as it yielded them, when it has ended; None where it does not run.

        A check that waits for itself, through others or directly, ends with its timeout.
        """
