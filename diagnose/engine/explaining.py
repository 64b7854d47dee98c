"""Explains an error text: its meaning, the checks that find its cause, its places in a project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.taxonomy import recognized
from diagnose.d1.taxonomy.statements import SIZES
from diagnose.model.explanation import Explanation
from diagnose.simulation.suspects import PLACEABLE, suspects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.taxonomy import Recognized
    from diagnose.engine.registry import Registry
    from diagnose.project import Project
    from diagnose.project.source import Source
    from diagnose.simulation.suspects import Suspect

_VERDICTS: Final[Mapping[ErrorClass, str]] = {
    ErrorClass.PERMANENT: "it fails again however often it is tried; statement, code or config is wrong",
    ErrorClass.DATA: "it fails again with these rows; one of them is wrong, and the statement wrote none",
    ErrorClass.TRANSIENT: "it passes by itself; try again, with growing pauses",
    ErrorClass.ACCOUNT: "it fails until something about the account, its plan or its resources changes",
    ErrorClass.UNKNOWN: "the text alone does not say whether trying again helps",
}


def explain(text: str, registry: Registry, project: Project | None = None) -> Explanation | None:
    """What is known of an error text, or None when it is no known error.

    Args:
        text: as it was pasted, with whatever stands around it.
        registry: of the checks that may find its cause; unknown ones are left out.
        project: where to look for the statement that it is about.
    """
    error = recognized(text)
    if error is None:
        return None
    known = error.known
    checks = [registry.checks[code] for code in known.checks if code in registry.checks]
    explanation = Explanation(
        name=known.name,
        text=error.text,
        kind=known.kind.value,
        verdict=_VERDICTS[known.kind],
        meaning=known.meaning,
        remedy=known.remedy,
        checks=tuple((check.code, check.name, check.title()) for check in checks),
        source=known.source,
    )
    return explanation if project is None else _placed(explanation, error, project)


def _placed(explanation: Explanation, error: Recognized, project: Project) -> Explanation:
    source = project.source
    if source is None:
        reason = str(project.source_error or "the config names no `main`")
        return replace(explanation, places_note=f"the worker's source cannot be read: {reason}")
    found = suspects(source, error)
    places = tuple((suspect.location, suspect.what) for suspect in found)
    note = _note(found) if found else _nothing(explanation, error, source)
    return replace(explanation, places=places, places_note=note)


def _note(found: tuple[Suspect, ...]) -> str:
    """How far the places can be trusted."""
    if found[0].sure:
        return "it comes from here:" if len(found) == 1 else f"it comes from one of {len(found)} places:"
    return "it may come from here:" if len(found) == 1 else f"it may come from any of {len(found)} places:"


def _nothing(explanation: Explanation, error: Recognized, source: Source) -> str:
    """That no place was found, and what to do next."""
    codes = ",".join(code for code, _, _ in explanation.checks)
    hint = f"; `diagnose run --select {codes}` looks for its cause" if codes else ""
    if error.offset is None and not PLACEABLE & error.about.keys() and error.known not in SIZES:
        return f"the text does not say which statement it is about{hint}"
    read = "" if source.complete else " (which could not be read to its end)"
    about = f" at offset {error.offset}" if error.offset is not None else ""
    return f"no place in the worker's source{read} gives this error{about}{hint}"
