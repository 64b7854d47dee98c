"""D1 as an engine: its limits, SQLite under those limits, statement forms, error texts."""

from diagnose.d1.bounds import Bounds
from diagnose.d1.engine import Database, Prepared, Result, Statement
from diagnose.d1.errors import D1Error, D1TypeError, ErrorClass, classify
from diagnose.d1.limits import LIMITS, D1Limits, Limit, Limits
from diagnose.d1.schema import Column, Schema, Table, UniqueKey

__all__ = [
    "LIMITS",
    "Bounds",
    "Column",
    "D1Error",
    "D1Limits",
    "D1TypeError",
    "Database",
    "ErrorClass",
    "Limit",
    "Limits",
    "Prepared",
    "Result",
    "Schema",
    "Statement",
    "Table",
    "UniqueKey",
    "classify",
]
