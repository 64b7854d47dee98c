"""How many: what the source says about the length of a collection or the turns of a loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from diagnose.model import Location


@dataclass(frozen=True, slots=True)
class Exactly:
    """The source alone determines the number."""

    n: int

    @property
    def exact(self) -> int | None:
        """The number."""
        return self.n

    @property
    def upper(self) -> int | None:
        """The largest number it can be."""
        return self.n

    def within(self, rows: int) -> int:  # noqa: ARG002 - the other counts need it
        """The number, whatever the data has."""
        return self.n

    def __str__(self) -> str:
        return str(self.n)


@dataclass(frozen=True, slots=True)
class AtMost:
    """The source bounds the number, by a slice or a guard; `of` is the expression that is bounded."""

    n: int
    of: str

    @property
    def exact(self) -> int | None:
        """None: it may be less."""
        return None

    @property
    def upper(self) -> int | None:
        """The bound."""
        return self.n

    def within(self, rows: int) -> int:
        """The number when the data has `rows` elements."""
        return min(self.n, rows)

    def __str__(self) -> str:
        return f"at most {self.n} of {self.of}"


@dataclass(frozen=True, slots=True)
class FromData:
    """The length of data that the worker itself fetched or queried; the source sets no bound.

    Attributes:
        location: where the data is asked for.
        asked: the number that the request itself names (`limit=2000`), or None. For the turns of a
            loop that takes `per` elements at a time it is the number of turns.
        per: elements for each one counted; 1 unless the collection is walked in slices.
        filtered: only some of the elements were kept.
        queried: the worker's own database answered, so that its table decides.
    """

    expression: str
    location: Location
    asked: int | None = None
    per: int = 1
    filtered: bool = False
    queried: bool = False

    @property
    def exact(self) -> int | None:
        """None: data decides."""
        return None

    @property
    def upper(self) -> int | None:
        """None: the source sets no bound."""
        return None

    def within(self, rows: int) -> int:
        """The number when the data has `rows` elements."""
        return -(-rows // self.per)

    def __str__(self) -> str:
        return f"len({self.expression})" + (f" ({self.asked} asked for)" if self.asked else "")


@dataclass(frozen=True, slots=True)
class FromCaller:
    """The length of what a caller sends: a request body, a query parameter, a queue message."""

    expression: str
    per: int = 1

    @property
    def exact(self) -> int | None:
        """None: the caller decides."""
        return None

    @property
    def upper(self) -> int | None:
        """None: the source sets no bound."""
        return None

    def within(self, rows: int) -> int:
        """The number when the data has `rows` elements."""
        return -(-rows // self.per)

    def __str__(self) -> str:
        return f"len({self.expression})"


@dataclass(frozen=True, slots=True)
class UnknownCount:
    """Reading the source does not settle it.

    Attributes:
        sliced: the source does set a bound, by a slice or a guard of unknown width.
    """

    expression: str
    sliced: bool = False

    @property
    def exact(self) -> int | None:
        """None."""
        return None

    @property
    def upper(self) -> int | None:
        """None."""
        return None

    def within(self, rows: int) -> int:
        """The number when it is `rows`."""
        return rows

    def __str__(self) -> str:
        return f"unknown ({self.expression})"


Count: TypeAlias = "Exactly | AtMost | FromData | FromCaller | UnknownCount"


def turns(count: Count, per: int) -> Count:
    """How many slices of `per` elements cover the collection."""
    match count:
        case Exactly(n):
            return Exactly(-(-n // per))
        case AtMost(n, of):
            return AtMost(-(-n // per), of)
        case FromData(asked=asked):
            return replace(count, asked=None if asked is None else -(-asked // per), per=count.per * per)
        case FromCaller():
            return replace(count, per=count.per * per)
        case UnknownCount():
            return count


def bounded(count: Count, limit: int, expression: str) -> Count:
    """The count of `expression`, which keeps at most `limit` elements."""
    upper = count.upper
    if upper is not None and upper <= limit:
        return count
    return AtMost(limit, expression)


def filtered(count: Count) -> Count:
    """The count of some of the elements."""
    match count:
        case Exactly(n):
            return AtMost(n, "a selection") if n else count
        case FromData():
            return replace(count, asked=None, filtered=True)
        case _:
            return count


def multiplied(first: Count, second: Count) -> Count:
    """The number of pairs; a factor that is not exact decides what is known."""
    if isinstance(first, Exactly) and isinstance(second, Exactly):
        return Exactly(first.n * second.n)
    if first.exact == 1:
        return second
    if second.exact == 1:
        return first
    if first.upper is not None and second.upper is not None:
        return AtMost(first.upper * second.upper, f"{first} times {second}")
    for one, other in ((first, second), (second, first)):
        if isinstance(one, FromData) and other.exact is not None:
            return replace(one, asked=None if one.asked is None else one.asked * other.exact)
    sliced = any(isinstance(one, AtMost) or getattr(one, "sliced", False) for one in (first, second))
    return UnknownCount(f"{first} times {second}", sliced)


_RANK = (Exactly, AtMost, UnknownCount, FromCaller, FromData)


def worst(first: Count, second: Count) -> Count:
    """The count that claims more, where two paths lead to one place: each claim holds on its own path."""
    if first == second:
        return first
    low, high = sorted((first, second), key=lambda count: _RANK.index(type(count)))
    if isinstance(low, Exactly) and isinstance(high, Exactly):
        return max(low, high, key=lambda count: count.exact or 0)
    if isinstance(low, AtMost) and isinstance(high, AtMost):
        return max(low, high, key=lambda count: count.n)
    if low.upper is not None and high.upper is not None:
        return AtMost(max(low.upper, high.upper), str(getattr(high, "of", "several calls")))
    if isinstance(low, FromData) and isinstance(high, FromData):
        return low if (low.asked or 0) >= (high.asked or 0) else high
    return high
