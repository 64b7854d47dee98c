from __future__ import annotations

from diagnose.model import Choice, Plan, Safety
from diagnose.plugin import Fix, Turn
from diagnose.steps import EditFile


class Dike(Fix):
    """Builds one."""

    code = "ABC001"
    safety = Safety.REVIEW

    async def plan(self, ctx: object, finding: object) -> Plan:
        return self.nothing("it stands")


STEP = EditFile.text("dike.txt", None, "clay\n")
COMMON = {"code": "ABC001", "safety": Safety.REVIEW}


def test_a_fix_has_its_turn():
    assert Dike.turn is Turn.REPAIR
    assert list(Turn) == [Turn.REPAIR, Turn.SCHEMA, Turn.DEPLOY, Turn.IMPORT]
    assert sorted(Turn) == list(Turn)


def test_four_kinds_of_plan():
    choice = Choice(option="height", question="How high?", answers={"2": "metres"})

    assert Dike().steps("build", STEP) == Plan(why="build", steps=(STEP,), **COMMON)
    assert Dike().steps("build", STEP, provable=False).provable is False
    part = Dike().partly("build", "a mile is left", STEP)
    assert (part.why, part.steps, part.provable, part.unproven) == ("build", (STEP,), False, "a mile is left")
    assert Dike().nothing("it stands") == Plan(why="it stands", **COMMON)
    assert Dike().refuse("no clay", "buy some") == Plan(why="no clay", refusal="buy some", **COMMON)
    assert Dike().ask("unknown", choice) == Plan(why="unknown", choice=choice, **COMMON)
