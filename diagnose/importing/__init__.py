"""Rows → statements → D1 → every row compared in the database."""

from diagnose.importing.importer import ImportResult, import_rows
from diagnose.importing.rows import Rows
from diagnose.importing.storing import as_stored
from diagnose.importing.verifier import Comparison, compare_rows

__all__ = ["Comparison", "ImportResult", "Rows", "as_stored", "compare_rows", "import_rows"]
