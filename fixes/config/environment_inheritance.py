"""CFG007: an environment gets the block that it does not inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Confidence, Fix, Safety
from diagnose.project.environment_copies import copied
from diagnose.project.inheritance import not_inherited
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.inheritance import NotInherited


class EnvironmentInheritance(Fix):
    """Copies the block with names of its own and ids to fill in, never those of production."""

    code: ClassVar[str] = "CFG007"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Copy what the environment lacks now."""
        document, source, evidence = ctx.project.document, ctx.project.source, finding.evidence
        if document is None or source is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        wanted = (evidence.get("environment"), evidence.get("key"))
        missing = next((e for e in not_inherited(document, source) if (e.environment, e.key) == wanted), None)
        if missing is None:
            return self.nothing("the environment declares it")
        if finding.confidence is Confidence.LOW:
            return self.refuse(
                f"nothing deploys env.{missing.environment}, which may be meant for local work alone",
                f"declare `{missing.key}` in [env.{missing.environment}] if it is deployed",
            )
        if missing.environment is None:
            return self.refuse(
                f"env.{missing.declared_in} has its own resources, and none are known for a deploy without",
                f"deploy with --env {missing.declared_in}, or declare `{missing.key}` at the top level",
            )
        try:
            copy = copied(document, missing)
        except ProjectError as error:
            section = f"[env.{missing.environment}]"
            return self.refuse(
                error.message, f"declare it in {section} with that environment's own resources"
            )
        return self.steps(_why(missing, copy.made), EditFile.text(document.path, document.text, copy.text))


def _why(missing: NotInherited, made: tuple[str, ...]) -> str:
    names = ", ".join(f"`{name}`" for name in missing.names)
    needed = f"; create {', '.join(made)} and fill in the ids before the deploy" if made else ""
    return f"`env.{missing.environment}` gets `{missing.key}` for {names}{needed}"
