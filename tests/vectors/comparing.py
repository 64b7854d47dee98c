"""How far outcomes agree with recorded ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

FIGURES = ("accept", "text", "rows", "meta", "checks")
MANY = 50  # the recording keeps no rows of larger batches


@dataclass
class Outcome:
    """What became of one call; `changes` and `meta` are None where the call does not tell them."""

    error: str | None = None
    result: Any = None
    changes: int | None = None
    meta: dict[str, Any] | None = None


class Caller(Protocol):
    """One way to call a new, empty database."""

    def set_up(self, encoded: Any) -> None: ...

    def perform(self, vector: dict[str, Any]) -> Outcome | None:
        """The outcome of the vector's call, or None when it cannot be made in this way."""

    def check(self, encoded: Any) -> Outcome: ...

    def recorded_error(self, recorded: dict[str, Any]) -> str | None:
        """The text that a recorded error has in this way of calling."""


@dataclass
class Agreement:
    """How many vectors agree in each respect, the ids of those that do not, and those that were left out."""

    total: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    differing: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FIGURES})
    left_out: list[str] = field(default_factory=list)

    def note(self, figure: str, vector: str, *, agrees: bool) -> None:
        self.total[figure] += 1
        if not agrees:
            self.differing[figure].append(vector)

    @property
    def figures(self) -> dict[str, str]:
        """What agrees of what was compared."""
        return {name: f"{total - len(self.differing[name])}/{total}" for name, total in self.total.items()}

    def unexpected(self, known: dict[str, list[str]]) -> dict[str, list[str]]:
        """Vectors that differ and are not known to, and those that are known to and agree."""
        return {
            name: sorted(set(self.differing[name]) ^ set(known.get(name, ())))
            for name in FIGURES
            if set(self.differing[name]) != set(known.get(name, ()))
        }


def replay(vector: dict[str, Any], caller: Caller, agreement: Agreement) -> None:
    """Make the vector's calls and note how far they agree."""
    for encoded in vector["setup"]:
        caller.set_up(encoded)
    outcome = caller.perform(vector)
    if outcome is None:
        agreement.left_out.append(vector["id"])
        return
    _compare(agreement, vector, outcome, caller.recorded_error(vector))
    for check in vector.get("check", ()):
        outcome = caller.check(check)
        agrees = outcome.error == caller.recorded_error(check) and outcome.result == check.get("result")
        agreement.note("checks", vector["id"], agrees=agrees)


def known_of(known: dict[str, list[str]], vectors: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """What is known to differ, of these vectors only."""
    ids = {vector["id"] for vector in vectors}
    return {name: [one for one in differing if one in ids] for name, differing in known.items()}


def _compare(agreement: Agreement, vector: dict[str, Any], outcome: Outcome, error: str | None) -> None:
    name = vector["id"]
    agreement.note("accept", name, agrees=(outcome.error is None) == vector["ok"])
    if vector.get("volatile"):
        return
    if not vector["ok"]:
        wildcard = vector.get("error_match") == "wildcard"
        agreement.note("text", name, agrees=_is_same_text(outcome.error, str(error), wildcard=wildcard))
        return
    agrees = outcome.error is None and outcome.result == vector["result"]
    agreement.note("rows", name, agrees=agrees and outcome.changes in {None, vector["changes"]})
    if vector.get("meta") and outcome.meta is not None:
        recorded = {key: vector["meta"][key] for key in outcome.meta}
        agreement.note("meta", name, agrees=outcome.meta == recorded)


def _is_same_text(text: str | None, recorded: str, *, wildcard: bool) -> bool:
    return text is not None and (fnmatchcase(text, recorded) if wildcard else text == recorded)
