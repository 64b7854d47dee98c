"""The fix of DAT001: imports those missing rows that the worker's own trigger brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.d1.errors import RowError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.rehearsal.assuming import database_id
from diagnose.steps import ImportRows
from diagnose.tables import fill, watched_series

if TYPE_CHECKING:
    from diagnose.d1 import Column, Table
    from diagnose.importing import Rows
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.rehearsal import Rehearsal
    from diagnose.tables import WatchedSeries

ANOTHER_RANGE: Final = (
    "let [trigger] of diagnose.toml ask for that range, keep the answers with `diagnose record`, and run fix "
    "again; what the source does not have stays missing"
)
WHOLE: Final = "repair that first, or say under [rows] of diagnose.toml where the rows stand in the answers"


class GapsAndDuplicates(Fix):
    """Writes the rows of a rehearsal that are missing in the watched table, and no others."""

    code: ClassVar[str] = "DAT001"
    safety: ClassVar[Safety] = Safety.DATA
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.IMPORT

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        if "duplicates" in finding.evidence:
            return self.refuse(
                "which of several rows with one key is right only their owner can say",
                "delete the others, then add the unique key (TBL003)",
            )
        series = await watched_series(ctx)
        if isinstance(series, str):
            return self.refuse(series, "see that `diagnose run --select DAT001` can look at the table")
        if not series.gaps:
            return self.nothing(f"no rows are missing in {series.table.name} any more")
        if series.table.unique_key(series.key) is None:
            return self.refuse(
                f"{series.table.name} has no unique key over ({', '.join(series.key)})",
                "add it first (TBL003), so that repeating the import cannot double rows",
            )
        rehearsal = await ctx.rehearsal()
        if rehearsal.refused or rehearsal.deploy_error:
            return self.refuse(
                rehearsal.refused or rehearsal.deploy_error or "",
                "the rows have to come in a rehearsal: see [trigger] of diagnose.toml, and `diagnose record`",
            )
        return self._filled(rehearsal, series)

    def _filled(self, rehearsal: Rehearsal, series: WatchedSeries) -> Plan:
        rows = _brought(rehearsal, series)
        if isinstance(rows, str):
            return self.refuse(rows, WHOLE)
        unfit = _unfit(rows, series)
        if unfit is not None:
            return self.refuse(unfit, "name the columns under [rows] of diagnose.toml")
        try:
            filling = fill(rows, series)
        except RowError as error:
            return self.refuse(str(error), "a row that D1 cannot hold is repaired where it comes from")
        missing = sum(gap.missing for gap in series.gaps)
        left = f"{filling.still:,} of {missing:,} stay missing: {filling.told}"
        if not len(filling.rows):
            return self.refuse(f"what the worker's trigger brings fills no gap: {left}", ANOTHER_RANGE)
        why = (
            f"the worker's trigger brings {missing - filling.still:,} of {missing:,} missing rows"
            f"{_defaults(rows, series.table)}"
        )
        step = _step(series, filling.rows)
        return self.partly(f"{why}; {left}", left, step) if filling.left else self.steps(why, step)


def _brought(rehearsal: Rehearsal, series: WatchedSeries) -> Rows | str:
    """The rows that the worker binds, else those fetched under `[rows]`; or why there are none."""
    bound = next(
        (
            table.bound
            for table in rehearsal.tables
            if table.database_id == database_id(series.binding)
            and table.table.lower() == series.table.name.lower()
        ),
        None,
    )
    cause = _why_not_whole(rehearsal)
    if bound is not None and len(bound) and cause is None:
        return bound
    if rehearsal.fetched is not None:
        return rehearsal.fetched
    return cause or f"the worker's trigger brings no rows of {series.table.name}"


def _why_not_whole(rehearsal: Rehearsal) -> str | None:
    """Why what was bound are not the rows of a whole import."""
    if rehearsal.failed_statements:
        return f"the worker's import fails: {rehearsal.failed_statements[0].error}"
    if rehearsal.given_up:
        return f"messages are given up by their consumer (E2E003): {rehearsal.given_up:,}"
    if rehearsal.waiting:
        queue = rehearsal.waiting[0]
        return f"messages are left in {queue.queue}: {queue.left:,}, {queue.why_left}"
    return None


def _unfit(rows: Rows, series: WatchedSeries) -> str | None:
    """Why these rows cannot be rows of the table."""
    unknown = [column for column in rows.columns if series.table.column(column) is None]
    if unknown:
        return f"{series.table.name} has no column {unknown[0]}"
    named = {column.lower() for column in rows.columns}
    needed = [column for column in series.key if column.lower() not in named]
    needed += [one.name for one in _unfilled(rows, series.table) if one.not_null and one.default is None]
    return f"the rows that the worker's trigger brings have no {needed[0]}" if needed else None


def _defaults(rows: Rows, table: Table) -> str:
    left = ", ".join(column.name for column in _unfilled(rows, table))
    return f" (left at their defaults: {left})" if left else ""


def _unfilled(rows: Rows, table: Table) -> list[Column]:
    """Columns that the rows do not fill, and SQLite does not either."""
    named = {column.lower() for column in rows.columns}
    others = [column for column in table.columns if column.name.lower() not in named]
    return [column for column in others if not column.generated and not _is_numbered(table, column)]


def _is_numbered(table: Table, column: Column) -> bool:
    """Whether SQLite numbers it by itself (https://sqlite.org/lang_createtable.html#rowid)."""
    keys = sum(bool(other.primary_key_position) for other in table.columns)
    is_alone = bool(column.primary_key_position) and keys == 1 and not table.without_rowid
    return is_alone and column.type.upper() == "INTEGER"


def _step(series: WatchedSeries, rows: Rows) -> ImportRows:
    return ImportRows(
        database_id=series.database_id,
        database_name=series.binding.database_name or series.binding.binding,
        table=series.table.name,
        rows=rows,
        key=series.key,
    )
