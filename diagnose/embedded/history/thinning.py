"""Bounds what the past of a database takes up on disk.

The newest transactions are kept one by one. Of those before, the last of each second is kept; and when all
of it takes more than the budget, every second state of the older half goes. States that were handed out
always stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.embedded.history.entries import Entry

NEWEST: Final = 256
"""How many transactions are kept one by one unless the budget is exceeded."""

_SMALLEST_BUDGET: Final = 256_000_000
_TIMES_THE_DATABASE: Final = 2
_MILLISECONDS: Final = 1_000


def budget(database_bytes: int) -> int:
    """Bytes that the past of a database of that size may take up."""
    return max(_SMALLEST_BUDGET, _TIMES_THE_DATABASE * database_bytes)


def by_the_second(entries: Sequence[Entry], handed_out: set[int]) -> list[list[Entry]]:
    """Runs of older entries between the last states of two seconds, which become one entry each."""
    older = entries[:-NEWEST]
    seconds = [entry.after.since // _MILLISECONDS for entry in entries]
    return _runs(
        older,
        lambda place: older[place].after.number in handed_out or seconds[place] != seconds[place + 1],
    )


def every_second_state(entries: Sequence[Entry], handed_out: set[int]) -> list[list[Entry]]:
    """Pairs of entries of the older half, which become one entry each."""
    older = entries[: max(len(entries) // 2, 2)]
    return _runs(older, lambda place: older[place].after.number in handed_out or place % 2 == 1)


def _runs(entries: Sequence[Entry], ends: Callable[[int], bool]) -> list[list[Entry]]:
    """The entries divided behind each place that `ends` a run; runs of one are left out."""
    runs: list[list[Entry]] = [[]]
    for place, entry in enumerate(entries):
        runs[-1].append(entry)
        if ends(place):
            runs.append([])
    return [run for run in runs if len(run) > 1]
