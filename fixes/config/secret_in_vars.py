"""CFG010: takes a secret out of `vars`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project.discovery import PRECEDENCE
from diagnose.project.edits import remove_key
from diagnose.project.exposed_secrets import exposed_secrets
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.exposed_secrets import ExposedSecret


class SecretInVars(Fix):
    """Removes the variable and names the command that stores the secret; it never handles the value."""

    code: ClassVar[str] = "CFG010"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Remove the variable as it stands now."""
        document, evidence = ctx.project.document, finding.evidence
        if document is None:
            return self.refuse("the config cannot be read", "repair it first (CFG001)")
        wanted = (evidence.get("name"), evidence.get("environment"))
        secret = next((e for e in exposed_secrets(document) if (e.name, e.environment) == wanted), None)
        if secret is None:
            return self.nothing("the secret is not in the file any more")
        if secret.guess.by == "randomness":
            return self.refuse(
                f"`{secret.name}` looks random, but nothing else tells that it is a secret",
                "decide whether it is one, and move it then",
            )
        if secret.is_part:
            return self.refuse(
                f"`{secret.name}` is part of a variable, and a secret holds one text",
                "make it a name of its own, which the worker reads",
            )
        command = _command(secret, document.path)
        try:
            text = remove_key(document, secret.keys)
        except ProjectError as error:
            return self.refuse(str(error), f"remove it by hand, then run: {command}")
        return self.steps(
            f"`{secret.name}` leaves the file; deploy, then store a new value with: {command}",
            EditFile.text(document.path, document.text, text),
        )


def _command(secret: ExposedSecret, path: str) -> str:
    """The command that asks for the value, which then stands in no shell history."""
    words = ["wrangler", "secret", "put", secret.name]
    words += ["--env", secret.environment] if secret.environment else []
    words += ["--config", path] if path not in PRECEDENCE else []
    return shlex.join(words)
