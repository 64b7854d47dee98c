"""Ids that stand in for those a deploy would fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from diagnose.project import D1Binding

ASSUMED = UUID("6c1c9d0e-6f0b-4f5a-9a3e-d1a90d1a90d1")
"""Namespace of such ids."""


def database_id(binding: D1Binding) -> str:
    """The configured id; where there is none or a placeholder, one that stays the same for the binding."""
    try:
        return str(UUID(binding.database_id or ""))
    except ValueError:
        return str(uuid5(ASSUMED, binding.binding))
