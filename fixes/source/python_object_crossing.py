"""SRC005: converts what is sent to a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety
from diagnose.project.python_crossings import conversion, crossings
from diagnose.project.python_dates import python_runtime
from diagnose.project.source.editing import apply_edits, parses, with_imports
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.source import Source
    from diagnose.project.source.model import SendSite


class PythonObjectCrossing(Fix):
    """Wraps the argument in `to_js` with a converter, or in `json.dumps` where the consumer reads text."""

    code: ClassVar[str] = "SRC005"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Edit the sends that the finding is about."""
        source, config = ctx.project.source, ctx.project.config
        if source is None or config is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        wanted = tuple(finding.evidence.get(key) for key in ("binding", "method", "function"))
        sites = [
            crossing.site
            for crossing in crossings(source, python_runtime(ctx.project, config))
            if (crossing.site.binding, crossing.site.method, crossing.site.function) == wanted
        ]
        if not sites:
            return self.nothing("what is sent arrives as it is")
        steps = []
        for path in dict.fromkeys(site.span.path for site in sites):
            text = _converted(source, path, sites)
            if text is None:
                return self.refuse(
                    "the argument cannot be edited where it stands",
                    "pass `to_js(value, dict_converter=Object.fromEntries)`",
                )
            steps.append(EditFile.text(path, source.text(path), text))
        return self.steps(f"convert what `{sites[0].binding}` gets, so that it arrives as it is", *steps)


def _converted(source: Source, path: str, sites: list[SendSite]) -> str | None:
    """A module with the arguments of its sends converted, or None where that cannot be done."""
    found = [conversion(site, source) for site in sites if site.span.path == path]
    edits = {each[0] for each in found if each is not None}
    imports = [statement for each in found if each is not None for statement in each[1]]
    if None in found:
        return None
    text = with_imports(apply_edits(source.text(path), edits), imports)
    return text if parses(text) else None
