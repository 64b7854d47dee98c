"""Rows as JSON arrays, cut so that each text stays within one value of D1."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from diagnose.d1.cells import Carrier, all_ordinary, carrier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_ESCAPED_NUL: Final = "\\u0000"
_NOWHERE: Final[frozenset[int]] = frozenset()
_BRACKETS: Final = 2
_COMMA: Final = 1


@dataclass(frozen=True, slots=True)
class JsonRow:
    """One row.

    Attributes:
        text: a JSON array; null stands where a value is bound.
        size: its bytes in UTF-8.
        blobs: positions that hold hexadecimal text.
        plain: positions that hold other values than null.
        bound: positions whose values JSON does not carry.
    """

    text: str
    size: int
    blobs: frozenset[int]
    plain: frozenset[int]
    bound: frozenset[int]

    @property
    def fits(self) -> bool:
        """Whether JSON carries the whole row."""
        return not self.bound

    @classmethod
    def ordinary(cls, row: Sequence[SqliteValue], limits: D1Limits) -> JsonRow | None:
        """The row, quickly, when nothing in it needs a closer look; else None."""
        if not all_ordinary(row, limits):
            return None
        text = _ENCODE(row)
        size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if _ESCAPED_NUL in text or size + _BRACKETS > limits.value_bytes:
            return None
        everywhere = _all_positions(len(row))
        plain = everywhere if None not in row else frozenset(i for i in everywhere if row[i] is not None)
        return cls(text=text, size=size, blobs=_NOWHERE, plain=plain, bound=_NOWHERE)

    @classmethod
    def of(cls, row: Sequence[SqliteValue], limits: D1Limits) -> JsonRow:
        """The row; texts and blobs of a row that is too long for one value are bound."""
        carriers = [carrier(value, limits) for value in row]
        encoded = cls._encoded(row, carriers)
        if encoded.size + _BRACKETS <= limits.value_bytes:
            return encoded
        lifted = [
            Carrier.BOUND if isinstance(value, str | bytes) else kind
            for value, kind in zip(row, carriers, strict=True)
        ]
        return cls._encoded(row, lifted)

    @classmethod
    def _encoded(cls, row: Sequence[SqliteValue], carriers: list[Carrier]) -> JsonRow:
        text = _ENCODE([_json(value, kind) for value, kind in zip(row, carriers, strict=True)])
        return cls(
            text=text,
            size=len(text) if text.isascii() else len(text.encode(errors="replace")),
            blobs=_positions(carriers, Carrier.HEX),
            plain=_positions(carriers, Carrier.JSON),
            bound=_positions(carriers, Carrier.BOUND),
        )


class JsonChunk:
    """Rows gathered for one statement."""

    def __init__(self, limits: D1Limits) -> None:
        self._limit = limits.value_bytes
        self._clear()

    def takes(self, row: JsonRow) -> bool:
        """Whether the row fits: by bytes, and no column holds both blobs and other values."""
        return (
            self._size + row.size + _COMMA <= self._limit
            and self.blobs.isdisjoint(row.plain)
            and self._plain.isdisjoint(row.blobs)
        )

    def add(self, row: JsonRow) -> None:
        """Gather the row."""
        self.rows.append(row.text)
        self._size += row.size + _COMMA
        self.blobs |= row.blobs
        self._plain |= row.plain

    def take(self) -> str:
        """The JSON text of the rows gathered; the chunk is empty afterwards."""
        text = f"[{','.join(self.rows)}]"
        self._clear()
        return text

    def _clear(self) -> None:
        self.rows: list[str] = []
        self.blobs: frozenset[int] = frozenset()
        self._plain: frozenset[int] = frozenset()
        self._size = _BRACKETS


@cache
def _all_positions(columns: int) -> frozenset[int]:
    return frozenset(range(columns))


def _json(value: SqliteValue, kind: Carrier) -> SqliteValue:
    match kind, value:
        case Carrier.BOUND, _:
            return None
        case _, bytes():
            return value.hex()
        case _, bool():
            return int(value)
        case _:
            return value


def _positions(carriers: list[Carrier], wanted: Carrier) -> frozenset[int]:
    return frozenset(position for position, kind in enumerate(carriers) if kind is wanted)
