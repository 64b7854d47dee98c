"""What comes of an attempt to rewrite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diagnose.project.source.editing import Edit, apply_edits, parses, with_imports

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The module's new text, and what was done in one sentence."""

    text: str
    how: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done: why, and what a person can do instead."""

    why: str
    remedy: str


Outcome: TypeAlias = "Rewritten | Refused"


class NotUnderstood(Exception):  # noqa: N818 - not an error: it ends an attempt, and never leaves this package
    """The shape of the source is not one that can be rewritten; says what stands in the way."""


def with_line_ends_of(model: str, text: str) -> str:
    """The text with the line ends of another one."""
    text = text.replace("\r\n", "\n")
    return text.replace("\n", "\r\n") if "\r\n" in model else text


def finish(text: str, edits: Iterable[Edit], imports: Sequence[str], how: str) -> Rewritten:
    """Apply the edits and add the imports.

    Raises:
        NotUnderstood: the edits contradict each other, or the result is not Python any more.
    """
    edits = {Edit(edit.start, edit.end, with_line_ends_of(text, edit.replacement)) for edit in edits}
    try:
        edited = with_imports(apply_edits(text, edits), imports)
    except ValueError as error:
        raise NotUnderstood(str(error)) from error
    if not parses(edited):
        raise NotUnderstood("the result would not be Python")
    return Rewritten(edited, how)
