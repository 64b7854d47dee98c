"""Plants, looks, repairs, and looks again."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from diagnose.engine.fixing import Fixer
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, run_checks
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Severity
from mutation.bases import STYLES, place, without_tags
from mutation.operators import OPERATORS

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.model import Choice, Finding, Plan, Step
    from mutation.bases import Style
    from mutation.operators import Operator

SEED = 20_261_126
MUTANTS_EACH = 4


@dataclass(frozen=True)
class Mutant:
    """One defect in one project."""

    operator: Operator
    style: Style

    def __str__(self) -> str:
        return f"{self.operator.code}-{self.operator.name.replace(' ', '_')}-{self.style}"

    def write(self, folder: Path) -> tuple[str, int]:
        """Write the project; the file and the line where the defect must be found."""
        project = self.operator.base(self.style)
        files = self.operator.plant(project)
        write(without_tags(files), folder)
        return place(files)


def write(files: dict[str, str], folder: Path) -> None:
    """Write a project."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def mutants() -> list[Mutant]:
    """The same ones in every run."""
    rng = random.Random(SEED)  # noqa: S311 - a seeded choice of styles
    return [Mutant(operator, style) for operator in OPERATORS for style in rng.sample(STYLES, MUTANTS_EACH)]


@dataclass(frozen=True)
class Seen:
    """What a check says about a mutant."""

    found: bool
    right_line: bool
    told: tuple[str, ...]


@cache
def registry():
    return load_registry()


class Yes:
    """Confirms every plan and answers no question."""

    def checking(self, code: str, done: int, total: int) -> None: ...
    def show(self, finding: Finding, plan: Plan) -> None: ...
    def confirm(self, plan: Plan) -> bool:
        return True

    def answer(self, choice: Choice) -> str | None:
        return None

    def applying(self, step: Step) -> None: ...
    def settled(self, finding: Finding, outcome: str, detail: str) -> None: ...
    def undone(self, step: Step, left: str | None) -> None: ...


async def findings(folder: Path, *codes: str) -> tuple[Finding, ...]:
    async with Session(SessionOptions(path=folder)) as session:
        return await run_checks(registry(), await session.context(), selection=Selection(select=codes))


def problems(found: tuple[Finding, ...], code: str) -> list[Finding]:
    """Warnings and failures; advice about dead code is none."""
    ours = [finding for finding in found if finding.code == code and finding.is_problem]
    return [finding for finding in ours if finding.severity is not Severity.ADVICE]


def look(folder: Path, code: str, where: tuple[str, int]) -> Seen:
    """Run the check."""
    found = problems(asyncio.run(findings(folder, code)), code)
    places = [(f.location.path, f.location.line) for f in found if f.location]
    return Seen(bool(found), where in places, tuple(f"{f.message} ({f.location})" for f in found))


async def repair(folder: Path, code: str, answers: dict[str, str]):
    options = SessionOptions(path=folder, options=answers, writable=True)
    async with Session(options) as session:
        fixer = Fixer(session, registry(), Yes(), session.journal_folder)
        return await fixer.fix(Selection(select=(code,)))
