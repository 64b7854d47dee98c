"""What a limit is: an `int` that remembers its source, so it is compared, divided and printed as a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

Plan: TypeAlias = Literal["free", "paid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a limit was from a day on, until the next period.

    Attributes:
        since: the day of the build or page in which it was first seen (ISO); it may have been so before.
        value: what was documented.
        runtime: what the runtime accepted, where that was more.
        source: as of a limit.
    """

    since: str
    value: int
    runtime: int | None
    source: str


class Limit(int):
    """One number that a platform enforces or asks to respect.

    Attributes:
        unit: what is counted, such as `bytes` or `rows`.
        source: the page it stands on, or `measured: …` with the runtime it was measured on.
        date: when the page was last updated, else when it was read or measured (ISO).
        error: the text that the platform answers when the number is exceeded, or None.
        runtime: what the runtime accepts where the documentation asks for less, or None.
        since: the day from which on it is as it is, where it is known to have been otherwise, or None.
        earlier: how it was before, the latest period first.
    """

    unit: str
    source: str
    date: str
    error: str | None
    runtime: int | None
    since: str | None
    earlier: tuple[Period, ...]

    def __new__(
        cls,
        value: int,
        *,
        unit: str,
        source: tuple[str, str],
        error: str | None = None,
        runtime: int | None = None,
        since: str | None = None,
        earlier: tuple[Period, ...] = (),
    ) -> Self:
        """Make the number; `source` is the pair of source and date."""
        limit = super().__new__(cls, value)
        limit.unit = unit
        limit.source, limit.date = source
        limit.error = error
        limit.runtime = runtime
        limit.since, limit.earlier = since, earlier
        return limit

    def __getnewargs_ex__(self) -> tuple[tuple[int], dict[str, object]]:
        return (int(self),), {
            "unit": self.unit,
            "source": (self.source, self.date),
            "error": self.error,
            "runtime": self.runtime,
            "since": self.since,
            "earlier": self.earlier,
        }

    @property
    def value(self) -> int:
        """The plain number."""
        return int(self)

    @property
    def enforced(self) -> int:
        """What the runtime lets through: `runtime` where it is more generous than the documentation."""
        return int(self) if self.runtime is None else self.runtime

    def at(self, day: str) -> Limit:
        """The limit as it was on a day (ISO); before the first period known, as it was in that one."""
        if self.since is None or day >= self.since:
            return self
        period = next((one for one in self.earlier if one.since <= day), self.earlier[-1])
        return Limit(
            period.value,
            unit=self.unit,
            source=(period.source, period.since),
            error=self.error,
            runtime=period.runtime,
        )

    def pinned(self, value: int) -> Limit:
        """The same limit with another number, which the engine then enforces exactly."""
        return Limit(value, unit=self.unit, source=(self.source, self.date), error=self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPlan:
    """A limit that differs between the plans."""

    free: Limit
    paid: Limit

    def of(self, plan: Plan) -> Limit:
        """The number for one plan."""
        return self.free if plan == "free" else self.paid

    def at(self, day: str) -> ByPlan:
        """The limit as it was on a day."""
        return ByPlan(free=self.free.at(day), paid=self.paid.at(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeDoubles:
    """Magnitudes that every build of D1's engine reads from JSON without losing a bit; so is 0.

    Builds up to 2026-07-30 read other JSON numbers up to three units in the last place wrong, while a
    bound number is exact in all of them.
    """

    smallest: float = 1e-80
    largest: float = 1e115
    source: str = "measured: workerd 1.20260426.1 and 1.20260730.1, 4.27 million samples"
    date: str = "2026-11-23"

    def holds(self, value: float) -> bool:
        """Whether a double may travel in JSON; False for NaN and the infinities."""
        return value == 0 or self.smallest <= abs(value) <= self.largest
