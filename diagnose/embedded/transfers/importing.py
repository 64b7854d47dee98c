"""Runs the statements of an uploaded file, all or none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.d1.errors import D1Error
from diagnose.embedded.transfers.statements import statements_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from diagnose.d1 import Database, Result
    from diagnose.embedded.transfers.jobs import Job

_BETWEEN_MESSAGES: Final = 10_000


@dataclass(slots=True)
class _Totals:
    queries: int = 0
    rows_read: int = 0
    rows_written: int = 0
    changes: int = 0
    last_row_id: int = 0
    changed_db: bool = False

    def add(self, results: Sequence[Result]) -> None:
        for result in results:
            self.queries += 1
            self.rows_read += result.rows_read
            self.rows_written += result.rows_written
            self.changes += result.changes
            self.last_row_id = result.last_row_id
            self.changed_db |= result.changed_db


def import_file(job: Job, database: Database, file: Path, bookmark: Callable[[], str]) -> dict[str, Any]:
    """Run every statement in one transaction; each may be as long as a statement of D1 may be.

    Args:
        job: told of the progress.
        database: refuses other calls meanwhile.
        file: SQL in UTF-8.
        bookmark: names the state that the database is in.

    Raises:
        D1Error: of the first statement that D1 refuses; nothing has changed.
        StoppedError: idem.
        OSError: the file cannot be read.
    """
    started = time.perf_counter()
    totals = _Totals()
    with database.importing() as run:
        for statement in statements_of(file):
            job.require_time()
            totals.add(run(statement))
            if totals.queries % _BETWEEN_MESSAGES == 0:
                job.say(f"Processed {totals.queries} queries.")
        if not totals.queries:
            raise D1Error("No SQL statements detected.")
    job.say(f"Processed {totals.queries} queries.")
    return {
        "num_queries": totals.queries,
        "final_bookmark": bookmark(),
        "meta": {
            "served_by": "embedded",
            "duration": (time.perf_counter() - started) * 1_000,
            "changes": totals.changes,
            "last_row_id": totals.last_row_id,
            "changed_db": totals.changed_db,
            "size_after": database.size_bytes,
            "rows_read": totals.rows_read,
            "rows_written": totals.rows_written,
        },
    }
