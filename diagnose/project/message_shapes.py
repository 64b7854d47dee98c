"""Compares what the consumer of a queue reads of a message with what producers put into it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from diagnose.project.source.shapes import Anything, Elements, Encoded, Fields, Plain
from diagnose.project.source.values import unparsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.project.queue_ends import QueueEnds
    from diagnose.project.source.model import BodyRead
    from diagnose.project.source.shapes import Shape


class Answer(Enum):
    """What one read meets in one message."""

    FOUND = auto()
    UNKNOWN = auto()
    MISSING = auto()
    """The object has no such field."""
    TEXT = auto()
    """A field is read of what is a text."""
    OBJECT = auto()
    """What is parsed as JSON text is none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The reads that meet the same trouble in every message.

    Attributes:
        reads: at least one.
    """

    answer: Answer
    reads: tuple[BodyRead, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The parts that are read, such as `rows[].open`, each once."""
        return tuple(dict.fromkeys(dotted(read.path) for read in self.reads))


def differences(ends: QueueEnds) -> tuple[Difference, ...]:
    """What the consumer reads and no message has; a form that differs hides missing fields."""
    shapes = tuple(dict.fromkeys(shape for send in ends.sends for shape in send.shapes))
    found: dict[Answer, list[BodyRead]] = {}
    for read in ends.reads if shapes else ():
        answers = {answer_to(read, shape) for shape in shapes}
        if len(answers) != 1:
            continue
        answer = answers.pop()
        is_excused = answer is Answer.MISSING and (read.optional or read.dispatched)
        if answer not in {Answer.FOUND, Answer.UNKNOWN} and not is_excused:
            found.setdefault(answer, []).append(read)
    return tuple(Difference(answer, tuple(reads)) for answer, reads in found.items())


def answer_to(read: BodyRead, shape: Shape) -> Answer:
    """What a read of a part meets in a message of that shape."""
    for position, step in enumerate(read.path):
        last = position == len(read.path) - 1
        following = _step(shape, step, mixed=read.mixed)
        if isinstance(following, Answer):
            # The trouble of an earlier step is told at the read of that step.
            return following if last or following is Answer.UNKNOWN else Answer.FOUND
        shape = following
    return Answer.FOUND


def _step(shape: Shape, step: str, *, mixed: bool) -> Shape | Answer:  # noqa: PLR0911 - one return for each case
    match shape:
        case Encoded(of) if step == "text()":
            return of
        case Encoded(of) if mixed:
            return _step(of, step, mixed=mixed)
        case Encoded() | Plain("text") if step not in {"text()", "[]"} and not mixed:
            return Answer.TEXT
        case Fields() | Elements() if step == "text()":
            return shape if mixed else Answer.OBJECT
        case Fields() if step != "[]":
            field = shape.get(step)
            if field is not None:
                return field
            return Answer.MISSING if shape.complete else Answer.UNKNOWN
        case Elements(element) if step == "[]":
            return element
        case _:
            return Answer.UNKNOWN


def is_unsettled(ends: QueueEnds) -> bool:
    """No message has a shape that is known, so that nothing can be compared."""
    shapes = {shape for send in ends.sends for shape in send.shapes}
    return not shapes or shapes <= {Anything(), Encoded(Anything())}


def sent_fields(ends: QueueEnds) -> tuple[str, ...]:
    """The fields that producers put into messages, such as `rows[].open`, each once."""
    shapes = (shape for send in ends.sends for shape in send.shapes)
    return tuple(dict.fromkeys(field for shape in shapes for field in _fields(shape, ())))


def unread_fields(ends: QueueEnds) -> tuple[str, ...]:
    """The fields that are sent and that the consumer does not read by name."""
    read = {dotted(read.path) for read in ends.reads}
    return tuple(field for field in sent_fields(ends) if field not in read)


def _fields(shape: Shape, path: tuple[str, ...]) -> Iterator[str]:
    match shape:
        case Encoded(of):
            yield from _fields(of, path)
        case Elements(element):
            yield from _fields(element, (*path, "[]"))
        case Fields(entries):
            for name, inner in entries:
                yield dotted((*path, name))
                yield from _fields(inner, (*path, name))
        case _:
            return


def dotted(path: Iterable[str]) -> str:
    """`rows[].open`; the body itself is `body`."""
    steps = unparsed(tuple(path))
    text = "".join(step if step == "[]" else f".{step}" for step in steps)
    return text.removeprefix(".") or "body"
