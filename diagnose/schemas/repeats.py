"""INSERTs that go wrong when the same rows arrive a second time."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from diagnose.d1 import D1Error, Database, Statement
from diagnose.project.source.counts import FromData
from diagnose.project.source.side_tables import is_side_table
from diagnose.schemas.clauses import conflict_clause
from diagnose.schemas.judging import Judge
from diagnose.schemas.keys import covering_keys
from diagnose.schemas.naming import own_sites, sites_of
from diagnose.schemas.values import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.d1.schema import Table, UniqueKey
    from diagnose.project import D1Binding
    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite

_NOTES: Final = re.compile(
    r"(?:^|_)(?:events?|journals?|errors?|failures?|failed|dead_?letters?|dlq|outbox|inbox|runs?|jobs?)(?:_|$)"
)
"""Tables that note what happened, once for each time that it happened."""
_NEW_EACH_TIME: Final = re.compile(
    r"uuid|ulid|nanoid|random|token_hex|secrets\.|urandom|time\.time|\bnow\(|utcnow|getrandbits",
    re.IGNORECASE,
)
_LOOKS_FIRST: Final = re.compile(r"\bNOT\s+(?:EXISTS|IN)\b|\bEXCEPT\b", re.IGNORECASE)
_SNAPSHOT: Final = re.compile(
    r"_at$|(?:^|_)(?:fetched|captured|observed|recorded|snapshot|run)", re.IGNORECASE
)
"""Columns that say when a run looked: each run then adds what it saw on purpose."""
_RECOGNISES: Final = re.compile(r"message_?id|processed|dedup|idempot|(?:^|_)seen(?:_|$)", re.IGNORECASE)
_OWN_CLAUSE: Final = r"\bTABLE\b[^(]*\b{}\b.*\bON\s+CONFLICT\s+(?:REPLACE|IGNORE)\b"
_TRIGGER_ON: Final = r"\bTRIGGER\b.*\b(?:BEFORE|INSTEAD\s+OF)\s+INSERT\b.*\bON\s+[\"`\[]?{}\b"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedInsert:
    """A plain INSERT whose rows can arrive twice.

    Attributes:
        columns: that it writes.
        key: the unique key that refuses the second arrival, or None when nothing tells that it is one.
        by: what brings the rows again: a queue delivers at least once, a cron fetches the same again.
    """

    site: StatementSite
    table: Table
    columns: tuple[str, ...]
    key: UniqueKey | None
    by: Literal["queue", "cron"]


def repeated_inserts(
    definitions: Iterable[str], source: Source, binding: D1Binding
) -> tuple[RepeatedInsert, ...]:
    """The INSERTs of a binding that store the same rows twice, or are refused the second time."""
    definitions = tuple(definitions)
    with Judge(definitions, own_sites(source, binding)) as judge:
        found = (_judged(judge, site, source, binding) for site in sites_of(source, binding))
        inserts = [insert for insert in found if insert is not None]
    return tuple(one for one in inserts if not _is_decided_by_the_table(definitions, one.table))


def _judged(judge: Judge, site: StatementSite, source: Source, binding: D1Binding) -> RepeatedInsert | None:
    by = _repeated_by(site)
    if by is None or site.verb != "INSERT" or conflict_clause(site) is not None:
        return None
    table = judge.table(site)
    if table is None or judge.gap(site) is not None or _is_meant_to_repeat(site, source, binding):
        return None
    columns = site.columns or _all_columns(table, site)
    if not columns or (by == "cron" and any(map(_SNAPSHOT.search, columns))):
        return None
    keys = [key for key in covering_keys(table, columns) if not _is_new_each_time(key, site, columns, source)]
    if any("" in key.columns or key.partial or _holds_message_id(key) for key in keys):
        return None
    return RepeatedInsert(site=site, table=table, columns=columns, key=next(iter(keys), None), by=by)


def _repeated_by(site: StatementSite) -> Literal["queue", "cron"] | None:
    if "queue" in site.handlers:
        return "queue"
    counts = [site.rows, site.parameters.count, *(loop.count for loop in site.loops)]
    fetched = any(isinstance(count, FromData) and not count.queried for count in counts)
    return "cron" if "scheduled" in site.handlers and fetched else None


def _is_meant_to_repeat(site: StatementSite, source: Source, binding: D1Binding) -> bool:
    """It notes that something happened, or other statements see to it that a repetition does no harm."""
    name = (site.table or "").lower()
    if is_side_table(name) or _NOTES.search(name):
        return True
    if _LOOKS_FIRST.search(site.sql.render()):
        return True
    beside = [one for one in own_sites(source, binding) if one is not site and one.handlers & site.handlers]
    return any(_sees_to_it(one, site) for one in beside)


def _sees_to_it(other: StatementSite, site: StatementSite) -> bool:
    """It removes, updates or looks for the rows in the same place, or recognises a message by its id."""
    is_same_table = (other.table or "").lower() == (site.table or "").lower()
    is_near = other.function == site.function or (other.batched and other.span == site.span)
    if is_same_table and is_near and other.verb in {"DELETE", "UPDATE", "SELECT"}:
        return True
    return bool(_RECOGNISES.search(" ".join([other.table or "", *other.columns, other.sql.render()])))


def _all_columns(table: Table, site: StatementSite) -> tuple[str, ...]:
    if not site.sql.is_complete:
        return ()
    return tuple(column.name for column in table.columns if not column.generated)


def _is_new_each_time(key: UniqueKey, site: StatementSite, columns: Sequence[str], source: Source) -> bool:
    """A column of the key gets a value that no second arrival has: a random number, the time."""
    values = (value_of(column, site, columns, source) for column in key.columns)
    return any(value is not None and _NEW_EACH_TIME.search(value) for value in values)


def _holds_message_id(key: UniqueKey) -> bool:
    return any(_RECOGNISES.search(column) for column in key.columns)


def _is_decided_by_the_table(definitions: Iterable[str], table: Table) -> bool:
    """A trigger, or a conflict clause of the table's own key, decides about each row."""
    name = re.escape(table.name)
    pattern = re.compile(f"{_TRIGGER_ON.format(name)}|{_OWN_CLAUSE.format(name)}", re.IGNORECASE | re.DOTALL)
    return any(pattern.search(sql) for sql in definitions)


def refusal_after(definitions: Iterable[str], sites: Iterable[StatementSite]) -> str | None:
    """What D1 answers to one of the statements, given these tables and indexes; None when it takes all."""
    with Database.memory() as database:
        for sql in definitions:
            with suppress(D1Error):  # tables below a virtual one are there already
                database.run(Statement(sql))
        try:
            for site in sites:
                database.prepare(site.sql.render(rows=1, hole="1"))
        except D1Error as error:
            return error.text
    return None
