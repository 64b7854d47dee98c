"""Findings, checks and fixes as small as a test needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.registry import Registry
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Confidence, Finding, Safety, Severity, Status
from diagnose.plugin import Check, Fix, Target
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from diagnose.model import Choice, Plan, Step
    from diagnose.plugin import Context

WRANGLER = 'name = "tides"\n'


def make_finding(code: str, **changes: object) -> Finding:
    """A failed finding, sure of itself."""
    fields = {
        "code": code,
        "name": code.lower(),
        "status": Status.FAIL,
        "severity": Severity.ERROR,
        "confidence": Confidence.HIGH,
        "message": f"{code} is wrong",
    }
    return Finding(**(fields | changes))


class WordCheck(Check):
    """Fails for each file that holds the word `wrong`."""

    code = "WRD001"
    name = "word"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        wrong = [path.name for path in sorted(ctx.project.root.glob("*.txt")) if "wrong" in path.read_text()]
        for name in wrong:
            yield self.problem(f"{name} holds the word", confidence=Confidence.HIGH, resource=name)
        if not wrong:
            yield self.passed("no file holds the word")


class WordFix(Fix):
    """Replaces the word by `right`."""

    code = "WRD001"
    safety = Safety.SAFE

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        path = str(finding.resource)
        before = (ctx.project.root / path).read_text()
        if "wrong" not in before:
            return self.nothing("the word is gone")
        return self.steps("it shall be right", EditFile.text(path, before, before.replace("wrong", "right")))


@dataclass
class Recorder:
    """An operator that answers as it was told and remembers what it saw."""

    confirms: bool = True
    answers: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def checking(self, code: str, done: int, total: int) -> None:
        self.seen.append(f"checking {code} {done + 1}/{total}")

    def show(self, finding: Finding, plan: Plan) -> None:
        self.seen.append(f"show {plan.code}")

    def confirm(self, plan: Plan) -> bool:
        return self.confirms

    def answer(self, choice: Choice) -> str | None:
        return self.answers.get(choice.option)

    def applying(self, step: Step) -> None:
        self.seen.append(step.title)

    def settled(self, finding: Finding, outcome: str, detail: str) -> None:
        self.seen.append(f"{finding.code} {outcome}")

    def undone(self, step: Step, left: str | None) -> None:
        self.seen.append(f"undone {step.title}: {left}")


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return make_finding


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def word_check() -> type[Check]:
    return WordCheck


@pytest.fixture
def word_fix() -> type[Fix]:
    return WordFix


@pytest.fixture
def registry() -> Callable[..., Registry]:
    """A registry of these checks and fixes."""

    def make(*members: type[Check | Fix], problems: tuple[object, ...] = ()) -> Registry:
        return Registry(
            checks={member.code: member for member in members if issubclass(member, Check)},
            fixes={member.code: member for member in members if issubclass(member, Fix)},
            problems=problems,
        )

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with nothing but a config."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "wrangler.toml").write_text(WRANGLER)
    return project


@pytest.fixture
def session(folder: Path) -> Callable[..., Session]:
    """A session over the project's files."""

    def make(**changes: object) -> Session:
        fields = {"path": folder, "target": Target.OFFLINE, "writable": True}
        return Session(SessionOptions(**(fields | changes)))

    return make
