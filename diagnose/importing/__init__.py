"""Rows → statements → D1 → every row compared in the database."""

from diagnose.importing.importer import ImportResult, import_rows
from diagnose.importing.rows import Rows
from diagnose.importing.verifier import Comparison, compare_rows

__all__ = ["Comparison", "ImportResult", "Rows", "compare_rows", "import_rows"]
