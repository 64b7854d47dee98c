"""Plans about tables that several fixes share."""

from diagnose.tables.creating import NO_KEY, table_plan

__all__ = ["NO_KEY", "table_plan"]
