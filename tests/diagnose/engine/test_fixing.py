from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.engine.fixing import Fixer
from diagnose.engine.journal import Journal, find_journal, journals
from diagnose.engine.records import finding_to_json
from diagnose.engine.runner import Selection
from diagnose.engine.settlement import Outcome
from diagnose.engine.undoing import undo_run
from diagnose.errors import AccountError, StepError, UsageError
from diagnose.model import Choice, Confidence, Effect, Safety, Severity, Status
from diagnose.plugin import Check, Fix, Need, Target, Turn
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from diagnose.engine.registry import Registry
    from diagnose.engine.session import Session
    from diagnose.engine.settlement import FixResult
    from diagnose.model import Finding, Plan
    from diagnose.plugin import Context

pytestmark = pytest.mark.anyio

CHOICE = Choice(option="word", question="Which word?", answers={"good": "the short one"})


@pytest.fixture
def fix(
    session: Callable[..., Session], registry: Callable[..., Registry], recorder: type
) -> Callable[..., FixResult]:
    """Repair the project with these checks and fixes."""

    async def run(*members: type, operator: object | None = None, **choices: object) -> FixResult:
        async with session(**choices) as opened:
            fixer = Fixer(opened, registry(*members), operator or recorder(), opened.journal_folder)
            return await fixer.fix(Selection())

    return run


def outcomes(result: FixResult) -> list[tuple[str, Outcome, str]]:
    return [(s.finding.code, s.outcome, s.detail) for s in result.settlements]


def events(folder: Path) -> list[str]:
    (journal,) = journals(folder / ".diagnose" / "journal")
    return [event["event"] for event in journal.events]


async def test_every_finding_is_repaired_and_proven(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type, recorder: type
):
    (folder / "a.txt").write_text("wrong\n")
    (folder / "b.txt").write_text("so wrong\n")
    operator = recorder()

    result = await fix(word_check, word_fix, operator=operator)

    assert outcomes(result) == [("WRD001", Outcome.FIXED, "it shall be right")] * 2
    assert [settlement.steps for settlement in result.settlements] == [1, 1]
    assert [finding.message for finding in result.findings] == ["no file holds the word"]
    assert (folder / "b.txt").read_text() == "so right\n"
    assert events(folder) == ["run", *["step", "applied", "settled"] * 2, "finished"]
    assert operator.seen == [
        "checking WRD001 1/1",
        "show WRD001",
        "edit a.txt",
        "WRD001 fixed",
        "show WRD001",
        "edit b.txt",
        "WRD001 fixed",
    ]


async def test_a_second_run_changes_nothing(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    (folder / "a.txt").write_text("wrong\n")
    first = await fix(word_check, word_fix)
    before = events(folder)

    second = await fix(word_check, word_fix)

    assert first.run_id is not None
    assert (second.run_id, second.settlements) == (None, ())
    assert events(folder) == before


async def test_a_declined_plan_changes_nothing(
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    word_fix: type,
    recorder: type,
    tree: Callable[[Path], dict[str, bytes]],
):
    (folder / "a.txt").write_text("wrong\n")
    before = tree(folder)

    result = await fix(word_check, word_fix, operator=recorder(confirms=False))

    assert outcomes(result) == [("WRD001", Outcome.DECLINED, "")]
    assert result.run_id is None
    assert tree(folder) == before
    assert not (folder / ".diagnose").exists()


class AskingFix(Fix):
    """Puts the chosen word in place."""

    code = "WRD001"
    safety = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        word = ctx.options.get("word")
        if word is None:
            return self.ask("somebody must choose", CHOICE)
        path = str(finding.resource)
        before = (ctx.project.root / path).read_text()
        return self.steps("as chosen", EditFile.text(path, before, before.replace("wrong", word)))


async def test_a_question_that_nobody_answers_waits(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, AskingFix)

    assert outcomes(result) == [
        ("WRD001", Outcome.UNANSWERED, "Which word? --option word='good' (the short one)")
    ]
    assert (folder / "a.txt").read_text() == "wrong\n"


async def test_an_answer_counts_for_the_whole_run(
    fix: Callable[..., FixResult], folder: Path, word_check: type, recorder: type
):
    (folder / "a.txt").write_text("wrong\n")
    (folder / "b.txt").write_text("wrong\n")

    class Once(recorder):
        def answer(self, choice: Choice) -> str | None:
            self.seen.append(choice.question)
            return "good"

    operator = Once()
    result = await fix(word_check, AskingFix, operator=operator)

    assert [settlement.outcome for settlement in result.settlements] == [Outcome.FIXED, Outcome.FIXED]
    assert (folder / "b.txt").read_text() == "good\n"
    assert operator.seen.count("Which word?") == 1


async def test_an_option_answers_beforehand(fix: Callable[..., FixResult], folder: Path, word_check: type):
    (folder / "a.txt").write_text("wrong\n")

    await fix(word_check, AskingFix, options={"word": "fine"})

    assert (folder / "a.txt").read_text() == "fine\n"


async def test_a_refusal_says_what_a_person_can_do(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    class Refusing(Fix):
        code = "WRD001"
        safety = Safety.SAFE

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            return self.refuse("it is a matter of taste", "ask the author")

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, Refusing)

    assert outcomes(result) == [("WRD001", Outcome.REFUSED, "it is a matter of taste: ask the author")]


def replacing(word: str, *, provable: bool = True) -> type[Fix]:
    class Replacing(Fix):
        code = "WRD001"
        safety = Safety.SAFE

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            path = str(finding.resource)
            before = (ctx.project.root / path).read_text()
            edit = EditFile.text(path, before, before.replace("wrong", word))
            new = EditFile.text("new/file.md", None, "new")
            return self.steps("a try", edit, new, provable=provable)

    return Replacing


async def test_what_the_check_still_finds_is_undone(
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    tree: Callable[[Path], dict[str, bytes]],
    recorder: type,
):
    (folder / "a.txt").write_text("wrong\n")
    before = tree(folder)
    operator = recorder()

    result = await fix(word_check, replacing("very wrong"), operator=operator)

    assert outcomes(result) == [("WRD001", Outcome.NOT_FIXED, "still there, so undone: a.txt holds the word")]
    assert result.settlements[0].steps == 0
    assert tree(folder) == before
    assert not (folder / "new").exists()
    assert operator.seen[-3:] == [
        "undone create new/file.md: None",
        "undone edit a.txt: None",
        "WRD001 not fixed",
    ]
    assert find_journal(folder / ".diagnose" / "journal", None) is None


class CountingCheck(Check):
    """Fails with a message that says how often the word is there."""

    code = "WRD001"
    name = "counting"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        count = (ctx.project.root / "a.txt").read_text().count("wrong")
        if count:
            yield self.problem(f"{count} times wrong", confidence=Confidence.HIGH, resource="a.txt")
        else:
            yield self.passed("never wrong")


async def test_another_message_about_the_same_problem_is_no_repair(
    fix: Callable[..., FixResult], folder: Path
):
    (folder / "a.txt").write_text("wrong\n")

    result = await fix(CountingCheck, replacing("wrong wrong"))

    assert outcomes(result) == [("WRD001", Outcome.NOT_FIXED, "still there, so undone: 2 times wrong")]
    assert (folder / "a.txt").read_text() == "wrong\n"


async def test_a_lesser_problem_that_remains_does_not_undo_the_repair(
    fix: Callable[..., FixResult], folder: Path
):
    class Mild(CountingCheck):
        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            text = (ctx.project.root / "a.txt").read_text()
            severity = Severity.ERROR if "wrong" in text else Severity.ADVICE
            yield self.problem(text, severity=severity, confidence=Confidence.HIGH)

    (folder / "a.txt").write_text("wrong\n")

    class Milder(Fix):
        code = "WRD001"
        safety = Safety.SAFE

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            return self.steps("milder", EditFile.text("a.txt", "wrong\n", "odd\n"))

    result = await fix(Mild, Milder)

    assert outcomes(result) == [("WRD001", Outcome.FIXED, "milder")]


async def test_a_check_that_breaks_proves_nothing(fix: Callable[..., FixResult], folder: Path):
    class Fragile(CountingCheck):
        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            if "wrong" not in (ctx.project.root / "a.txt").read_text():
                raise ValueError("cannot cope")
            yield self.problem("wrong", resource="a.txt")

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(Fragile, replacing("right"))

    assert result.settlements[0].outcome is Outcome.NOT_FIXED
    assert "cannot cope" in result.settlements[0].detail
    assert (folder / "a.txt").read_text() == "wrong\n"


async def test_what_cannot_be_executed_here_is_applied_but_not_proven(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, replacing("right", provable=False))

    assert outcomes(result) == [("WRD001", Outcome.NOT_PROVEN, "it cannot be executed here")]
    assert (folder / "a.txt").read_text() == "right\n"


class RemoteEdit(EditFile):
    """Stands for a step that acts on an account."""

    effect = Effect.ACCOUNT


async def test_account_steps_are_rehearsed_where_there_is_no_account(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    class Both(Fix):
        code = "WRD001"
        safety = Safety.REVIEW

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            remote = RemoteEdit(path="remote.txt", before=None, after=b"")
            return self.steps("both", EditFile.text("a.txt", "wrong\n", "right\n"), remote)

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, Both)

    (settlement,) = result.settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.REHEARSED, 1)
    assert settlement.detail == f"on your account: diagnose fix {folder} --target cloudflare"
    assert not (folder / "remote.txt").exists()


async def test_an_earlier_repair_may_settle_a_later_finding(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    class Also(word_check):
        code = "WRE001"
        name = "also"

    class AlsoFix(word_fix):
        code = "WRE001"

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, word_fix, Also, AlsoFix)

    assert outcomes(result) == [
        ("WRD001", Outcome.FIXED, "it shall be right"),
        ("WRE001", Outcome.IN_ORDER, "the word is gone"),
    ]


async def test_turns_come_before_root_causes(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    class Root(word_check):
        code = "WRE001"
        name = "root"

        async def run(self, ctx: Context) -> AsyncIterator[Finding]:
            yield self.problem("explains the other", resource="a.txt", explains=("WRD001",))

    class Late(word_fix):
        code = "WRE001"
        turn = Turn.DEPLOY

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(Root, Late, word_check, word_fix)

    assert [code for code, _, _ in outcomes(result)] == ["WRD001", "WRE001"]


async def test_a_step_that_fails_takes_back_those_before_it(
    fix: Callable[..., FixResult], folder: Path, word_check: type, tree: Callable[[Path], dict[str, bytes]]
):
    class Stumbling(Fix):
        code = "WRD001"
        safety = Safety.SAFE

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            first = EditFile.text("a.txt", "wrong\n", "right\n")
            return self.steps("two steps", first, EditFile.text("b.txt", "not this", "that"))

    (folder / "a.txt").write_text("wrong\n")
    (folder / "b.txt").write_text("something else")
    before = tree(folder)

    result = await fix(word_check, Stumbling)

    assert outcomes(result) == [
        (
            "WRD001",
            Outcome.NOT_FIXED,
            "b.txt: the file changed after the plan was made; it was left as it is; run `diagnose fix` again",
        )
    ]
    assert tree(folder) == before
    assert events(folder) == ["run", "step", "applied", "step", "undone", "undone", "settled", "finished"]


class Killed(BaseException):
    """What a kill is to the process that it ends."""


def killed_while(moment: str) -> type[EditFile]:
    """An edit during which the process ends: before or after the file was written."""

    class Dying(EditFile):
        async def apply(self, workspace: object) -> None:
            if moment == "after":
                await super().apply(workspace)
            raise Killed

    return Dying


@pytest.fixture
def interrupted(fix: Callable[..., FixResult], folder: Path, word_check: type) -> Callable[[str], object]:
    """A project whose repair was killed in its second step."""

    async def interrupt(moment: str) -> None:
        class Dying(Fix):
            code = "WRD001"
            safety = Safety.SAFE

            async def plan(self, ctx: Context, finding: Finding) -> Plan:
                second = killed_while(moment)(path="made/b.md", before=None, after=b"new")
                return self.steps("two steps", EditFile.text("a.txt", "wrong\n", "right\n"), second)

        (folder / "a.txt").write_text("wrong\n")
        with pytest.raises(Killed):
            await fix(word_check, Dying)

    return interrupt


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_run_that_was_killed_is_continued(
    interrupted: Callable[[str], object],
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    word_fix: type,
    moment: str,
):
    await interrupted(moment)
    (before,) = journals(folder / ".diagnose" / "journal")

    result = await fix(word_check, word_fix)

    assert before.is_open
    assert result.run_id == before.run_id
    assert outcomes(result) == [("WRD001", Outcome.FIXED, "it shall be right")]
    assert not (folder / "made").exists()
    assert events(folder) == [
        *("run", "step", "applied", "step"),
        *("undone", "undone"),
        *("step", "applied", "settled", "finished"),
    ]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_run_that_was_killed_can_be_undone(
    interrupted: Callable[[str], object],
    session: Callable[..., Session],
    folder: Path,
    moment: str,
    recorder: type,
    tree: Callable[[Path], dict[str, bytes]],
):
    await interrupted(moment)

    async with session() as opened:
        journal = find_journal(opened.journal_folder, None)
        assert journal is not None
        undone = await undo_run(opened, journal, recorder())

    assert (undone.restored, undone.left) == (2, ())
    assert tree(folder) == {"wrangler.toml": b'name = "tides"\n', "a.txt": b"wrong\n"}
    assert not (folder / "made").exists()


async def test_a_settled_finding_is_not_repaired_again_after_a_kill(
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    word_fix: type,
    finding: Callable[..., Finding],
):
    journal = Journal.begin(
        folder / ".diagnose" / "journal",
        target="offline",
        agenda=[finding_to_json(finding(code)) for code in ("WRD001", "GONE01")],
    )
    journal.append(event="settled", code="WRD001", outcome="fixed")

    result = await fix(word_check, word_fix)

    assert (result.run_id, result.settlements) == (journal.run_id, ())
    assert events(folder) == ["run", "settled", "finished"]


async def test_a_half_done_step_on_another_account_is_left_alone(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    journal = Journal.begin(folder / ".diagnose" / "journal", target="cloudflare", agenda=[])
    record = {"script_name": "tides", "existed": False, "previous_versions": [], "previous_crons": None}
    journal.append(event="step", number=1, code="DEP001", kind="deploy-worker", record=record)

    with pytest.raises(UsageError, match=r"cut short on another target \(cloudflare\): deploy worker tides"):
        await fix(word_check, word_fix)
    assert events(folder) == ["run", "step"]


async def test_a_run_on_another_target_is_closed_once_its_files_are_in_order(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    old = Journal.begin(folder / ".diagnose" / "journal", target="embedded (derived)", agenda=[])
    record = EditFile.text("made.txt", None, "new").record()
    old.append(event="step", number=1, code="WRD001", kind="edit-file", record=record)
    (folder / "made.txt").write_text("new")
    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, word_fix)

    assert not (folder / "made.txt").exists()
    assert [event["event"] for event in Journal.read(old.path).events] == [
        "run",
        "step",
        "undone",
        "finished",
    ]
    assert result.run_id != old.run_id
    assert [settlement.outcome for settlement in result.settlements] == [Outcome.FIXED]


async def test_plans_can_be_read_without_anything_happening(
    session: Callable[..., Session],
    registry: Callable[..., Registry],
    recorder: type,
    folder: Path,
    word_check: type,
    word_fix: type,
    tree: Callable[[Path], dict[str, bytes]],
):
    (folder / "a.txt").write_text("wrong\n")
    before = tree(folder)

    async with session(writable=False) as opened:
        fixer = Fixer(opened, registry(word_check, word_fix), recorder(), opened.journal_folder)
        ((found, plan),) = await fixer.preview(Selection())

    assert found.message == "a.txt holds the word"
    assert [step.title for step in plan.steps] == ["edit a.txt"]
    assert tree(folder) == before
    assert not (folder / ".diagnose").exists()


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (StepError("it cannot be read", where="a.txt"), "a.txt: it cannot be read"),
        (KeyError("resource"), "KeyError: 'resource' (plan, line "),
    ],
)
async def test_a_fix_that_breaks_does_not_end_the_run(
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    word_fix: type,
    error: Exception,
    described: str,
):
    class Also(word_check):
        code = "WRC001"
        name = "also"

    class Breaking(Fix):
        code = "WRC001"
        safety = Safety.SAFE

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            raise error

    (folder / "a.txt").write_text("wrong\n")

    broken, fixed = (await fix(Also, Breaking, word_check, word_fix)).settlements

    assert broken.outcome is Outcome.REFUSED
    assert broken.detail.startswith(f"the fix itself broke: {described}")
    assert fixed.outcome is Outcome.FIXED


async def test_an_account_that_refuses_takes_back_the_steps_before(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    class Refused(EditFile):
        async def prepare(self, workspace: object) -> EditFile:
            raise AccountError("the token may not deploy", hint="add Workers Scripts Write")

    class Both(Fix):
        code = "WRD001"
        safety = Safety.REVIEW

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            refused = Refused(path="b.txt", before=None, after=b"")
            return self.steps("both", EditFile.text("a.txt", "wrong\n", "right\n"), refused)

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, Both)

    assert outcomes(result) == [
        ("WRD001", Outcome.NOT_FIXED, "the token may not deploy; add Workers Scripts Write")
    ]
    assert (folder / "a.txt").read_text() == "wrong\n"


class FileCheck(Check):
    """Fails while a file is there."""

    code = "FIL001"
    name = "file"

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        if (ctx.project.root / "late.txt").exists():
            yield self.problem("late.txt is there", resource="late.txt", confidence=Confidence.HIGH)
        else:
            yield self.passed("late.txt is not there")


class FileFix(Fix):
    """Removes the file."""

    code = "FIL001"
    safety = Safety.REVIEW
    turn = Turn.DEPLOY

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        content = (ctx.project.root / "late.txt").read_bytes()
        return self.steps("it shall go", EditFile(path="late.txt", before=content, after=None))


class MakingFix(Fix):
    """Repairs the word, and makes the file that is a problem by itself."""

    code = "WRD001"
    safety = Safety.SAFE

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        path = str(finding.resource)
        return self.steps(
            "it shall be right",
            EditFile.text(path, "wrong\n", "right\n"),
            EditFile.text("late.txt", None, "deployed before the repair"),
        )


async def test_a_deploy_that_the_repairs_made_necessary_is_settled_in_the_same_run(
    fix: Callable[..., FixResult], folder: Path, word_check: type
):
    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, MakingFix, FileCheck, FileFix)

    assert outcomes(result) == [
        ("WRD001", Outcome.FIXED, "it shall be right"),
        ("FIL001", Outcome.FIXED, "it shall go"),
    ]
    assert not (folder / "late.txt").exists()
    assert [finding.status for finding in result.findings] == [Status.PASS, Status.PASS]


async def test_repairs_of_files_are_made_once(
    fix: Callable[..., FixResult], folder: Path, word_check: type, word_fix: type
):
    class Early(FileFix):
        turn = Turn.REPAIR

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(word_check, MakingFix, FileCheck, Early)

    assert outcomes(result) == [("WRD001", Outcome.FIXED, "it shall be right")]


@pytest.mark.parametrize(
    ("about_account", "outcome"), [(True, Outcome.IN_ORDER), (False, Outcome.UNANSWERED)]
)
async def test_a_question_about_the_account_that_another_repair_settles_is_in_order(
    fix: Callable[..., FixResult],
    folder: Path,
    word_check: type,
    word_fix: type,
    saved_account: Callable[..., Path],
    about_account: bool,
    outcome: Outcome,
):
    saved_account(folder, {})

    class Asked(word_check):
        code = "WRA001"
        name = "asked"
        requires = frozenset({Need.ACCOUNT}) if about_account else frozenset()

    class Asking(Fix):
        code = "WRA001"
        safety = Safety.REVIEW

        async def plan(self, ctx: Context, finding: Finding) -> Plan:
            return self.ask("only you know", Choice(option="word", question="Which?", answers={"a": "b"}))

    (folder / "a.txt").write_text("wrong\n")

    result = await fix(Asked, Asking, word_check, word_fix, target=Target.EMBEDDED)

    assert [(code, ended) for code, ended, _ in outcomes(result) if code == "WRA001"] == [("WRA001", outcome)]
