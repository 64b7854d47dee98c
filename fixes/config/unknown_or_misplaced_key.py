"""CFG002: renames or moves a key that wrangler ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.edits import move_key, rename_key
from diagnose.project.unknown_keys import unknown_keys
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class UnknownOrMisplacedKey(Fix):
    """Gives the key the name or the place that wrangler knows; its value stays."""

    code: ClassVar[str] = "CFG002"
    safety: ClassVar[Safety] = Safety.SAFE

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Rename or move the key of the finding, if it is still there."""
        if ctx.project.config is None:
            return self.refuse("the config does not parse", "repair CFG001 first")
        document = ctx.config.document
        wanted = finding.evidence.get("keys")
        key = next((key for key in unknown_keys(document) if list(key.keys) == wanted), None)
        if key is None:
            return self.nothing("wrangler knows the key")
        try:
            if key.suggestion is not None:
                text = rename_key(document, key.keys, key.suggestion)
                why = f"`{key.suggestion}` is the key that wrangler reads"
            elif key.move_to is not None:
                text = move_key(document, key.keys, key.move_to)
                why = f"wrangler reads `{key.keys[-1]}` at `{'.'.join(map(str, key.move_to))}`"
            else:
                return self.refuse("no key that wrangler knows resembles it", "correct the key, or remove it")
        except ProjectError as error:
            return self.refuse(str(error), "edit the file by hand")
        return self.steps(why, EditFile.text(document.path, document.text, text))
