"""The worker that a config names, for what looks it up in an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWorker:
    """A worker by its name, deployed or not, and the account to look for it in."""

    name: str
    account: Account

    @property
    def resource(self) -> str:
        """What a finding about the worker is about."""
        return f"worker/{self.name}"

    @property
    def undeployed(self) -> str:
        """Why a check that compares what is deployed skips a worker that is not."""
        return f"worker {self.name} is not deployed (DEP001)"
