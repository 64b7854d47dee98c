"""The repair of SRC004."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.python_dates import python_runtime
from diagnose.rewriting import Refused, convert_bound, refused_calls, rewrite_until_done
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.rewriting import Outcome


class UnsupportedBind(Fix):
    """Converts bound values: None to `jsnull`, dicts and lists to JSON, datetimes to text."""

    code = "SRC004"
    safety = Safety.REVIEW
    turn = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Convert the arguments that the finding names, wherever the function binds them."""
        if finding.location is None or ctx.project.source is None or ctx.project.config is None:
            return self.nothing("the place is not there any more")
        path, function = finding.location.path, finding.evidence.get("function")
        runtime = python_runtime(ctx.project, ctx.config)
        named = _named(finding)

        def rewrite(source: Source, text: str) -> Outcome | None:
            for refused in refused_calls(source, runtime):
                values = tuple(one for one in refused.values if one.value.node.source in named)
                at = (refused.call.span.path, refused.call.function)
                if values and at == (path, function):
                    return convert_bound(text, replace(refused, values=values), runtime)
            return None

        outcome = rewrite_until_done(ctx.source, path, rewrite)
        if outcome is None:
            return self.nothing("what is bound is of a type that D1 takes")
        if isinstance(outcome, Refused):
            return self.refuse(outcome.why, outcome.remedy)
        return self.steps(outcome.how, EditFile.text(path, ctx.source.text(path), outcome.text))


def _named(finding: Finding) -> set[object]:
    """The expressions that the finding names."""
    values = finding.evidence.get("values")
    named = values if isinstance(values, list) else []
    return {value.get("expression") for value in named if isinstance(value, dict)}
