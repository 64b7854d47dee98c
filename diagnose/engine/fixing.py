"""Applies plans: one finding after the other, each step journalled, each repair proven or undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.account import Secret
from diagnose.engine.applying import FAILURES, Application
from diagnose.engine.journal import Journal, journals
from diagnose.engine.proof import remaining
from diagnose.engine.ranking import fix_order
from diagnose.engine.records import finding_from_json, finding_to_json
from diagnose.engine.runner import Selection, describe_crash, know_outcomes, run_check, run_checks
from diagnose.engine.settlement import FixResult, Outcome, Settlement
from diagnose.engine.undoing import is_elsewhere, steps_in_effect
from diagnose.errors import AccountError, UsageError
from diagnose.model import Status
from diagnose.plugin import Need, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from diagnose.engine.events import Operator
    from diagnose.engine.registry import Registry
    from diagnose.engine.session import Session
    from diagnose.model import Finding, Plan
    from diagnose.plugin import Context, Fix


class Fixer:
    """Repairs what a run finds, best root cause first."""

    def __init__(
        self, session: Session, registry: Registry, operator: Operator, journal_folder: Path
    ) -> None:
        self._session = session
        self._registry = registry
        self._operator = operator
        self._folder = journal_folder
        self._journal: Journal | None = None
        self._selection = Selection()
        self._planned: list[Finding] = []
        self._problems: dict[str, list[Finding]] = {}

    async def fix(self, selection: Selection) -> FixResult:
        """Run, repair each failed finding, and run again.

        A run that was killed is continued: the plan that was being applied is undone first, and what
        it had set out to repair stays on the agenda.
        """
        self._selection = selection
        unfinished = await self._continue_unfinished()
        ctx = await self._session.context()
        found = await run_checks(self._registry, ctx, selection=selection, observer=self._operator)
        for finding in found:
            self._problems.setdefault(finding.code, []).append(finding)
        self._planned = self._agenda(found, unfinished)
        settlements = [await self._settle(finding) for finding in self._planned]
        if _has_acted(settlements):
            found = await run_checks(self._registry, await self._session.context(), selection=selection)
            late = [await self._settle(finding) for finding in self._arisen(found, settlements)]
            settlements += late
            if _has_acted(late):
                found = await run_checks(self._registry, await self._session.context(), selection=selection)
            settlements = [self._reconciled(settlement, found) for settlement in settlements]
        if self._journal is not None:
            self._journal.append(event="finished")
        run_id = self._journal.run_id if self._journal else None
        return FixResult(run_id, tuple(settlements), found)

    def _arisen(self, found: Iterable[Finding], settlements: Iterable[Settlement]) -> list[Finding]:
        """What the repairs brought up: a worker, say, that was deployed before its source was repaired.

        Nothing but a deploy follows from what is repaired before it. What was settled is left alone, unless
        it was fixed then and is there again.
        """
        settled = {one.finding.code for one in settlements if one.outcome is not Outcome.FIXED}
        return [
            finding
            for finding in self._agenda(found, [])
            if self._registry.fixes[finding.code].turn is Turn.DEPLOY and finding.code not in settled
        ]

    def _reconciled(self, settlement: Settlement, found: Iterable[Finding]) -> Settlement:
        """What was left to the user about the account, and another repair settled all the same."""
        finding, left = settlement.finding, settlement.outcome in {Outcome.UNANSWERED, Outcome.REFUSED}
        if not left or Need.ACCOUNT not in self._registry.checks[finding.code].requires:
            return settlement
        same = (f for f in found if (f.code, f.resource) == (finding.code, finding.resource))
        if any(f.status is not Status.PASS for f in same):
            return settlement
        return Settlement(finding, Outcome.IN_ORDER, "another repair settled it")

    async def preview(self, selection: Selection) -> list[tuple[Finding, Plan]]:
        """The plans as they are now, without applying or asking anything."""
        ctx = await self._session.context()
        found = await run_checks(self._registry, ctx, selection=selection, observer=self._operator)
        return [
            (finding, await _plan(self._registry.fixes[finding.code](), ctx, finding))
            for finding in self._agenda(found, [])
        ]

    def _agenda(self, found: Iterable[Finding], unfinished: Iterable[Finding]) -> list[Finding]:
        problems = [f for f in found if f.is_problem and f.code in self._registry.fixes]
        known = {finding.code for finding in problems}
        problems += [finding for finding in unfinished if finding.code not in known]
        return sorted(fix_order(problems), key=lambda finding: self._registry.fixes[finding.code].turn)

    async def _continue_unfinished(self) -> list[Finding]:
        known = journals(self._folder)
        if not known or not known[-1].is_open:
            return []
        journal = known[-1]
        await self._undo_unsettled(journal)
        if journal.target != self._session.target_name:
            journal.append(event="finished")
            return []
        self._journal = journal
        agenda = [finding_from_json(finding) for finding in journal.agenda]
        return [f for f in agenda if f.code in self._registry.fixes and f.code not in journal.settled]

    async def _undo_unsettled(self, journal: Journal) -> None:
        workspace = await self._session.workspace()
        for number, step in steps_in_effect(self._session, journal, unsettled=True):
            if is_elsewhere(self._session, journal, step):
                raise UsageError(
                    f"the last run was cut short on another target ({journal.target}): {step.title}",
                    hint="run `diagnose fix` or `diagnose undo` with that target first",
                )
            left = await step.undo(workspace)
            journal.append(event="undone", number=number, left=left)
        self._session.forget()

    async def _settle(self, finding: Finding) -> Settlement:
        settlement = await self._repair(finding)
        if self._journal is not None:
            self._journal.append(event="settled", code=finding.code, outcome=settlement.outcome)
        self._operator.settled(finding, settlement.outcome, settlement.detail)
        return settlement

    async def _repair(self, finding: Finding) -> Settlement:
        ctx = await self._session.context()
        fix = self._registry.fixes[finding.code]()
        plan = await self._answered(fix, ctx, finding)
        if plan.choice is not None:
            return Settlement(finding, Outcome.UNANSWERED, _how_to_answer(plan))
        if plan.refusal is not None:
            return Settlement(finding, Outcome.REFUSED, f"{plan.why}: {plan.refusal}")
        if not plan.steps:
            return Settlement(finding, Outcome.IN_ORDER, plan.why)
        self._operator.show(finding, plan)
        if not self._operator.confirm(plan):
            return Settlement(finding, Outcome.DECLINED)
        return await self._apply(finding, plan)

    async def _answered(self, fix: Fix, ctx: Context, finding: Finding) -> Plan:
        plan = await _plan(fix, ctx, finding)
        while plan.choice is not None:
            answer = self._operator.answer(plan.choice)
            if answer is None:
                return plan
            if plan.choice.hidden:
                ctx.hidden = {**ctx.hidden, plan.choice.option: Secret(answer)}
            else:
                self._session.options[plan.choice.option] = answer
                ctx.options = dict(self._session.options)
            plan = await _plan(fix, ctx, finding)
        return plan

    async def _apply(self, finding: Finding, plan: Plan) -> Settlement:
        application = Application(self._session, self._operator, self._open_journal())
        try:
            await application.apply(plan)
        except FAILURES as error:
            return Settlement(finding, Outcome.NOT_FIXED, str(error))
        steps = len(application.applied)
        if application.rehearsed:
            return Settlement(finding, Outcome.REHEARSED, self._session.command_for_account(), steps)
        if not plan.provable:
            return Settlement(finding, Outcome.NOT_PROVEN, plan.unproven, steps)
        still = await self._still_found(finding)
        if still is None:
            return Settlement(finding, Outcome.FIXED, plan.why, steps)
        await application.take_back()
        return Settlement(finding, Outcome.NOT_FIXED, f"still there, so undone: {still.message}")

    async def _still_found(self, finding: Finding) -> Finding | None:
        """What the check says about the finding when it runs again."""
        ctx = await self._session.context()
        know_outcomes(self._registry, ctx, self._selection)
        again = await run_check(self._registry.checks[finding.code], ctx)
        before, self._problems[finding.code] = self._problems.get(finding.code, []), again
        return next(iter(remaining(finding, before, again)), None)

    def _open_journal(self) -> Journal:
        if self._journal is None:
            agenda = [finding_to_json(finding) for finding in self._planned]
            self._journal = Journal.begin(self._folder, target=self._session.target_name, agenda=agenda)
        return self._journal


def _has_acted(settlements: Iterable[Settlement]) -> bool:
    return any(settlement.steps for settlement in settlements)


async def _plan(fix: Fix, ctx: Context, finding: Finding) -> Plan:
    """The plan; where the fix breaks it is a refusal, so that other findings are repaired all the same."""
    try:
        return await fix.plan(ctx, finding)
    except AccountError as error:
        return fix.refuse("the account did not say what the plan needs to know", str(error))
    except Exception as error:  # noqa: BLE001 - a crash of a fix is a result, not the end of the run
        return fix.refuse("the fix itself broke", describe_crash(error))


def _how_to_answer(plan: Plan) -> str:
    choice = plan.choice
    if choice is None:
        return plan.why
    answers = "; ".join(
        f"--option {choice.option}='{answer}' ({what})" for answer, what in choice.answers.items()
    )
    return f"{choice.question} {answers}"
