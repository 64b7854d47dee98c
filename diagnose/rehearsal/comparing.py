"""Compares what was bound and fetched with what landed."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from diagnose.importing import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.embedded.invocation import OutboundFetch
    from diagnose.model import Json
    from diagnose.project import RowsSettings

Row: TypeAlias = "tuple[SqliteValue, ...]"
EXAMPLES = 3


def equal_rows(expected: Rows, landed: Rows) -> int:
    """How many expected rows stand among the landed ones, each landed row counted once."""
    return sum((_counted(expected.values) & _counted(landed.values)).values())


def differences(expected: Rows, landed: Rows) -> tuple[Mapping[str, Json], ...]:
    """Up to three expected rows that did not land, beside the landed row most like them."""
    remaining = _counted(landed.values)
    missing: list[Row] = []
    for row in expected.values:
        if remaining[_comparable(row)]:
            remaining[_comparable(row)] -= 1
        else:
            missing.append(row)
    spare = [row for row in landed.values if remaining[_comparable(row)]]
    return tuple(_example(expected.columns, row, spare) for row in missing[:EXAMPLES])


def _example(columns: tuple[str, ...], row: Row, spare: Sequence[Row]) -> Mapping[str, Json]:
    nearest = max(spare, key=lambda other: _likeness(row, other), default=None)
    landed = None if nearest is None or not _likeness(row, nearest) else _shown(columns, nearest)
    return {"bound": _shown(columns, row), "landed": landed}


def _likeness(row: Row, other: Row) -> int:
    return sum(a == b for a, b in zip(_comparable(row), _comparable(other), strict=True))


def _shown(columns: tuple[str, ...], row: Row) -> dict[str, Json]:
    return {
        column: value.hex() if isinstance(value, bytes) else value
        for column, value in zip(columns, row, strict=True)
    }


def _counted(rows: Iterable[Row]) -> Counter[Row]:
    return Counter(map(_comparable, rows))


def _comparable(row: Row) -> Row:
    """Integers and reals of equal value are one; SQLite stores either, as the column likes."""
    return tuple(float(v) if isinstance(v, int) and abs(v) <= 2**53 else v for v in row)


def fetched_rows(fetches: Iterable[OutboundFetch], mapping: RowsSettings) -> Rows | None:
    """The rows in all fetched answers under the mapping, in column order; None when no answer has them."""
    found: list[Row] = []
    seen = False
    for fetch in fetches:
        items = _at(fetch.body, mapping.path)
        if isinstance(items, list):
            seen = True
            found += [_mapped(item, mapping) for item in items if isinstance(item, dict)]
    return Rows(tuple(mapping.columns.values()), tuple(found)) if seen else None


def _mapped(item: Mapping[str, object], mapping: RowsSettings) -> Row:
    return tuple(_sqlite(item.get(field)) for field in mapping.columns)


def _sqlite(value: object) -> SqliteValue:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, separators=(",", ":"))


def _at(body: bytes, path: str) -> object:
    try:
        value: object = json.loads(body)
    except ValueError:
        return None
    return at_path(value, path)


def at_path(value: object, path: str) -> object:
    """The value at a path such as `Data.Data` or `result.0.count`; None when there is none."""
    for part in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
