"""The fix of DEP003: sets the secret to a value that only the user knows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from diagnose.account import Secret
from diagnose.plugin import Choice, Fix, Safety, Turn
from diagnose.steps import PutSecret

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class SecretMissing(Fix):
    """Asks for the value without showing it, or takes it from an environment variable that is named."""

    code: ClassVar[str] = "DEP003"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Edit",)
    turn: ClassVar[Turn] = Turn.DEPLOY

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Ask, unless the worker has the secret by now."""
        name, worker = str(finding.evidence.get("secret")), str(finding.evidence.get("worker"))
        if ctx.account is None:
            return self.refuse("no account was read", f"npx wrangler secret put {name}")
        known = await ctx.account.secrets(worker)
        if known is None:
            return self.refuse(f"worker {worker} is not deployed", "deploy it first (DEP001)")
        if name in known:
            return self.nothing(f"worker {worker} has the secret {name}")
        value = _value(ctx, name)
        if value is None:
            return self.ask(f"only you know the value of {name}", _choice(ctx, name, worker))
        return self.steps(
            f"worker {worker} is given the secret {name}",
            PutSecret(script_name=worker, name=name, value=value),
        )


def _option(name: str) -> str:
    return f"secret_{name}_env"


def _value(ctx: Context, name: str) -> Secret | None:
    """What was typed, else what the named environment variable holds; None without either."""
    typed = ctx.hidden.get(_option(name))
    if typed:
        return typed
    variable = ctx.options.get(_option(name))
    text = os.environ.get(variable, "") if variable else ""
    return Secret(text) if text else None


def _choice(ctx: Context, name: str, worker: str) -> Choice:
    variable = ctx.options.get(_option(name))
    unset = f"The environment has no variable {variable}. " if variable else ""
    return Choice(
        option=_option(name),
        question=f"{unset}What is the value of the secret {name} of worker {worker}?",
        answers={"VARIABLE": "the name of the environment variable that holds the value"},
        hidden=True,
    )
