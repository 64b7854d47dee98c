from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.errors import StepError
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("before", "after", "title"),
    [
        (b"one\r\n", b"two\r\n", "edit src/a.py"),
        (None, b"\xff\x00new", "create src/a.py"),
        (b"old", None, "delete src/a.py"),
    ],
)
async def test_an_edit_is_applied_verified_repeated_and_undone(
    workspace: ProjectWorkspace,
    tmp_path: Path,
    again: Callable[[Step], Step],
    before: bytes | None,
    after: bytes | None,
    title: str,
):
    file = tmp_path / "src" / "a.py"
    if before is not None:
        file.parent.mkdir()
        file.write_bytes(before)
    step = await EditFile(path="src/a.py", before=before, after=after).prepare(workspace)

    assert step.title == title
    assert await step.verify(workspace) == "src/a.py does not have the planned content"
    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    assert (file.read_bytes() if file.exists() else None) == after

    restored = again(step)
    assert restored == step
    for _ in range(2):
        assert await restored.undo(workspace) is None
    assert (file.read_bytes() if file.exists() else None) == before
    assert file.parent.exists() is (before is not None)


async def test_folders_that_were_made_are_removed_unless_something_else_is_in_them(
    workspace: ProjectWorkspace, tmp_path: Path
):
    step = await EditFile.text("a/b/c.sql", None, "SELECT 1;\n").prepare(workspace)
    assert step.made_folders == ("a", "a/b")
    await step.apply(workspace)
    (tmp_path / "a" / "mine.txt").write_text("")

    await step.undo(workspace)

    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["a", "a/mine.txt"]


async def test_undoing_before_anything_happened_is_no_harm(workspace: ProjectWorkspace, tmp_path: Path):
    step = await EditFile.text("a/c.sql", None, "SELECT 1;\n").prepare(workspace)

    assert await step.undo(workspace) is None
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_changed_since_the_plan_is_left(workspace: ProjectWorkspace, tmp_path: Path):
    (tmp_path / "a.py").write_text("theirs")
    step = EditFile.text("a.py", "ours", "fixed")

    with pytest.raises(StepError, match="the file changed after the plan was made"):
        await step.apply(workspace)
    assert await step.undo(workspace) == "a.py was edited since; it was left as it is"
    assert (tmp_path / "a.py").read_text() == "theirs"


async def test_a_file_is_not_created_over_another(workspace: ProjectWorkspace, tmp_path: Path):
    (tmp_path / "a.py").write_text("theirs")

    with pytest.raises(StepError, match="changed after the plan"):
        await EditFile.text("a.py", None, "ours").apply(workspace)
    assert (tmp_path / "a.py").read_text() == "theirs"


def test_the_preview_is_a_diff():
    assert EditFile.text("a.py", "one\ntwo\n", "one\nthree\n").preview().splitlines() == [
        "--- a/a.py",
        "+++ b/a.py",
        "@@ -1,2 +1,2 @@",
        " one",
        "-two",
        "+three",
    ]
    assert EditFile.text("a.py", None, "one\n").preview().splitlines()[:2] == ["--- /dev/null", "+++ b/a.py"]


def test_an_edit_can_be_undone():
    assert EditFile.text("a.py", None, "one\n").irreversible is None


def test_the_preview_of_a_config_does_not_show_secrets_around_the_edit():
    key = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf"
    before = f'name = "a"\n\n[vars]\nAPI_KEY = "{key}"\n'
    step = EditFile.text("wrangler.toml", before, before.replace('"a"', '"b"'))

    assert step.preview().splitlines()[3:] == [
        '-name = "a"',
        '+name = "b"',
        " ",
        " [vars]",
        ' API_KEY = "[hidden]"',
    ]
    assert step.before == before.encode()
