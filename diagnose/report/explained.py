"""An explained error for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.report.style import Role
from diagnose.report.text import labelled, shown, wrapped

if TYPE_CHECKING:
    from diagnose.model.explanation import Explanation
    from diagnose.report.style import Style

_LABEL: Final = 10


def render(explanation: Explanation, style: Style) -> str:
    """What it is, whether to try again, what to do, who finds it, and where it comes from."""
    facts = {
        "text": explanation.text,
        "kind": f"{explanation.kind}: {explanation.verdict}",
        "meaning": explanation.meaning,
        "do": explanation.remedy,
        "source": explanation.source,
    }
    lines = [style.paint(Role.STRONG, shown(explanation.name, style)), ""]
    for label, text in facts.items():
        lines += labelled(label, text, style, indent=2, label_width=_LABEL)
    lines += [*_checks(explanation, style), *_places(explanation, style)]
    return "\n".join(lines) + "\n"


def _checks(explanation: Explanation, style: Style) -> list[str]:
    if not explanation.checks:
        return []
    lines = ["", style.paint(Role.STRONG, "Found by")]
    for code, name, title in explanation.checks:
        lines += wrapped(f"{code} {name}: {title}", style, indent=2, hang=2)
    return lines


def _places(explanation: Explanation, style: Style) -> list[str]:
    if explanation.places_note is None:
        return []
    lines = [
        "",
        style.paint(Role.STRONG, "In the project"),
        *wrapped(explanation.places_note, style, indent=2),
    ]
    for location, what in explanation.places:
        lines += wrapped(f"{location}  {what}", style, indent=4, hang=2)
    return lines
