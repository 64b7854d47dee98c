"""CFG011: removes an entry of `[[ignore]]` that accepts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.ignores import KEYS, settings_document, without_ignore
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class StaleIgnore(Fix):
    """Removes the entry with its comments; every other line of the settings stays."""

    code: ClassVar[str] = "CFG011"
    safety: ClassVar[Safety] = Safety.SAFE

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Remove the entry of the finding, if it is still there."""
        path = ctx.project.settings.path
        if finding.evidence.get("problem") == "unknown":
            near = finding.evidence.get("near")
            meant = f": {', '.join(map(str, near))}" if isinstance(near, list) and near else ""
            return self.refuse("no check has this code, and it may be misspelt", f"correct it{meant}")
        if path is None:
            return self.nothing("there are no settings any more")
        if path.startswith("../"):
            return self.refuse(
                "the settings stand above the project", f"remove the entry from {path} by hand"
            )
        document = settings_document(ctx.project.root, path)
        wanted = {key: finding.evidence.get(key) for key in KEYS}
        try:
            text = without_ignore(document, {k: None if v is None else str(v) for k, v in wanted.items()})
        except ProjectError as error:
            return self.refuse(str(error), "remove the entry by hand")
        if text is None:
            return self.nothing("the entry is not there any more")
        return self.steps("the entry accepts nothing", EditFile.text(path, document.text, text))
