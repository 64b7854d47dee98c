"""The person at the terminal: sees plans, confirms them, and answers questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diagnose.cli.streams import Progress
from diagnose.report.style import Style
from diagnose.report.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Choice, Finding, Plan, Step

PLAIN = Style()


class Person:
    """Writes what happens to stdout and asks on stderr.

    `confirm_all` confirms plans and answers no question; without `interactive` nobody is asked.
    `answers` are given to questions before anybody is asked.
    """

    def __init__(
        self, *, confirm_all: bool, interactive: bool, answers: Mapping[str, str] | None = None
    ) -> None:
        self._confirm_all = confirm_all
        self._interactive = interactive
        self._answers = dict(answers or {})
        self._progress = Progress()

    def checking(self, code: str, done: int, total: int) -> None:
        """A check starts."""
        self._progress.checking(code, done, total)

    def show(self, finding: Finding, plan: Plan) -> None:
        """Print a plan."""
        self._progress.clear()
        click.echo(describe(finding, plan))

    def confirm(self, plan: Plan) -> bool:
        """Ask whether a plan may be applied, unless all are confirmed."""
        if self._confirm_all:
            return True
        return self._interactive and click.confirm(
            f"Apply this plan for {plan.code}?", default=True, err=True
        )

    def answer(self, choice: Choice) -> str | None:
        """The prepared answer, else that of the person, else None."""
        prepared = self._answers.pop(choice.option, None)
        if prepared is not None or not self._interactive:
            return prepared
        self._progress.clear()
        if choice.hidden:
            text: str = click.prompt(
                f"{choice.question} (empty: leave it)",
                default="",
                show_default=False,
                hide_input=True,
                err=True,
            )
            return text or None
        for value, meaning in choice.answers.items():
            click.echo(f"  {value}  {meaning}", err=True)
        reply: str = click.prompt(
            f"{choice.question} (empty: leave it)", default="", show_default=False, err=True
        )
        return reply.strip() or None

    def applying(self, step: Step) -> None:
        """A step starts."""
        self._progress.say(step.title)

    def settled(self, finding: Finding, outcome: str, detail: str) -> None:
        """A finding has its outcome; `conclude` prints them all together."""
        del finding, outcome, detail
        self._progress.clear()

    def undone(self, step: Step, left: str | None) -> None:
        """Print that a step was taken back."""
        self._progress.clear()
        click.echo(f"undone: {step.title}" if left is None else f"left: {left}")


def describe(finding: Finding, plan: Plan) -> str:
    """A plan as text: why, each step with its diff, SQL or requests, and what cannot be undone."""
    place = f" ({finding.location})" if finding.location else ""
    lines = [f"{finding.code} {finding.message}{place}"]
    if plan.choice is not None:
        lines.append(f"  needs an answer: {plan.choice.question}")
        lines += [
            f"    --option {plan.choice.option}={value}  {text}"
            for value, text in plan.choice.answers.items()
        ]
    elif plan.refusal is not None:
        lines.append(f"  no automated repair: {plan.why}; {plan.refusal}")
    else:
        lines.append(f"  plan: {plan.why}")
    for number, step in enumerate(plan.steps, start=1):
        lines.append(f"  {number}. {step.title}")
        lines += [f"     {line}" for line in step.preview().splitlines()]
        if step.irreversible:
            lines.append(f"     cannot be undone: {step.irreversible}")
    return "\n".join(shown(line, PLAIN) for line in lines)
