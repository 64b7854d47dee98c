"""The state of an embedded account, and where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.embedded.state import AccountState, Plan
    from diagnose.embedded.storage import Storage


class StateHolder:
    """What the parts of `EmbeddedAccount` have in common.

    Attributes:
        plan: whose limits apply.
    """

    def __init__(self, storage: Storage, state: AccountState, *, plan: Plan) -> None:
        self._storage = storage
        self._state = state
        self.plan: Plan = plan

    @property
    def state(self) -> AccountState:
        """Everything but rows and messages."""
        return self._state

    def _keep(self, state: AccountState) -> None:
        """A change counts when it is kept."""
        self._storage.write(state)
        self._state = state
