"""Finds the few findings that explain the rest, and says why they come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.model import RootCause, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diagnose.model import Finding

MET_BY_TRIGGER = "error"


def root_causes(findings: Sequence[Finding]) -> tuple[RootCause, ...]:
    """The problems that are explained by no other and are errors or explain something, most likely first.

    First comes what the trigger really met: a finding whose predicted error text is the one that the
    end-to-end run recorded. Then severity, how much it explains, confidence, and report order decide.
    """
    problems = [finding for finding in findings if finding.is_problem]
    follows = _consequences(problems)
    explained = {code for codes in follows.values() for code in codes}
    met = _met_errors(problems)
    best = _best_per_code(problems)
    roots = [
        finding
        for code, finding in best.items()
        if code not in explained and (follows[code] or finding.status is Status.FAIL)
    ]
    order = list(best)
    roots.sort(
        key=lambda finding: (
            not _is_met(finding, met),
            finding.severity.rank,
            -len(follows[finding.code]),
            -finding.confidence.rank,
            order.index(finding.code),
        )
    )
    return tuple(_root_cause(finding, follows[finding.code], _is_met(finding, met)) for finding in roots)


def fix_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with root causes first, in their order; the others behind, as reported."""
    listed = list(findings)
    rank = {cause.code: number for number, cause in enumerate(root_causes(listed))}
    return sorted(listed, key=lambda finding: rank.get(finding.code, len(rank)))


def _best_per_code(problems: Iterable[Finding]) -> dict[str, Finding]:
    best: dict[str, Finding] = {}
    for finding in problems:
        known = best.get(finding.code)
        if known is None or finding.severity.rank < known.severity.rank:
            best[finding.code] = finding
    return best


def _consequences(problems: Sequence[Finding]) -> Mapping[str, tuple[str, ...]]:
    """For each failing code, the other failing codes that follow from it, directly or not."""
    codes = list(dict.fromkeys(finding.code for finding in problems))
    direct = {
        code: {e for f in problems if f.code == code for e in f.explains if e in codes and e != code}
        for code in codes
    }
    reach = {code: _reachable(code, direct) for code in codes}
    return {
        code: tuple(other for other in codes if other in reach[code] and code not in reach[other])
        for code in codes
    }


def _reachable(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        code = waiting.pop()
        if code not in seen:
            seen.add(code)
            waiting.extend(edges[code])
    return seen - {start}


def _met_errors(problems: Iterable[Finding]) -> set[object]:
    found: set[object] = {f.evidence.get(MET_BY_TRIGGER) for f in problems if f.code.startswith("E2E")}
    return found - {None}


def _is_met(finding: Finding, met: set[object]) -> bool:
    error = finding.evidence.get(MET_BY_TRIGGER)
    return not finding.code.startswith("E2E") and isinstance(error, str) and error in met


def _root_cause(finding: Finding, follows: tuple[str, ...], met: bool) -> RootCause:  # noqa: FBT001 - one private caller
    proof = "; the trigger met exactly this error" if met else ""
    return RootCause(code=finding.code, message=f"{finding.message}{proof}", explains=follows)
