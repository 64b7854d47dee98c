"""The repair of LIM001."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.queueing import queued
from diagnose.rewriting import Files, Refused, rewrite_files, rewrite_in_list, rewrite_insert
from diagnose.simulation import simulate
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source, StatementSite
    from diagnose.rewriting import Outcome

_JSNULL = "jsnull"


class BoundParameters(Fix):
    """Lets a statement take its rows, or the elements of its list, from one JSON parameter.

    An INSERT becomes `INSERT … SELECT value->>0, … FROM json_each(?1)`, an `IN (…)` list becomes
    `IN (SELECT value FROM json_each(?))`. Conflict clauses, comments and formatting stay. A helper that
    executes what it is given stays as it is: its caller passes the other text and parameters. With
    `--option option=queue` the rows of an INSERT go through a queue instead (see QUE001).
    """

    code = "LIM001"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rewrite every statement that the function of the finding executes, that of the finding first."""
        option = ctx.options.get("option", "direct")
        if option not in {"direct", "queue"}:
            return self.refuse(f"--option option={option} is not known", "choose direct or queue")
        if finding.location is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        beginning = str(finding.evidence.get("statement", ""))

        def broken(source: Source) -> list[StatementSite]:
            found = [each for each in source.sites if _is_broken(each, path, function)]
            return sorted(found, key=lambda site: not site.sql.head().strip().startswith(beginning))

        site = next(iter(broken(ctx.source)), None)
        if option == "queue" and site is not None and site.verb in {"INSERT", "REPLACE"}:
            return await queued(self, ctx, site)

        def rewrites(source: Source) -> Iterator[tuple[str, Outcome]]:
            for site in broken(source):
                yield site.sql_span.path, _rewrite(site, source)

        outcome = rewrite_files(ctx.source, rewrites)
        if outcome is None:
            return self.nothing("the statement stays within D1's limit already")
        if not isinstance(outcome, Files):
            return self.refuse(outcome.why, outcome.remedy)
        edits = (EditFile.text(path, ctx.source.text(path), text) for path, text in outcome.texts.items())
        return self.steps(outcome.how, *edits)


def _is_broken(site: StatementSite, path: str, function: object) -> bool:
    if site.location.path != path or site.function != function:
        return False
    simulation = simulate(site)
    return simulation is not None and not simulation.is_too_long and simulation.breaks_for_the_code


def _rewrite(site: StatementSite, source: Source) -> Outcome:
    others = [other for other in source.sites if other is not site]
    elsewhere = _path_with_null(source, site)
    if elsewhere is not None:
        return Refused(
            f"{site.function} is not rewritten: {elsewhere} makes `jsnull`, which JSON does not take",
            "let the rows hold None there, which JSON writes as null, and run fix again",
        )
    rewrite = rewrite_insert if site.verb in {"INSERT", "REPLACE"} else rewrite_in_list
    return rewrite(source.text(site.sql_span.path), site, others, source.modules)


def _path_with_null(source: Source, site: StatementSite) -> str | None:
    """Another module that makes JavaScript's null, which may stand in the rows of an INSERT."""
    if site.verb not in {"INSERT", "REPLACE"}:
        return None
    others = (module for module in source.modules if module.path != site.location.path)
    return next((module.path for module in others if _JSNULL in module.text), None)
