"""The call that hands a statement its parameters, in the function that makes them.

That is `bind()` where a function executes its own statement. Where it lets another function of the
project do so (`await execute(env.DB, sql, values)`), it is the call of that function, which stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from diagnose.rewriting.answers import Answer
    from diagnose.rewriting.outline import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """How the function that makes the parameters passes them on.

    Attributes:
        place: of the statement that executes the SQL there, itself or through another function.
        call: `bind(…)`, or the call of the function that binds what it is given.
        arguments: those of the call that are the parameters, or the one that holds them all.
        is_list: the argument holds them all.
        answer: what awaiting the executing call yields.
        executing: the call of the function that executes the statement; None when it stands here.
        helper: the name of that function.
        looping: the helper executes the statement once for each element of what it is given.
    """

    place: Place
    call: ir.Call
    arguments: tuple[ir.Expression, ...]
    is_list: bool = False
    answer: Answer = "result"
    executing: ir.Call | None = None
    helper: str | None = None
    looping: bool = False

    @property
    def at_call(self) -> Place:
        """Where the parameters are passed on."""
        return self.place.at(self.call.span.start)

    def values(self) -> tuple[ir.Expression, int]:
        """What makes the list of the parameters, and how many more follow it in the call.

        Raises:
            NotUnderstood: they are no list with single ones behind it.
        """
        if self.is_list:
            return self.arguments[0], 0
        first, *behind = self.arguments or (None,)
        if not isinstance(first, ir.Star) or any(isinstance(one, ir.Star) for one in behind):
            raise NotUnderstood(f"{self._shown()} takes more than the values of the rows")
        return first.value, len(behind)

    def passing(self, *sources: str) -> Edit:
        """The parameters replaced; single ones behind the list stay."""
        first, text = self.arguments[0], ", ".join(sources)
        if self.is_list:
            return Edit.of(first.span, f"[{text}]")
        inside = self.call.inside
        whole = len(self.arguments) == len(self.call.arguments) == 1 and not self.call.keywords
        if not whole or "#" in self.place.text[inside.start : inside.end]:
            return Edit.of(first.span, text)
        return Edit(inside.start, inside.end, f"({text})")

    def passing_only(self, source: str) -> Edit:
        """All parameters replaced by one."""
        if self.is_list or len(self.arguments) == 1:
            return self.passing(source)
        if self.call.arguments == self.arguments and self.helper is None:
            return Edit(self.call.inside.start, self.call.inside.end, f"({source})")
        return Edit(self.arguments[0].span.start, self.arguments[-1].span.end, source)

    def single_values(self, width: int) -> str:
        """The parameters as they would stand in a list.

        Raises:
            NotUnderstood: they are not as many as the statement has.
        """
        first = self.arguments[0] if self.arguments else self.call
        if self.is_list and not isinstance(first, ir.Sequence):
            return f"*{self.place.source(first)}"
        values = first.items if self.is_list and isinstance(first, ir.Sequence) else self.arguments
        starred = any(isinstance(value, ir.Star) for value in values)
        if not values or (not starred and len(values) != width) or (not self.helper and self.call.keywords):
            raise NotUnderstood(
                f"{self._shown()} does not take one value for each parameter of the statement"
            )
        if self.is_list:
            return self.place.source(first)[1:-1]
        if self.helper is None:
            return self.place.text[self.call.inside.start + 1 : self.call.inside.end - 1]
        return self.place.text[values[0].span.start : values[-1].span.end]

    def _shown(self) -> str:
        return "bind()" if self.helper is None else f"`{self.helper}`"


def bound_by(helper: str | None, rows: str) -> str:
    """How a person binds the rows: directly, or by the function that does."""
    text = f"json.dumps({rows})"
    return f"`{text}` as the only parameter that `{helper}` binds" if helper else f"`.bind({text})`"
