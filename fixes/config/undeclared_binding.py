"""CFG003: one name for a binding in config and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.edits import set_value
from diagnose.project.undeclared import renamed_in_source, stands_once, undeclared_bindings
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.undeclared import Undeclared

_DECLARATION = {
    "d1": '[[d1_databases]] with binding = "{name}", database_name and database_id',
    "queue": '[[queues.producers]] with binding = "{name}" and queue',
    "other": 'the binding "{name}", or set it as a secret',
}


class UndeclaredBinding(Fix):
    """Renames the binding in the config, or its reads in the source, never both."""

    code: ClassVar[str] = "CFG003"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rename where only one thing can be meant."""
        source, config = ctx.project.source, ctx.project.config
        if source is None or config is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        found = undeclared_bindings(source, config)
        undeclared = next((each for each in found if each.name == finding.evidence.get("binding")), None)
        if undeclared is None:
            return self.nothing("the binding is declared")
        if not (undeclared.worst.reachable or undeclared.is_slip or undeclared.elsewhere):
            return self._of_dead_code(undeclared)
        if undeclared.meant is None or undeclared.elsewhere or _has_rivals(undeclared, found):
            return self._undecided(undeclared)
        binding = config.binding(undeclared.meant)
        unused = undeclared.unused == (undeclared.meant,)
        if undeclared.kind != "other" and binding is not None and unused and stands_once(config, binding):
            return self._in_config(ctx, undeclared, (*binding.keys, "binding"))
        return self._in_source(ctx, undeclared)

    def _in_config(self, ctx: Context, undeclared: Undeclared, keys: tuple[str | int, ...]) -> Plan:
        document = ctx.config.document
        try:
            text = set_value(document, keys, undeclared.name)
        except ProjectError as error:
            return self.refuse(str(error), f'set binding = "{undeclared.name}" by hand')
        return self.steps(
            f"the config's `{undeclared.meant}` gets the name that the source uses, `{undeclared.name}`",
            EditFile.text(document.path, document.text, text),
        )

    def _in_source(self, ctx: Context, undeclared: Undeclared) -> Plan:
        source, meant = ctx.source, undeclared.meant or ""
        texts = renamed_in_source(source, undeclared.name, meant) if source.language == "python" else None
        if texts is None:
            return self.refuse(
                "the source reads the binding in a form that cannot be edited", f"read `env.{meant}`"
            )
        steps = [EditFile.text(path, source.text(path), text) for path, text in texts.items()]
        return self.steps(f"the source reads `{meant}`, which the config declares", *steps)

    def _of_dead_code(self, undeclared: Undeclared) -> Plan:
        declaration = _DECLARATION[undeclared.kind].format(name=undeclared.name)
        return self.refuse(
            f"no handler leads to `{undeclared.worst.function}`, so that it is not known what its "
            f"`env.{undeclared.name}` means",
            f"remove the code, or declare {declaration}",
        )

    def _undecided(self, undeclared: Undeclared) -> Plan:
        if undeclared.elsewhere:
            sections = ", ".join(f"env.{name}" if name else "the top level" for name in undeclared.elsewhere)
            return self.refuse(
                f"{sections} declares `{undeclared.name}`, and bindings are not inherited",
                "copy the declaration with the ids of this environment",
            )
        return self.refuse(
            "no single declared binding can be meant, and ids are not guessed",
            "declare " + _DECLARATION[undeclared.kind].format(name=undeclared.name),
        )


def _has_rivals(undeclared: Undeclared, found: Sequence[Undeclared]) -> bool:
    """Another name means the same binding; what no handler reads is no rival of what one does."""
    return any(
        (each.kind, each.meant) == (undeclared.kind, undeclared.meant)
        and each.worst.reachable >= undeclared.worst.reachable
        for each in found
        if each is not undeclared
    )
