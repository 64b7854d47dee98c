"""How large queue messages and bound values get for the data that the code asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.project.source.counts import AtMost, FromData
from diagnose.simulation.numbers import named_number
from diagnose.simulation.parameters import SAMPLES

if TYPE_CHECKING:
    from diagnose.project.source.model import SendSite, StatementSite
    from diagnose.project.source.weights import Elements, JsonWeight

SAFE_MESSAGE_BYTES: Final = int(LIMITS.queues.message_bytes - LIMITS.queues.metadata_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSize:
    """Bytes of JSON, never more than it really takes.

    Attributes:
        certain: with as many elements as the code itself asks for.
        possible: with as many as its slices, guards and loops over pages let through, too.
        rows: elements of the collection that takes most, or None when nothing grows.
        per_row: bytes of one of them.
        unbounded: rows that the code builds from its own fetch, as many as there are; 2,000 of them would
            not fit into a message.
        measured: recorded answers gave the size of a row.
    """

    certain: int
    possible: int
    rows: int | None
    per_row: int | None
    unbounded: bool
    measured: bool


def message_size(weight: JsonWeight, row_bytes: int | None = None) -> MessageSize:
    """Add up what a weight makes certain; `row_bytes` is the average of a recorded row, if there is one."""
    growing = [(each, _bytes(each, row_bytes), named_number(each.count)) for each in weight.elements]
    known = [(each, size, rows) for each, size, rows in growing if rows is not None]
    certain = sum(size * rows for each, size, rows in known if _is_certain(each))
    possible = sum(size * rows for _, size, rows in known)
    largest = max(known, key=lambda one: one[1] * one[2], default=None)
    return MessageSize(
        certain=weight.fixed + certain,
        possible=weight.fixed + possible,
        rows=largest[2] * largest[0].turns if largest else None,
        per_row=largest[1] // max(largest[0].turns, 1) if largest else None,
        unbounded=any(_is_unbounded(each) for each in weight.elements),
        measured=row_bytes is not None and largest is not None and largest[0].passed_on,
    )


def _bytes(elements: Elements, row_bytes: int | None) -> int:
    """Of one element with its comma."""
    if elements.passed_on and row_bytes is not None:
        return max((row_bytes + 1) * elements.turns, elements.each)
    return elements.each


def _is_certain(elements: Elements) -> bool:
    """Neither a slice nor a loop that may end early decides on the number."""
    return elements.turns == 1 and not isinstance(elements.count, AtMost)


def _is_unbounded(elements: Elements) -> bool:
    """The worker's own fetch decides how many there are, and as many rows as an import has do not fit."""
    match elements.count:
        case FromData(asked=None, queried=False, filtered=False):
            return not elements.passed_on and elements.each * SAMPLES[-1] > SAFE_MESSAGE_BYTES
        case _:
            return False


def oversized_value(site: StatementSite, row_bytes: int | None = None) -> MessageSize | None:
    """The size of a statement's heaviest bound value where it need not fit into one of D1; else None."""
    if site.heaviest_value is None:
        return None
    size = message_size(site.heaviest_value, row_bytes)
    return size if size.possible > LIMITS.d1.value_bytes else None


def oversized_message(site: SendSite, row_bytes: int | None = None) -> MessageSize | None:
    """The size of a site's message where it does not, or need not, fit; else None."""
    if site.body is None:
        return None
    size = message_size(site.body, row_bytes)
    grows = size.unbounded and _is_alone(site)
    return size if grows or size.possible > SAFE_MESSAGE_BYTES else None


def _is_alone(site: SendSite) -> bool:
    """No row of the fetched data has a message of its own, with a list of the row's in it."""
    return site.count.exact is not None and not any(isinstance(loop.count, FromData) for loop in site.loops)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSize:
    """What one `sendBatch` carries.

    Attributes:
        messages: how many, or None when the source names no number.
        size: of the bodies together, or None when they are not known.
    """

    messages: int | None
    size: MessageSize | None

    @property
    def is_heavy(self) -> bool:
        """Its bytes can be more than one call takes."""
        return self.size is not None and self.size.possible > LIMITS.queues.batch_bytes

    @property
    def exceeds(self) -> bool:
        """Its messages or their bytes can be more than one call takes."""
        return self.is_heavy or self.messages is None or self.messages > LIMITS.queues.batch_messages


def batch_size(site: SendSite, row_bytes: int | None = None) -> BatchSize:
    """Measure one call."""
    size = None if site.bodies is None else message_size(site.bodies, row_bytes)
    return BatchSize(messages=named_number(site.count), size=size)
