"""Asks before a trigger runs for real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from diagnose.cli.streams import has_terminal
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from diagnose.engine.registry import Registry
    from diagnose.engine.runner import Selection
    from diagnose.plugin import Check, Context, Target
    from diagnose.rehearsal.live import LivePlan


_END_TO_END = "E2E"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """What `--live` and `--yes` say."""

    live: bool = False
    yes: bool = False

    def check(self, target: Target) -> None:
        """Raise UsageError for options that contradict each other."""
        if self.yes and not self.live:
            raise UsageError("--yes confirms a live trigger; without --live there is none")
        if self.live and target.value != "cloudflare":
            raise UsageError(
                "--live triggers a deployed worker, and there is none on this target",
                hint="add --target cloudflare; without --live the trigger is rehearsed",
            )

    async def confirm(self, ctx: Context, registry: Registry, chosen: Selection) -> None:
        """Say what the selected checks would trigger, and let them, once it is confirmed.

        Raises:
            UsageError: nobody can be asked, and there is no --yes; or the answer was no.
        """
        from diagnose.rehearsal.live import LiveRefusal, plan_live

        if ctx.account is None or not any(chosen.wants(check) for check in _triggering(registry)):
            return
        ctx.live = await plan_live(ctx.project, ctx.account)
        if not isinstance(ctx.live, LiveRefusal):
            self._ask(ctx.live, ctx.account.describe())

    def _ask(self, plan: LivePlan, account: str) -> None:
        click.echo(plan.describe(account), err=True)
        if self.yes:
            return
        if not has_terminal():
            raise UsageError("nobody can be asked here, and nothing was triggered", hint="confirm with --yes")
        if not click.confirm("Trigger it?", err=True):
            raise UsageError("nothing was triggered", hint="leave out --live to rehearse it")


def _triggering(registry: Registry) -> list[type[Check]]:
    """The checks for which the worker is triggered."""
    from diagnose.plugin import Need

    return [
        check
        for check in registry.checks.values()
        if Need.RUNTIME in check.requires or check.code.startswith(_END_TO_END)
    ]
